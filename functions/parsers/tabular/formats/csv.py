"""CSV and TSV: one record per row, after RFC 4180 and what spreadsheets really write.

Values stay text here (an empty cell is None): what type a column has is known only when the whole file was seen. Only numbers
with a decimal comma become numbers already, in columns of them (see `decimal_commas`), with the cell's text as `written`; and
what reads as a number in a column of codes (see `codes`) is text for good, which `written` beside it says.

A quoted cell may hold line ends. One that is not closed as it should be (`leanda.parsing.quotes` says how, and within how
many lines) is no quoted cell: it stays as it is written, with the warning `QUOTE_NOT_CLOSED` on its row, which ends at its
next line end, and the next line is a row again.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched, chain, islice, pairwise
from typing import Final

from functions.parsers.tabular.formats import codes, decimal_commas
from functions.parsers.tabular.formats.dialect import Table, describe, wider
from functions.parsers.tabular.formats.lines import RowLines, quoted
from functions.parsers.tabular.formats.rows import row_ends
from functions.parsers.tabular.formats.structures import smiles_column, structure_of
from leanda import limits
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FileEmpty
from leanda.parsing import quotes
from leanda.parsing.format import Written, records_of
from leanda.parsing.records import error, failed, information, warning
from leanda.parsing.text import code_units, without_mark

ROWS_AT_ONCE: Final = 500
_SLICE_BYTES: Final = 256 * limits.KIB
_LINE_ENDS: Final = re.compile(r"\r\n|\n|\r")


@dataclass
class Csv:
    """A delimited text, under the name that decides what is tried first: `csv`, or `tsv` for tabs."""

    name: str
    version: str = "6"
    empty_is_failure: bool = False
    together: bool = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        """End offsets of the data rows; the header belongs to the first one's range. See `Format.boundaries`.

        Raises:
            FormatMismatch: the file is UTF-32.
            FileEmpty: there are bytes but not one row, not even a header.
        """
        table, from_start = self._describe(head), first_index == 0
        skip = table.skip if from_start else 0
        rows = 0
        for end in _ends(blocks, table, from_start=from_start):
            rows += 1
            if rows > skip:
                yield end
        if from_start and not rows and head:
            raise FileEmpty("The file holds nothing but blank lines.")

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        """The records of a byte range, one for every boundary in it. See `Format.read`."""
        return records_of(self.written(data, first_index=first_index, head=head))

    def written(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Written]:
        """The same, as far as they are good as lines of an artefact. See `WritingFormat`."""
        table = self._describe(head)
        from_start = first_index == 0
        ends = _ends(_slices(data), table, from_start=from_start)
        starts_and_ends = pairwise(chain([table.encoding.mark if from_start else 0], ends))
        spans = islice(starts_and_ends, table.skip if from_start else 0, None)
        yield from _Chunk(data, table, first_index).written(spans)

    def _describe(self, head: bytes) -> Table:
        return describe(bytes(head[: limits.HEAD_BYTES]), tabs_first=self.name == "tsv")


CSV: Final = Csv("csv")
TSV: Final = Csv("tsv")


def _ends(blocks: Iterable[bytes], table: Table, *, from_start: bool) -> Iterator[int]:
    """Ends of all rows of a table, the header's too, in bytes of `blocks`."""
    mark = table.encoding.mark if from_start else 0
    unit = table.encoding.unit
    content = without_mark(blocks, mark) if mark else blocks
    if unit == 2:
        content = code_units(content, big_endian=table.big_endian)
    ends = row_ends(content, table.delimiter.encode(), longest=limits.MAX_RECORD_BYTES // unit)
    if mark == 0 and unit == 1:
        return ends
    return (mark + end * unit for end in ends)


def _slices(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _SLICE_BYTES] for at in range(0, len(data), _SLICE_BYTES))


