"""The data tables of a JCAMP-DX block that is not NTUPLES: XYDATA, RADATA, XYPOINTS, PEAK TABLE, PEAK ASSIGNMENTS.

McDonald and Wilks, Applied Spectroscopy 42 (1988) 151, sections 5.4 to 5.8; NMR: Davies and Lampen, Applied Spectroscopy
47 (1993) 1093.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

from functions.parsers.spectra.formats.asdf import Grid, Groups, Ordinates, half_unit
from functions.parsers.spectra.formats.jcamp_blocks import Block, Label
from functions.parsers.spectra.formats.points import MAX_POINTS, Points, numbers
from functions.parsers.spectra.formats.text import Unreadable, number
from leanda.contracts.artefacts import Issue
from leanda.parsing.records import decode, line_place, warning

MAX_PEAKS: Final = 1000
"""Peaks that a record lists; all count, and all are points."""

TABLES: Final = ("XYDATA", "RADATA", "XYPOINTS", "PEAKTABLE", "PEAKASSIGNMENTS", "ASSIGNMENTS")

_SPACED: Final = re.compile(r"\(\s*([A-Z]\w*?)\s*\+\+\s*\(\s*([A-Z]\w*)\s*\.\.")
_GROUPED: Final = re.compile(r"\(\s*((?:[A-Z]\d*[\s,]*){1,8})(?:\.\.|\))")
_VARIABLE: Final = re.compile(r"[A-Z]\d*")
_ASSIGNMENT: Final = re.compile(r"\(([^()<>]*+)(?:<([^<>]*+)>)?+[^()<>]*+\)")
_ROLES: Final = {"X": "x", "Y": "y", "W": "width", "M": "multiplicity", "A": "assignment"}
_STEP_TOLERANCE: Final = 1e-6


@dataclass
class Measured:
    """What the data tables of a block hold.

    Attributes:
        pages: points, page by page; only as many as a plot shows.
        page_count, total_points: over all pages.
        peaks: the peaks of a peak table, in the file's order, at most `MAX_PEAKS`.
        peak_count: None when there is no peak table.
        checks: how many lines could be checked, and how many of them are wrong.
        properties: what only this kind of table has.
    """

    pages: list[Points] = field(default_factory=list)
    page_count: int = 0
    total_points: int = 0
    peaks: list[dict[str, Any]] = field(default_factory=list)
    peak_count: int | None = None
    x_units: str | None = None
    y_units: str | None = None
    sticks: bool = False
    checks: dict[str, int] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def add_checks(self, table: Ordinates) -> None:
        for name, count in (
            ("abscissas", table.x_checks),
            ("abscissasWrong", table.x_failures),
            ("ordinates", table.y_checks),
            ("ordinatesWrong", table.y_failures),
        ):
            if count or not name.endswith("Wrong"):
                self.checks[name] = self.checks.get(name, 0) + count


def value_of(data: bytes, label: Label | None) -> str | None:
    """A label's value without comments, lines joined by a line feed; None without the label or when it is empty."""
    if label is None:
        return None
    raw = data[label.start : label.end]
    text = decode(raw)[0].replace("\r\n", "\n").replace("\r", "\n")
    if "$$" in text:
        kept = (line.split("$$", 1)[0] if "$$" in line else line for line in text.split("\n"))
        text = "\n".join(line for line in kept if line.strip())
    return text.strip() or None


def line_of(data: bytes, offset: int) -> str:
    """The place of a byte, for people: the line of the record's own text."""
    return line_place(data.count(b"\n", 0, offset) + 1)


class Stated:
    """The numbers that a block's labels state about its table, and how exactly they are printed."""

    def __init__(self, data: bytes, block: Block, issues: list[Issue]) -> None:
        self._data, self._block, self._issues = data, block, issues

    def text(self, *keys: str) -> str | None:
        value = value_of(self._data, self._block.get(*keys))
        return value.split("\n")[0].strip() if value else None

    def number(self, *keys: str) -> float | None:
        text = self.text(*keys)
        value = number(text)
        if text and value is None:
            label = self._block.get(*keys)
            message = f"{label.name if label else keys[0]} is no number: {text[:60]!r}."
            self._issues.append(warning("LABEL_NOT_A_NUMBER", message))
        return value

    def precision(self, *keys: str) -> float:
        return half_unit(self.text(*keys) or "")


