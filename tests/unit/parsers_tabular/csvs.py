"""Tables as text: how tests read them."""

from __future__ import annotations

from functions.parsers.tabular.formats.csv import CSV
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.parsing.format import Format


def head_of(data: bytes) -> bytes:
    return data[: limits.HEAD_BYTES]


def read_all(data: bytes, format: Format = CSV) -> list[Record]:
    return list(format.read(data, first_index=0, head=head_of(data)))


def values(record: Record) -> list[object]:
    return [field.value for field in record.fields]


def names(record: Record) -> list[str]:
    return [field.name for field in record.fields]
