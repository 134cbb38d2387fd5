"""NTUPLES of JCAMP-DX 5: several variables, page by page (real and imaginary parts, slices of a plane, scans of a run).

Davies and Lampen, Applied Spectroscopy 47 (1993) 1093 (NMR); Lampen, Hillig, Davies and Linscheid, Applied Spectroscopy
48 (1994) 1545 (mass spectrometry).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from functions.parsers.spectra.formats.asdf import Grid, Groups, Ordinates, half_unit
from functions.parsers.spectra.formats.jcamp_blocks import Block, Label
from functions.parsers.spectra.formats.jcamp_tables import (
    Measured,
    form_ends,
    line_of,
    peaks_of,
    table_issues,
    value_of,
)
from functions.parsers.spectra.formats.points import MAX_POINTS, PLOT_PAGES, Points, numbers
from functions.parsers.spectra.formats.text import Unreadable, number
from leanda.parsing.records import warning

MAX_VARIABLES: Final = 64
MAX_PAGES: Final = 100_000
_MAX_PAGE_ISSUES: Final = 20

_FORM: Final = re.compile(r"\(\s*(\w+)\s*\+\+\s*\(\s*(\w+)\s*\.\.")
_PAIRS: Final = re.compile(r"\(\s*([^\s(.]++)\s*\.\.")
_TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class Variable:
    """A variable as the block's lists describe it; numbers as text, because their printed precision counts."""

    symbol: str
    name: str
    dimension: str = ""
    unit: str = ""
    first: str = ""
    last: str = ""
    least: str = ""
    most: str = ""
    factor: str = ""
    form: str = ""


def measured(data: bytes, block: Block) -> Measured:
    """All pages of an NTUPLES block; abscissa and ordinate of the first page are those of the spectrum.

    Raises:
        Unreadable: there is no page with a point, or too many points.
    """
    variables = _variables(data, block)
    result, reader = Measured(), _Pages(data, variables)
    page: str | None = None
    for label in block.labels:
        if label.key == "PAGE":
            page = (value_of(data, label) or "").split("\n")[0][:200]
        elif label.key == "NPOINTS":
            reader.announced = number((value_of(data, label) or "").split("\n")[0])
        elif label.key == "DATATABLE":
            reader.read(label, page, result)
            reader.announced = None
    if not result.pages:
        raise Unreadable("NO_DATA", "No page of the NTUPLES holds a point.")
    reader.compare(result)
    result.properties["pageCount"] = result.page_count
    result.properties["totalPointCount"] = result.total_points
    result.properties["variables"] = [
        {key: value for key, value in (("symbol", v.symbol), ("name", v.name), ("units", v.unit)) if value}
        for v in variables.values()
    ]
    return result


def _variables(data: bytes, block: Block) -> dict[str, Variable]:
    lists = {
        key: [part.strip() for part in (value_of(data, block.get(key)) or "").replace("\n", " ").split(",")]
        for key in ("SYMBOL", "VARNAME", "VARDIM", "UNITS", "FIRST", "LAST", "MIN", "MAX", "FACTOR", "VARFORM")
    }

    def nth(key: str, at: int) -> str:
        return lists[key][at] if at < len(lists[key]) else ""

    return {
        symbol: Variable(
            symbol=symbol,
            name=nth("VARNAME", at),
            dimension=nth("VARDIM", at),
            unit=nth("UNITS", at),
            first=nth("FIRST", at),
            last=nth("LAST", at),
            least=nth("MIN", at),
            most=nth("MAX", at),
            factor=nth("FACTOR", at),
            form=nth("VARFORM", at),
        )
        for at, symbol in enumerate(lists["SYMBOL"][:MAX_VARIABLES])
        if symbol
    }