def measured(data: bytes, block: Block) -> Measured:
    """The data tables of a block, checked against what its labels state.

    Raises:
        Unreadable: there is no data table, it holds no point, or too many.
    """
    result = Measured()
    tables = [label for label in block.labels if label.key in TABLES]
    if not tables:
        raise Unreadable("NO_DATA", "The block has no data table.")
    stated = Stated(data, block, result.issues)
    room = MAX_POINTS
    for table in tables:
        form_end = form_ends(data, table)
        form = data[table.start : form_end].split(b"$$")[0].decode("latin-1").upper()
        if table.key in ("PEAKASSIGNMENTS", "ASSIGNMENTS"):
            points = _assignments(data, table, form, form_end, stated, result)
        elif _SPACED.search(form):
            points = _spaced(data, table, form_end, stated, result, room)
        else:
            points = _grouped(data, table, form, form_end, stated, result, room)
        room -= len(points)
        result.page_count += 1
        result.total_points += len(points)
        if len(points):
            result.pages.append(points)
    if not result.pages:
        raise Unreadable("NO_DATA", "There is no point in the data table.", line_of(data, tables[0].at))
    first = tables[0].key
    result.x_units = stated.text("RUNITS", "XUNITS") if first == "RADATA" else stated.text("XUNITS")
    result.y_units = stated.text("AUNITS", "YUNITS") if first == "RADATA" else stated.text("YUNITS")
    result.sticks = first not in ("XYDATA", "RADATA", "XYPOINTS")
    return result


def form_ends(data: bytes, table: Label) -> int:
    """Where the line ends that names a table's form; its points start there."""
    ends = [at for at in (data.find(mark, table.start, table.end) for mark in (b"\n", b"\r")) if at >= 0]
    return min(ends, default=table.end)


def _spaced(data: bytes, table: Label, start: int, stated: Stated, result: Measured, room: int) -> Points:
    """`(X++(Y..Y))`, for an interferogram `(R++(A..A))`: evenly spaced abscissas."""
    x, y = ("R", "A") if table.key == "RADATA" else ("X", "Y")
    x_factor, y_factor = stated.number(f"{x}FACTOR", "XFACTOR") or 1.0, stated.number(f"{y}FACTOR", "YFACTOR") or 1.0
    first, last = stated.number(f"FIRST{x}", "FIRSTX"), stated.number(f"LAST{x}", "LASTX")
    delta, count = stated.number(f"DELTA{x}", "DELTAX"), stated.number("NPOINTS")
    if first is not None and last is not None and count and count > 1 and last != first:
        delta = (last - first) / (count - 1)
    grid = Grid(first, delta, x_factor) if first is not None and delta else None
    ordinates = Ordinates(grid, room)
    ordinates.read(data, start, table.end)
    if first is None and ordinates.starts:
        first = ordinates.starts[0][0] * x_factor
    if not delta:
        delta = _step(first, last, len(ordinates.values), ordinates.starts, x_factor)
    if first is None or not delta:
        message = "Neither labels nor lines tell the abscissas; points are numbered."
        result.issues.append(warning("ABSCISSAS_UNKNOWN", message))
        first, delta = 0.0, 1.0
    points = Points(ordinates.values, y_factor, first=first, delta=delta, missing=ordinates.missing)
    result.add_checks(ordinates)
    result.issues += table_issues(data, ordinates)
    result.issues += _contradictions(points, stated, (x, y), abs(y_factor) if ordinates.integers else 0.0)
    return points


def _step(
    first: float | None, last: float | None, count: int, starts: list[tuple[float, int]], factor: float
) -> float | None:
    if first is not None and last is not None and count > 1:
        return (last - first) / (count - 1)
    if len(starts) == 2 and starts[1][1] > starts[0][1]:
        return (starts[1][0] - starts[0][0]) * factor / (starts[1][1] - starts[0][1])
    return None


def table_issues(data: bytes, table: Ordinates | Groups) -> list[Issue]:
    """What the checks inside of a table found."""
    found = []
    if isinstance(table, Ordinates):
        for what, wrong, of, code, text in (
            (
                "y",
                table.y_failures,
                table.y_checks,
                "ORDINATE_CHECK_FAILED",
                "do not start with the last ordinate before",
            ),
            ("x", table.x_failures, table.x_checks, "ABSCISSA_CHECK_FAILED", "do not start where the lines before end"),
        ):
            if wrong:
                message = f"{wrong:,} of {of:,} checked lines {text}; the first is named here."
                found.append(warning(code, message, line_of(data, table.first_failure[what])))
    if table.unreadable:
        message = f"{table.unreadable:,} pieces of the data table cannot be read; points may be missing."
        found.append(warning("DATA_UNREADABLE", message, line_of(data, table.first_failure["unreadable"])))
    return found


