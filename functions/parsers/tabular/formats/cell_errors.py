"""Cells of an XLSX that hold an error, such as `#DIV/0!`: calamine gives them as empty ones.

ECMA-376 part 1, 18.3.1.4 (a cell, `t="e"` where it holds an error) and 18.2.19 (the sheets of a workbook).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final, NamedTuple
from xml.parsers import expat

from functions.parsers.packages import MAX_TOTAL_BYTES, Package
from leanda import limits
from leanda.errors import ParseFailure

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONSHIPS: Final = "xl/_rels/workbook.xml.rels"
_BLOCK: Final = limits.MIB
_CELL: Final = re.compile(
    rb"""<(?:\w+:)?c\s(?=[^<>]*?\bt=["']e["'])(?>[^<>]*?\br=["']([A-Z]{1,3})(\d{1,7})["'])[^<>]*+>"""
)
_VALUE: Final = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*+)?>([^<]{0,64})<")
_ERROR: Final = re.compile(rb"""t=["']e["']""")
_LONGEST_CELL: Final = 64 * limits.KIB
"""Of a cell's formula: Excel allows 8,192 characters."""


class CellError(NamedTuple):
    """A cell and its error: row from 1, column as letters."""

    row: int
    column: str
    error: str


def sheet_parts(package: Package) -> dict[str, str]:
    """The part of each worksheet by the sheet's name; nothing where the workbook does not say so."""
    sheets: dict[str, str] = {}
    targets: dict[str, str] = {}

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith(" sheet"):
            id_ = next((value for name, value in attributes.items() if name.endswith(" id")), "")
            sheets[attributes.get("name", "")] = id_

    def target(_: str, attributes: dict[str, str]) -> None:
        targets[attributes.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))

    with suppress(KeyError, ParseFailure, expat.ExpatError, ValueError, LookupError):
        for name, start in ((_WORKBOOK, sheet), (_RELATIONSHIPS, target)):
            with package.part(name, at_most=limits.MAX_RECORD_BYTES) as part:
                parser = expat.ParserCreate(namespace_separator=" ")
                parser.StartElementHandler = start
                parser.Parse(part.read(), True)
        return {name: targets[id_] for name, id_ in sheets.items() if targets.get(id_, "") in package}
    return {}


def cell_errors(package: Package, part: str) -> Iterator[CellError]:
    """The errors of a worksheet in the order of its cells, as far as its part can be inflated.

    What is damaged is left to calamine's judgement.
    """
    with suppress(ParseFailure), package.part(part, at_most=MAX_TOTAL_BYTES) as stream:
        yield from errors_in(stream)


def errors_in(stream: BinaryIO) -> Iterator[CellError]:
    """The errors of a worksheet's XML. It is searched as bytes: a parser of XML takes longer for a sheet than calamine."""
    buffer, base, done = b"", 0, 0  # What is looked at, where it begins in the part, and up to where all is told.
    while block := stream.read(_BLOCK):
        rest = buffer[-2 * _LONGEST_CELL :]
        base += len(buffer) - len(rest)
        buffer = rest + block
        if not _ERROR.search(buffer):
            continue
        for cell in _CELL.finditer(buffer, max(0, done - base)):
            if cell[0].endswith(b"/>"):
                continue
            value = _VALUE.search(buffer, cell.end(), cell.end() + _LONGEST_CELL)
            if value is not None:
                done = base + value.end()
                yield CellError(int(cell[2]), cell[1].decode(), value[1].decode(errors="replace"))
            elif cell.end() + _LONGEST_CELL > len(buffer):
                break  # The rest of the cell is in the next block.