class _Pages:
    """Reads page after page; keeps only those that a plot shows."""

    def __init__(self, data: bytes, variables: dict[str, Variable]) -> None:
        self._data, self._variables = data, variables
        self.announced: float | None = None
        self._ranges: dict[str, tuple[float, float, float]] = {}

    def read(self, table: Label, page: str | None, result: Measured) -> None:
        if result.page_count >= MAX_PAGES:
            raise Unreadable("SPECTRUM_TOO_LARGE", f"The spectrum has more than {MAX_PAGES:,} pages.")
        start = form_ends(self._data, table)
        form = self._data[table.start : start].split(b"$$")[0].decode("latin-1").strip()
        room = MAX_POINTS - result.total_points
        spaced, pairs = _FORM.search(form), _PAIRS.search(form)
        if spaced:
            x, y = self._variable(spaced[1], "X"), self._variable(spaced[2], "Y")
            points = self._spaced(table, start, (x, y), result, room)
        else:
            x, y = self._pair(pairs[1] if pairs else "XY")
            points = self._grouped(table, start, (x, y), result, room)
            if "PEAK" in form.upper():
                result.peak_count = (result.peak_count or 0) + len(points)
                if not result.peaks:
                    result.peaks = peaks_of(points)
        points.label = page if page is not None else y.name or y.symbol
        if result.page_count == 0:
            result.x_units, result.y_units = x.unit or None, y.unit or None
            result.sticks = "PEAK" in form.upper()
        result.page_count += 1
        result.total_points += len(points)
        if points.y_range:
            least, most, unit = self._ranges.get(y.symbol, (*points.y_range, abs(points.y_factor)))
            self._ranges[y.symbol] = min(least, points.y_range[0]), max(most, points.y_range[1]), unit
        if len(points) and len(result.pages) < PLOT_PAGES:
            result.pages.append(points)

    def _variable(self, symbol: str, otherwise: str) -> Variable:
        found = self._variables.get(symbol) or self._variables.get(symbol.upper())
        return found or self._variables.get(otherwise) or Variable(symbol, symbol)

    def _pair(self, symbols: str) -> tuple[Variable, Variable]:
        """`XY`, `T2Y`: two symbols written together."""
        for x in self._variables:
            if symbols.startswith(x) and symbols[len(x) :] in self._variables:
                return self._variables[x], self._variables[symbols[len(x) :]]
        return self._variable(symbols[:1], "X"), self._variable(symbols[1:] or "Y", "Y")

    def _spaced(self, table: Label, start: int, axes: tuple[Variable, Variable], result: Measured, room: int) -> Points:
        x, y = axes
        first, last, dimension = number(x.first), number(x.last), number(x.dimension)
        count = self.announced or dimension
        x_factor, y_factor = number(x.factor) or 1.0, number(y.factor) or 1.0
        delta = None
        if first is not None and last is not None and count and count > 1:
            delta = (last - first) / (count - 1)
        ordinates = Ordinates(Grid(first, delta, x_factor) if first is not None and delta else None, room)
        ordinates.read(self._data, start, table.end)
        starts = ordinates.starts
        if first is None and starts:
            first = starts[0][0] * x_factor
        if not delta and len(starts) == 2 and starts[1][1] > starts[0][1]:
            delta = (starts[1][0] - starts[0][0]) * x_factor / (starts[1][1] - starts[0][1])
        if first is None or not delta:
            self._note(
                result, "ABSCISSAS_UNKNOWN", "Neither lists nor lines tell the abscissas; points are numbered.", table
            )
            first, delta = 0.0, 1.0
        result.add_checks(ordinates)
        if len(result.issues) < _MAX_PAGE_ISSUES:
            result.issues += table_issues(self._data, ordinates)
        if count and count != len(ordinates.values):
            message = f"VAR_DIM says {count:g}, the page has {len(ordinates.values):,} points."
            self._note(result, "NPOINTS_MISMATCH", message, table)
        return Points(ordinates.values, y_factor, first=first, delta=delta, missing=ordinates.missing)

    def _grouped(
        self, table: Label, start: int, axes: tuple[Variable, Variable], result: Measured, room: int
    ) -> Points:
        groups = Groups(2, room)
        groups.read(self._data, start, table.end)
        missing = groups.keep_finite()
        if len(result.issues) < _MAX_PAGE_ISSUES:
            result.issues += table_issues(self._data, groups)
        x_factor, y_factor = number(axes[0].factor) or 1.0, number(axes[1].factor) or 1.0
        x = groups.columns[0] if x_factor == 1 else numbers(value * x_factor for value in groups.columns[0])
        points = Points(groups.columns[1], y_factor, x=x, missing=missing)
        if self.announced is not None and self.announced != len(points):
            message = f"NPOINTS says {self.announced:g}, the page has {len(points):,} points."
            self._note(result, "NPOINTS_MISMATCH", message, table)
        return points

    def compare(self, result: Measured) -> None:
        """MIN and MAX of each ordinate against all of its pages; writers leave zeros where they do not know."""
        for symbol, (least, most, unit) in self._ranges.items():
            variable = self._variables.get(symbol)
            if variable is None or not any(number(text) for text in (variable.least, variable.most)):
                continue
            for what, text, actual in (("MIN", variable.least, least), ("MAX", variable.most, most)):
                value = number(text)
                if value is None:
                    continue
                if abs(value - actual) > max(unit, 2 * half_unit(text)) + _TOLERANCE * max(abs(value), abs(actual)):
                    message = f"{what} of {symbol} says {value!r}, its pages give {actual!r}."
                    result.issues.append(warning(f"{what}Y_MISMATCH", message))

    def _note(self, result: Measured, code: str, message: str, table: Label) -> None:
        if len(result.issues) < _MAX_PAGE_ISSUES:
            result.issues.append(warning(code, message, line_of(self._data, table.at)))
