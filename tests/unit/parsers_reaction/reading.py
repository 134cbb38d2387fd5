"""Reading with a format in a test."""

from __future__ import annotations

from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.parsing.format import Format


def boundaries(form: Format, content: bytes, size: int | None = None) -> list[int]:
    size = size or max(1, len(content))
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    return list(form.boundaries(blocks, head=content[: limits.HEAD_BYTES]))


def read(form: Format, content: str | bytes, first_index: int = 0, head: bytes | None = None) -> list[Record]:
    data = content if isinstance(content, bytes) else content.encode()
    return list(form.read(data, first_index=first_index, head=data[: limits.HEAD_BYTES] if head is None else head))


def read_one(form: Format, content: str | bytes) -> Record:
    [record] = read(form, content)
    return record


def codes(record: Record) -> list[str]:
    return [issue.code for issue in record.issues]


def in_chunks(form: Format, content: bytes, cuts: set[int]) -> list[Record]:
    """The records of a file that is cut behind some of its records."""
    ends = boundaries(form, content)
    records: list[Record] = []
    start = 0
    for end in sorted({ends[cut] for cut in cuts if cut < len(ends)} | {ends[-1]}):
        records += read(form, content[start:end], len(records), content[: limits.HEAD_BYTES])
        start = end
    return records