def _contradictions(points: Points, stated: Stated, axes: tuple[str, str], unit: float) -> list[Issue]:
    """Where the points are not what FIRSTX, LASTX, FIRSTY, MINY, MAXY and NPOINTS say.

    Args:
        axes: the letters of abscissa and ordinate in the labels' names.
        unit: what one step of a stored integer means; writers compute the labels before they round.
    """
    x, y = axes
    found: list[Issue] = []
    count = stated.number("NPOINTS")
    if count is not None and count != len(points):
        message = f"NPOINTS says {count:g}, the table has {len(points):,} points."
        found.append(warning("NPOINTS_MISMATCH", message))
    if not len(points):
        return found
    step = abs(points.delta) / 2 if points.x is None else 0.0
    ends = points.y_range
    complete = count is None or count == len(points)
    compared: list[tuple[str, float | None, float]] = [(f"FIRST{x}", points.x_at(0), step)]
    if complete:
        compared.append((f"LAST{x}", points.x_at(len(points) - 1), step))
    compared.append((f"FIRST{y}", points.y_at(0), unit))
    if complete and ends:
        compared += [(f"MIN{y}", ends[0], unit), (f"MAX{y}", ends[1], unit)]
    for label, actual, tolerance in compared:
        value = stated.number(label)
        if value is None or actual is None:
            continue
        allowed = max(tolerance, 2 * stated.precision(label)) + _STEP_TOLERANCE * max(abs(value), abs(actual))
        if abs(value - actual) > allowed:
            message = f"{label} says {value!r}, the table gives {actual!r}."
            code = f"{label[:-1]}{'X' if label[-1] == x else 'Y'}_MISMATCH"
            found.append(warning(code, message))
    return found


def _grouped(data: bytes, table: Label, form: str, start: int, stated: Stated, result: Measured, room: int) -> Points:
    """`(XY..XY)`, `(XYW..XYW)`: each point with its own abscissa."""
    match = _GROUPED.search(form)
    variables = _VARIABLE.findall(match[1]) if match else ["X", "Y"]
    if len(variables) < 2:
        variables = ["X", "Y"]
    groups = Groups(len(variables), room)
    groups.read(data, start, table.end)
    missing = groups.keep_finite()
    x_factor, y_factor = stated.number("XFACTOR") or 1.0, stated.number("YFACTOR") or 1.0
    x = groups.columns[0]
    if x_factor != 1:
        x = numbers(value * x_factor for value in x)
    points = Points(groups.columns[1], y_factor, x=x, missing=missing)
    result.issues += table_issues(data, groups)
    if table.key == "PEAKTABLE":
        result.peak_count = len(points)
        result.peaks = peaks_of(points, dict(zip(variables[2:], groups.columns[2:], strict=True)))
        if (count := stated.number("NPOINTS")) is not None and count != len(points):
            message = f"NPOINTS says {count:g}, the table has {len(points):,} peaks."
            result.issues.append(warning("NPOINTS_MISMATCH", message))
    else:
        result.issues += _contradictions(points, stated, ("X", "Y"), 0.0)
    return points


def peaks_of(points: Points, further: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The first peaks as a record lists them."""
    peaks = []
    for at in range(min(len(points), MAX_PEAKS)):
        peak: dict[str, Any] = {"x": points.x_at(at), "y": points.y_at(at)}
        for letter, column in (further or {}).items():
            if math.isfinite(column[at]):
                peak[_ROLES.get(letter, letter.lower())] = column[at]
        peaks.append(peak)
    return peaks


def _assignments(data: bytes, table: Label, form: str, start: int, stated: Stated, result: Measured) -> Points:
    """`(XYA)`, `(XYMA)`, `(XYWA)`, `(XA)`: peaks with what they are assigned to, as `(7.25, 426.8, T, <3>)`."""
    match = _GROUPED.search(form)
    variables = [letter for letter in (_VARIABLE.findall(match[1]) if match else "XYA") if letter != "A"] or ["X"]
    text = value_of(data, Label(table.name, table.key, table.at, start, table.end)) or ""
    x, y = numbers(), numbers()
    count = skipped = 0
    for group in _ASSIGNMENT.finditer(text):
        stated_values = [part.strip() for part in group[1].split(",")]
        said = dict(zip(variables, stated_values, strict=False))
        values = {letter: number(value) for letter, value in said.items()}
        if values.get("X") is None:
            skipped += 1
            continue
        count += 1
        if len(x) >= MAX_POINTS:
            raise Unreadable("SPECTRUM_TOO_LARGE", f"The spectrum has more than {MAX_POINTS:,} peaks.")
        x.append(values["X"] or 0.0)
        height = values.get("Y")
        y.append(math.nan if height is None else height)
        if count <= MAX_PEAKS:
            peak: dict[str, Any] = {_ROLES.get(n, n.lower()): value for n, value in values.items() if value is not None}
            if "M" in said and said["M"] and values["M"] is None:
                peak[_ROLES["M"]] = said["M"][:20]  # S, D, T, Q and what is made of them
            if group[2] is not None:
                peak["assignment"] = group[2][:200]
            result.peaks.append(peak)
    result.peak_count = count
    if skipped:
        message = f"{skipped:,} assignments have no readable position; they are left out."
        result.issues.append(warning("DATA_UNREADABLE", message, line_of(data, table.at)))
    stated_count = stated.number("NPOINTS")
    if stated_count is not None and stated_count != count:
        result.issues.append(
            warning("NPOINTS_MISMATCH", f"NPOINTS says {stated_count:g}, the table has {count:,} peaks.")
        )
    return Points(y, x=x, missing=sum(1 for value in y if value != value))
