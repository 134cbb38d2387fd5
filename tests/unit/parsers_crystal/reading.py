"""Reading with a format in a test."""

from __future__ import annotations

from functions.parsers.crystal.formats.cif import FORMAT
from leanda import limits
from leanda.contracts.artefacts import Record


def boundaries(content: bytes, size: int | None = None) -> list[int]:
    size = size or max(1, len(content))
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    return list(FORMAT.boundaries(blocks, head=content[: limits.HEAD_BYTES]))


def read(content: bytes, first_index: int = 0) -> list[Record]:
    return list(FORMAT.read(content, first_index=first_index, head=content[: limits.HEAD_BYTES]))


def read_one(content: bytes) -> Record:
    [record] = read(content)
    return record


def codes(record: Record) -> list[str]:
    return [issue.code for issue in record.issues]
