"""What runs in the guarded child: formats read records, which leave one by one as lines of the artefact.

Each result is one byte (`1` for a failed record, else `0`) and the record's JSON.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from functions.parsers.handling import Parser
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.parsing.format import WholeFormat
from leanda.persistence.artefacts import json_line


def read_chunk(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Records of a byte range. The payload is the file's head, then the range."""
    format = _parser(arguments["kind"]).format(arguments["format"])
    assert not isinstance(format, WholeFormat)
    head, data = payload[: arguments["head"]], payload[arguments["head"] :]
    yield from _lines(format.read(data, first_index=arguments["firstIndex"], head=head))


def read_whole(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:  # noqa: ARG001 - the guard's signature
    """Records of a whole file, which lies at a path of this machine."""
    format = _parser(arguments["kind"]).format(arguments["format"])
    assert isinstance(format, WholeFormat)
    with Path(arguments["path"]).open("rb") as file:
        yield from _lines(format.records(file))


@cache
def _parser(kind: str) -> Parser:
    found: Parser = importlib.import_module(f"functions.parsers.{kind}.parser").parser()
    return found


def _lines(records: Iterable[Record]) -> Iterator[bytes]:
    for record in records:
        flag = b"1" if record.status is RecordStatus.FAILED else b"0"
        yield flag + json_line(record)