class _Chunk:
    """The rows of one byte range on their way to become records."""

    def __init__(self, data: bytes, table: Table, first_index: int) -> None:
        self._data = data
        self._table = table
        self._first_index = first_index
        self._smiles = _smiles_column(table)
        self._commas = _comma_columns(table)
        self._codes = _code_columns(table)
        self._lines = RowLines(table.columns)

    def written(self, spans: Iterable[tuple[int, int]]) -> Iterator[Written]:
        """The rows between these places. Cells of a few hundred rows are held at a time: they take ten times their bytes."""
        n = self._first_index
        for some in batched(spans, ROWS_AT_ONCE, strict=False):
            yield from self._some(some, n)
            n += len(some)

    def _some(self, spans: Sequence[tuple[int, int]], first: int) -> Iterator[Written]:
        rows = self._all_at_once(spans)
        lines = [None] * len(spans) if rows is None else [self._line(n, cells) for n, cells in enumerate(rows, first)]
        for n, line in enumerate(lines):
            issues = self._file_issues() if first + n == 0 else []
            if line is not None and not issues:
                yield line
            elif rows is not None:
                yield self._record(first + n, rows[n], issues)
            else:
                yield self._one_row(first + n, *spans[n], issues)

    def _line(self, index: int, cells: list[str]) -> bytes | None:
        """The row as a line, if there is nothing to say of it."""
        structure = structure_of(cells, self._smiles) if self._smiles is not None else None
        whole = len(cells) == len(self._table.columns)
        known = self._known(cells) if whole and (self._commas or self._codes) else {}
        if not known:
            return self._lines.line_of_texts(index, cells, structure)
        if any("\0" in cell for cell in cells):
            return None
        values = [quoted(cell) if cell else None for cell in cells]
        for n, value in known.items():
            told = quoted(value) if isinstance(value, str) else repr(value)
            values[n] = f'{told},"written":{quoted(cells[n].strip())}'
        return self._lines.line(index, values, structure)

    def _known(self, cells: list[str]) -> dict[int, float | str]:
        """Values whose type its column tells already, by their place."""
        found: dict[int, float | str] = {n: cells[n] for n in self._codes if codes.reads_as_number(cells[n])}
        for n in self._commas:
            if (value := decimal_commas.number(cells[n])) is not None:
                found[n] = value
        return found

    def _all_at_once(self, spans: Sequence[tuple[int, int]]) -> list[list[str]] | None:
        """The rows in one go, which is the normal case; None when some row needs to be looked at by itself."""
        if spans[-1][1] - spans[0][0] > limits.MAX_RECORD_BYTES:
            return None
        try:
            text = self._data[spans[0][0] : spans[-1][1]].decode(self._table.encoding.name)
            rows = _cells(text, self._table.delimiter)
        except (UnicodeDecodeError, csv.Error):
            return None
        return rows if len(rows) == len(spans) else None

    def _one_row(self, index: int, start: int, end: int, issues: list[Issue]) -> Written:
        data = self._data[start:end].lstrip(b"\r\n") if self._table.encoding.unit == 1 else self._data[start:end]
        if len(data) > limits.MAX_RECORD_BYTES:
            return _failed(
                index, "RECORD_TOO_LARGE", f"The row is longer than {limits.MAX_RECORD_BYTES} bytes.", issues
            )
        try:
            text = data.decode(self._table.encoding.name)
        except UnicodeDecodeError as problem:
            text = self._decoded_otherwise(data) or ""
            if not text:
                message = f"Byte {problem.start + 1} of the row cannot be read as {self._table.encoding.name}."
                return _failed(index, "ROW_ENCODING", message, issues)
            issues.append(warning("ENCODING_GUESSED", f"The row is not UTF-8; it was read as {self._table.fallback}."))
        cells, broken = quotes.cells(text.lstrip("\r\n"), self._table.delimiter)
        if broken:
            message = (
                "A cell of this row begins with a quote that is not closed at the cell's end; it is kept as written."
            )
            issues.append(warning("QUOTE_NOT_CLOSED", message, _place(index)))
        return self._record(index, cells, issues)

    def _decoded_otherwise(self, data: bytes) -> str | None:
        if self._table.fallback is None:
            return None
        try:
            return data.decode(self._table.fallback)
        except UnicodeDecodeError:
            return None

    def _record(self, index: int, cells: list[str], issues: list[Issue]) -> Written:
        columns = self._table.columns
        if not issues and (line := self._line(index, cells)) is not None:
            return line
        if len(cells) != len(columns):
            message = f"The row has {len(cells)} cells, the header {len(columns)}."
            issues.append(warning("ROW_WIDTH", message, _place(index)))
            columns = wider(columns, len(cells))
            cells = cells + [""] * (len(columns) - len(cells))
        if any("\0" in cell for cell in cells):
            cells = [cell.replace("\0", "") for cell in cells]
            issues.append(warning("NUL_REMOVED", "NUL characters were left out.", _place(index)))
        # Validating a record and its fields in one call takes half the time of building them one by one.
        fields: list[dict[str, object]] = [
            {"name": name, "value": cell or None} for name, cell in zip(columns, cells, strict=True)
        ]
        for n, value in self._known(cells).items():
            fields[n] |= {"value": value, "written": cells[n].strip()}
        structure = structure_of(cells, self._smiles)
        return Record.model_validate(
            {"index": index, "type": "row", "structure": structure, "fields": fields, "issues": issues}
        )

    def _file_issues(self) -> list[Issue]:
        """What is to be said of the whole file is said once, with its first record."""
        issues = []
        if self._table.guessed:
            message = f"The file does not say how it is encoded; it was read as {self._table.encoding.name}."
            issues.append(warning("ENCODING_GUESSED", message))
        if self._table.preamble:
            message = f"{self._table.preamble} rows before the header are not part of the table."
            issues.append(information("PREAMBLE_SKIPPED", message))
        return issues


@lru_cache(maxsize=8)
def _comma_columns(table: Table) -> tuple[int, ...]:
    return decimal_commas.comma_columns(table)


@lru_cache(maxsize=8)
def _code_columns(table: Table) -> tuple[int, ...]:
    return codes.code_columns(table)


@lru_cache(maxsize=8)
def _smiles_column(table: Table) -> int | None:
    return smiles_column(table.columns, table.sample)


def _cells(text: str, delimiter: str) -> list[list[str]]:
    """The cells of some rows.

    Raises:
        csv.Error: a quote may not mean what this module takes it for.
    """
    # The limit is one of the whole process; our own check of the bytes comes first and is the stricter one.
    csv.field_size_limit(limits.MAX_RECORD_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = [row for row in reader if row]
    if reader.line_num - len(rows) > quotes.MAX_CELL_LINE_ENDS and any(map(_is_long, itertools.chain(*rows))):
        raise csv.Error("a cell of more lines than a cell may have")
    return rows


def _is_long(cell: str) -> bool:
    return len(_LINE_ENDS.findall(cell)) > quotes.MAX_CELL_LINE_ENDS


def _place(index: int) -> str:
    return f"data row {index + 1}"


def _failed(index: int, code: str, message: str, issues: list[Issue]) -> Record:
    return failed("row", index, *issues, error(code, message, _place(index)))
