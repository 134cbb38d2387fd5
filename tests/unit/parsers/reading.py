"""Reading with a format in a test: in this process, without guard."""

from __future__ import annotations

import io
from collections.abc import Iterable

from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.parsing.format import Format, WholeFormat


def boundaries(form: Format, content: bytes, size: int | None = None) -> list[int]:
    """Where the records of a file end that comes in blocks of so many bytes, or as one."""
    size = size or max(1, len(content))
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    return list(form.boundaries(blocks, head=content[: limits.HEAD_BYTES]))


def read(
    form: Format | WholeFormat, content: str | bytes, first_index: int = 0, head: bytes | None = None
) -> list[Record]:
    """The records of a file, or of a chunk of one whose head is given. Of a file there is one for each boundary."""
    data = content if isinstance(content, bytes) else content.encode()
    if isinstance(form, WholeFormat):
        return list(form.records(io.BytesIO(data)))
    records = list(form.read(data, first_index=first_index, head=data[: limits.HEAD_BYTES] if head is None else head))
    assert [record.index for record in records] == list(range(first_index, first_index + len(records)))
    assert first_index or head is not None or len(records) == len(boundaries(form, data))
    return records


def read_one(form: Format | WholeFormat, content: str | bytes) -> Record:
    [record] = read(form, content)
    return record


def in_chunks(form: Format, content: bytes, cuts: Iterable[int]) -> list[Record]:
    """The records of a file that is cut behind some of its records."""
    ends = boundaries(form, content)
    records: list[Record] = []
    start = 0
    for end in sorted({ends[cut] for cut in cuts if cut < len(ends)} | {ends[-1]}):
        records += read(form, content[start:end], len(records), content[: limits.HEAD_BYTES])
        start = end
    return records


def codes(record: Record) -> list[str]:
    """Those of its issues."""
    return [issue.code for issue in record.issues]
