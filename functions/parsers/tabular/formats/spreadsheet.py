"""Spreadsheets (XLSX, XLSB, XLS, ODS): the rows of all worksheets as records of type `row`, sheet after sheet.

Each sheet is a table of its own: notes above the header are left out and the header is found by the rules of CSV (see `dialect`);
blank rows are no rows. Properties tell where a row stands: `sheet`, `row` (from 1, as the program shows it), and `hidden` where the
sheet is. Values keep their type: whole numbers are integers (the formats know doubles only), dates and times are ISO 8601 text,
lengths of time ISO 8601 durations. What is stored as text stays text, whatever it looks like (`100234`, `1E5`), and makes its
column one of texts: whoever wrote an id so did not mean a number. Formulas give the value that was saved with them; errors such as
`#DIV/0!` give none, and in XLSX a warning on the row. A row of nothing but errors is blank.

Calamine builds a sheet as one dense block: a stray cell in the last row of a wide sheet can take all memory there is, which
ends the process. Whoever reads files of strangers does so in a guarded child.
"""

from __future__ import annotations

import itertools
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from xml.parsers import expat

from functions.parsers.packages import MAX_TOTAL_BYTES, OLE_MAGIC, FileEncrypted, holds_encrypted_package, open_package
from functions.parsers.tabular.formats.cell_errors import CellError, cell_errors, sheet_parts
from functions.parsers.tabular.formats.dialect import header_of, wider
from functions.parsers.tabular.formats.lines import RowLines, quoted
from functions.parsers.tabular.formats.structures import smiles_column, structure_of
from leanda import limits
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FileBomb, FileCorrupt, ParseFailure
from leanda.parsing.format import Written, records_of
from leanda.parsing.records import error, failed, warning
from leanda.statistics import would_change

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

type Cell = str | int | float | bool | None

_HEADER_ROWS: Final = 200
_EMPTY_CELLS: Final = 1_000_000
"""Cells above a sheet's first one that are worth passing over."""
_FEW_RECORDS: Final = 100_000
_RECORDS_PER_BYTE: Final = 10
"""OpenDocument can repeat a row a million times in a hundred bytes; rows that are stored never get this dense."""
_SHOWN_ERRORS: Final = 10
_SHOWN_RANGES: Final = 5
_EXACT: Final = 2.0**53
_MANIFEST: Final = "META-INF/manifest.xml"
_CONTENT: Final = "content.xml"
_XML_BLOCK: Final = 256 * limits.KIB
_NEVER_CAUGHT: Final = (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, ParseFailure)


@dataclass
class Spreadsheet:
    """A workbook under the name of its format: `xlsx`, `xlsb`, `xls` or `ods`; what it is decides its content."""

    name: str
    version: str = "5"
    empty_is_failure: bool = False

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """The rows of all worksheets. See `written`."""
        return records_of(self.written(file))

    def written(self, file: BinaryIO) -> Iterator[Written]:
        """The rows of all worksheets. See `WholeFormat.records` and `WritingWholeFormat`.

        A sheet that cannot be read is one failed record.

        Raises:
            FormatMismatch: neither a ZIP package nor an OLE file.
            FileEncrypted: protected by a password.
            FileBomb: it would inflate to more than is allowed, or repeats its rows without measure.
            FileCorrupt: the workbook is damaged.
        """
        extension = _extension(file)
        most = max(_FEW_RECORDS, _RECORDS_PER_BYTE * file.seek(0, 2))
        with _named(file, extension) as path:
            workbook = _open(path)
            package = open_package(file) if extension == "xlsx" else None
            parts = sheet_parts(package) if package else {}
            index = 0
            for sheet in workbook.sheets_metadata:
                if not str(sheet.typ).endswith(".WorkSheet"):
                    continue
                hidden = not str(sheet.visible).endswith(".Visible")
                told = cell_errors(package, parts[sheet.name]) if package and sheet.name in parts else iter(())
                try:
                    for row in _sheet(workbook.get_sheet_by_name(sheet.name), told, index, hidden=hidden):
                        yield row
                        index += 1
                        if index > most:
                            raise FileBomb(detail=f"more than {most} rows: they are repeated, not stored")
                except _NEVER_CAUGHT:
                    raise
                except BaseException as damage:
                    message = f"The sheet {sheet.name} cannot be read: {str(damage)[:300]}"
                    yield failed("row", index, error("SHEET_UNREADABLE", message, sheet.name))
                    index += 1


