"""What runs in the guarded child: formats read records, which leave one by one as lines of the artefact.

Each result is one byte (`1` for a failed record, else `0`) and the record's JSON. Where the call says `together`, good records that
a format writes down itself may share a result, a line each: handing over every row of a table costs as much as reading it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from functions.parsers.handling import Parser
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.parsing.format import WholeFormat, WritingFormat, WritingWholeFormat, Written
from leanda.persistence.artefacts import json_line


def read_chunk(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Records of a byte range. The payload is the file's head, then the range."""
    head, data = payload[: arguments["head"]], payload[arguments["head"] :]
    read = _chunk_reader(arguments["kind"], arguments["format"])
    records = read(data, first_index=arguments["firstIndex"], head=head)
    yield from _results(records, together=arguments.get("together", False))


def read_whole(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:  # noqa: ARG001 - the guard's signature
    """Records of a whole file, which lies at a path of this machine."""
    read = _file_reader(arguments["kind"], arguments["format"])
    with Path(arguments["path"]).open("rb") as file:
        yield from _results(read(file), together=arguments.get("together", False))


TOGETHER_BYTES: Final = 8 * limits.KIB


@cache
def _chunk_reader(kind: str, name: str) -> Callable[..., Iterator[Written]]:
    format = _parser(kind).format(name)
    assert not isinstance(format, WholeFormat)
    return format.written if isinstance(format, WritingFormat) else format.read


@cache
def _file_reader(kind: str, name: str) -> Callable[[BinaryIO], Iterator[Written]]:
    format = _parser(kind).format(name)
    assert isinstance(format, WholeFormat)
    return format.written if isinstance(format, WritingWholeFormat) else format.records


@cache
def _parser(kind: str) -> Parser:
    found: Parser = importlib.import_module(f"functions.parsers.{kind}.parser").parser()
    return found


def _results(records: Iterable[Written], *, together: bool) -> Iterator[bytes]:
    most = TOGETHER_BYTES if together else 0
    lines: list[bytes] = []
    size = 0
    for record in records:
        if isinstance(record, bytes):
            lines.append(record)
            size += len(record)
            if size < most:
                continue
        if lines:
            yield b"0" + b"\n".join(lines)
            lines, size = [], 0
        if isinstance(record, Record):
            yield (b"1" if record.status is RecordStatus.FAILED else b"0") + json_line(record)
    if lines:
        yield b"0" + b"\n".join(lines)