def _extension(file: BinaryIO) -> str:
    """What the content is, as the extension that the library goes by; its verdict on a nameless file is less exact."""
    file.seek(0)
    if file.read(len(OLE_MAGIC)) == OLE_MAGIC:
        if holds_encrypted_package(file):
            raise FileEncrypted
        return "xls"
    package = open_package(file)
    if _MANIFEST in package:
        with package.part(_MANIFEST, at_most=limits.MAX_RECORD_BYTES) as manifest:
            if b"encryption-data" in manifest.read():
                raise FileEncrypted
        if _CONTENT in package:
            with package.part(_CONTENT, at_most=MAX_TOTAL_BYTES) as content:
                _check_well_formed(content)
        return "ods"
    return "xlsb" if "xl/workbook.bin" in package else "xlsx"


def _check_well_formed(content: BinaryIO) -> None:
    """Calamine 0.9 looks for the end of a table for ever where there is none."""
    parser = expat.ParserCreate()
    try:
        while block := content.read(_XML_BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise FileCorrupt(detail=f"XML: {problem}") from problem


@contextmanager
def _named(file: BinaryIO, extension: str) -> Iterator[str]:
    """A path with that extension under which the file can be read: its own, if it says what the content is."""
    name = getattr(file, "name", None)
    path = Path(name).absolute() if isinstance(name, str) else None
    if path is not None and path.suffix == f".{extension}" and path.is_file():
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        named = Path(folder, f"workbook.{extension}")
        if path is not None and path.is_file():
            named.symlink_to(path)
        else:
            file.seek(0)
            with named.open("wb") as copy:
                shutil.copyfileobj(file, copy)
        yield str(named)


def _open(path: str) -> CalamineWorkbook:
    import python_calamine

    try:
        return python_calamine.load_workbook(path)
    except python_calamine.PasswordError as protected:
        raise FileEncrypted from protected
    except _NEVER_CAUGHT:
        raise
    except BaseException as damage:  # A panic of the library is no Exception.
        raise FileCorrupt(detail=str(damage)[:300]) from damage


def _sheet(content: CalamineSheet, errors: Iterator[CellError], index: int, *, hidden: bool) -> Iterator[Written]:
    """The rows below the header that are not blank, from an index on."""
    failing = _ByRow(errors)
    told = _numbered(content)
    first = list(itertools.islice(told, _HEADER_ROWS))
    typed = [[None if value == "" else value for value in row] for _, row in first]
    names, skip = header_of(typed, show=_shown)
    smiles = smiles_column(names, typed[skip:])
    merged = _merged(content)
    lines, place = RowLines(names), f'{{"sheet":{quoted(content.name)},"row":'
    end = ',"hidden":true}' if hidden else "}"
    for at, (number, row) in enumerate(itertools.chain(first[skip:], told), index):
        while len(row) > len(names) and row[-1] == "":
            row.pop()
        if len(row) > len(names):
            names = wider(names, len(row))
            lines = RowLines(names)
        structure = structure_of([_cell(value) for value in row], smiles) if smiles is not None else None
        line = lines.line(
            at,
            [_WRITERS.get(type(value), _other)(value) for value in row],
            structure,
            f"{place}{number}{end}",
            _issues(content.name, failing.of(number), merged),
        )
        merged = None  # It is said once, with the sheet's first record.
        if len(line) > limits.MAX_RECORD_BYTES and _size(row) > limits.MAX_RECORD_BYTES:
            message = f"The row is longer than {limits.MAX_RECORD_BYTES} bytes."
            yield failed("row", at, error("RECORD_TOO_LARGE", message, f"{content.name}, row {number}"))
            continue
        yield line


class _ByRow:
    """The errors of a sheet, asked for by rows in ascending order; one row's are held at a time."""

    def __init__(self, errors: Iterator[CellError]) -> None:
        self._errors = errors
        self._next = next(errors, None)

    def of(self, row: int) -> list[CellError]:
        found: list[CellError] = []
        while self._next is not None and self._next.row <= row:
            if self._next.row == row:
                found.append(self._next)
            self._next = next(self._errors, None)
        return found


def _merged(sheet: CalamineSheet) -> Issue | None:
    """What is to be said of a sheet with merged cells: the library gives the value of a range to its first cell alone."""
    ranges = sorted(sheet.merged_cell_ranges or ())
    if not ranges:
        return None
    told = ", ".join(f"{_place(*first)}:{_place(*last)}" for first, last in ranges[:_SHOWN_RANGES])
    more = f" and {len(ranges) - _SHOWN_RANGES:,} more" if len(ranges) > _SHOWN_RANGES else ""
    return warning("CELLS_MERGED", f"Of merged cells only the first has the value: {told}{more}.", sheet.name)


def _place(row: int, column: int) -> str:
    """A cell as people call it; both counts are from 0."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


def _issues(sheet: str, errors: list[CellError], merged: Issue | None) -> str:
    found = [merged] if merged else []
    if errors:
        told = ", ".join(f"{one.column}{one.row} ({one.error})" for one in errors[:_SHOWN_ERRORS])
        more = f" and {len(errors) - _SHOWN_ERRORS:,} more" if len(errors) > _SHOWN_ERRORS else ""
        message = f"Cells with an error have no value: {told}{more}."
        found.append(warning("CELL_ERROR", message, f"{sheet}, row {errors[0].row}"))
    return f"[{','.join(issue.model_dump_json(by_alias=True) for issue in found)}]"


def _numbered(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """Rows that are not blank as the library gives them, an empty cell being an empty text, with their numbers from 1."""
    start = sheet.start
    if start is None:
        return
    # The library's own iteration holds one row at a time, but goes through the rows above the first one, too.
    few = start[0] * sheet.width <= _EMPTY_CELLS
    rows: Iterable[list[Any]] = itertools.islice(sheet.iter_rows(), start[0], None) if few else sheet.to_python()
    for number, row in enumerate(rows, start[0] + 1):
        if row.count("") < len(row):
            yield number, row


def _size(row: list[Any]) -> int:
    return sum(len(value) for value in row if isinstance(value, str))


def _shown(value: object) -> str:
    cell = _cell(value)
    return "" if cell is None else str(cell)


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, float):
        if value.is_integer() and -_EXACT < value < _EXACT:
            return int(value)
        return value if math.isfinite(value) else None
    if value is None:
        return None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return duration(value) if isinstance(value, timedelta) else str(value)


def duration(length: timedelta) -> str:
    """ISO 8601 (4.4.4.2): `P1DT6H`, `-PT0.5S`; `PT0S` for none."""
    sign, length = ("-", -length) if length < timedelta() else ("", length)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    told = f"{seconds}.{length.microseconds:06}".rstrip("0") if length.microseconds else str(seconds)
    parts = ((hours, f"{hours}H"), (minutes, f"{minutes}M"), (seconds or length.microseconds, f"{told}S"))
    clock = "".join(text for number, text in parts if number)
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"


def _text(value: str) -> str | None:
    if not value:
        return None
    told = quoted(value.replace("\0", "") if "\0" in value else value)
    return f'{told},"written":{told}' if would_change(value) else told


def _number(value: float) -> str | None:
    if value.is_integer() and -_EXACT < value < _EXACT:
        return str(int(value))
    return repr(value) if math.isfinite(value) else None


def _moment(value: date | time) -> str:
    return f'"{value.isoformat()}"'


def _other(value: Any) -> str | None:
    cell = _cell(value)
    return None if cell is None else json.dumps(cell, ensure_ascii=False)


_WRITERS: Final[dict[type, Callable[[Any], str | None]]] = {
    str: _text,
    float: _number,
    int: str,
    datetime: _moment,
    date: _moment,
    time: _moment,
}
"""How a cell is written as JSON, by its type; None where there is no value."""
