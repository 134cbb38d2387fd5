"""Data tables of JCAMP-DX: ordinates in AFFN, FIX, PAC, SQZ, DIF and DUP form, and groups of numbers.

McDonald and Wilks, "JCAMP-DX: A Standard Form for Exchange of Infrared Spectra in Computer Readable Form", Applied
Spectroscopy 42 (1988) 151, section 5 (AFFN) and the appendix on ASDF (PAC, SQZ, DIF, DUP and the checks of DIF lines).
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from functions.parsers.spectra.formats.points import MAX_POINTS, numbers
from functions.parsers.spectra.formats.text import Unreadable

_SQZ: Final = {char: str(n) for n, char in enumerate("@ABCDEFGHI")} | {
    char: str(-n) for n, char in enumerate("abcdefghi", 1)
}
_DIF: Final = {char: str(n) for n, char in enumerate("%JKLMNOPQR")} | {
    char: str(-n) for n, char in enumerate("jklmnopqr", 1)
}
_DUP: Final = {char: str(n) for n, char in enumerate("STUVWXYZs", 1)}

_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-][0-9]{1,3})?"
_ABSCISSA: Final = re.compile(rf"[ \t]*({_NUMBER}|[@A-Ia-i][0-9]*)[ \t,]*")
_TOKENS: Final = re.compile(rf"{_NUMBER}|[@A-Ia-i%J-Rj-rS-Zs][0-9.]*|\?")
_ORDINATES: Final = re.compile(r"[0-9@A-Za-s%?+\-., \t]*")
_PLAIN: Final = re.compile(r"[0-9+\-. \t,]*")
_LINES: Final = re.compile(rb"[^\r\n]+")
# A group's numbers may have an exponent without sign: there is no squeezed form to confuse it with.
_GROUP_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,3})?|\?")
_GROUP_LINE: Final = re.compile(r"[0-9Ee+\-.?,; \t()]*")


def lines(data: bytes, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Offset and text of each line that holds something, without comments (`$$` to the end of the line)."""
    for match in _LINES.finditer(data, start, end):
        line = match[0]
        if b"$$" in line:
            line = line[: line.index(b"$$")]
        if line and not line.isspace():
            yield match.start(), line.decode("latin-1")


@dataclass
class Grid:
    """Where the abscissas should be: x of point i is first + i · delta; a line states it divided by `factor`."""

    first: float
    delta: float
    factor: float


class Ordinates:
    """The ordinates of an `(X++(Y..Y))` table, line by line.

    Attributes:
        values: as stored (not multiplied by the factor), NaN for `?`.
        missing: how many are `?`.
        integers: False as soon as one has a decimal point.
        y_checks, y_failures: lines of DIF form whose first ordinate repeats the last of the line before, and does not.
        x_checks, x_failures: lines whose abscissa is where it should be, and is not.
        unreadable: lines with characters that no form has; what can be read of them is.
        first_failure: offset of the first line of each kind of failure.
        starts: (abscissa as stated, index of its ordinate) of the first and the last line.
    """

    def __init__(self, grid: Grid | None, room: int = MAX_POINTS) -> None:
        self.values = numbers()
        self.missing = 0
        self.integers = True
        self.y_checks = self.y_failures = self.x_checks = self.x_failures = self.unreadable = 0
        self.first_failure: dict[str, int] = {}
        self.starts: list[tuple[float, int]] = []
        self._grid = grid
        self._room = room
        self._last = 0.0
        self._differences_open = False

    def read(self, data: bytes, start: int, end: int) -> None:
        for offset, line in lines(data, start, end):
            self._line(offset, line)

    def _line(self, offset: int, line: str) -> None:
        abscissa = _ABSCISSA.match(line)
        if abscissa is None:
            self._failed("unreadable", offset)
            return
        stated, rest = abscissa[1], line[abscissa.end() :]
        if stated[0] in _SQZ:
            stated = _SQZ[stated[0]] + stated[1:]
        if not _ORDINATES.fullmatch(rest):
            self._failed("unreadable", offset)
        if _PLAIN.fullmatch(rest):
            values, differences = self._plain(rest, offset), False
        else:
            values, differences = self._packed(rest, offset)
        if not values:
            return
        x = float(stated)
        repeated = self._differences_open and self._repeats(values[0], x, offset)
        self._check_x(x, stated, len(self.values) - repeated, offset)
        if "." in rest:
            self.integers = False
        self._last, self._differences_open = values[-1], differences
        if math.isnan(self._last):
            self._last = 0.0
        if repeated:
            del values[0]
        self.values.extend(values)

    def _plain(self, rest: str, offset: int) -> list[float]:
        """AFFN, FIX and PAC: numbers between blanks or signs."""
        rest = rest.replace("-", " -").replace("+", " ").replace(",", " ")
        try:
            values = list(map(float, rest.split()))
        except ValueError:
            values = [float(token) for token in _TOKENS.findall(rest)]
            self._failed("unreadable", offset)
        if len(self.values) + len(values) > self._room:
            raise too_many()
        return self._finite(values, offset)

    def _packed(self, rest: str, offset: int) -> tuple[list[float], bool]:
        """SQZ, DIF and DUP, mixed with the others; whether the last value came from a difference."""
        values: list[float] = []
        append, last, difference = values.append, self._last, None
        sqz, dif, dup = _SQZ, _DIF, _DUP
        for token in _TOKENS.findall(rest):
            sign = token[0]
            try:
                if sign in dif:
                    difference = float(dif[sign] + token[1:])
                    last += difference
                elif sign in sqz:
                    last, difference = float(sqz[sign] + token[1:]), None
                elif sign in dup:
                    self._duplicate(values, int(dup[sign] + token[1:]) - 1, difference)
                    last = values[-1] if values else last
                    continue
                elif sign == "?":
                    self.missing += 1
                    append(math.nan)
                    continue
                else:
                    last, difference = float(token), None
            except ValueError:
                self._failed("unreadable", offset)
                continue
            append(last)
        if len(self.values) + len(values) > self._room:
            raise too_many()
        return self._finite(values, offset), difference is not None

    def _duplicate(self, values: list[float], more: int, difference: float | None) -> None:
        """DUP repeats the last value or, after a difference, the difference."""
        if not values or more < 0:
            raise ValueError
        if len(self.values) + len(values) + more > self._room:
            raise too_many()
        if not difference:
            values.extend([values[-1]] * more)
            return
        last = values[-1]
        for _ in range(more):
            last += difference
            values.append(last)

    def _finite(self, values: list[float], offset: int) -> list[float]:
        if values and not (math.isfinite(max(values)) and math.isfinite(min(values))):
            for at, value in enumerate(values):
                if math.isinf(value):
                    self._failed("unreadable", offset)
                    self.missing += 1
                    values[at] = math.nan
        return values

    def _repeats(self, first: float, x: float, offset: int) -> bool:
        """Whether a line's first ordinate is the check of the line before it, right or wrong."""
        if first == self._last:
            self.y_checks += 1
            return True
        grid = self._grid
        if grid and abs(x * grid.factor - grid.first - len(self.values) * grid.delta) < abs(grid.delta) / 2:
            return False  # The writer repeats nothing: the abscissa is that of a new point.
        self.y_checks += 1
        self.y_failures += 1
        self.first_failure.setdefault("y", offset)
        return True

    def _check_x(self, x: float, stated: str, at: int, offset: int) -> None:
        self.starts[1:] = [(x, at)]
        grid = self._grid
        if grid is None:
            return
        self.x_checks += 1
        printed = half_unit(stated) * abs(grid.factor)
        if abs(x * grid.factor - grid.first - at * grid.delta) > abs(grid.delta) * 0.5 + printed:
            self.x_failures += 1
            self.first_failure.setdefault("x", offset)

    def _failed(self, what: str, offset: int) -> None:
        self.unreadable += 1
        self.first_failure.setdefault(what, offset)


def half_unit(stated: str) -> float:
    """Half of the last digit that a number is printed with: 0.005 for 1.25."""
    mantissa, _, exponent = stated.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    try:
        return 0.5 * 10.0 ** (int(exponent or 0) - decimals)
    except (ValueError, OverflowError):
        return 0.0


class Groups:
    """Tables of groups of numbers: `(XY..XY)`, `(XYW..XYW)`.

    Attributes:
        columns: one array for each variable of a group.
        unreadable: lines with other characters, or with a number that belongs to no group.
    """

    def __init__(self, width: int, room: int = MAX_POINTS) -> None:
        self.columns: list[array[float]] = [numbers() for _ in range(width)]
        self.unreadable = 0
        self.first_failure: dict[str, int] = {}
        self._room = room

    def read(self, data: bytes, start: int, end: int) -> None:
        width = len(self.columns)
        for offset, line in lines(data, start, end):
            found = [math.nan if text == "?" else float(text) for text in _GROUP_NUMBER.findall(line)]
            beyond = len(found) % width
            if beyond or not _GROUP_LINE.fullmatch(line):
                self.unreadable += 1
                self.first_failure.setdefault("unreadable", offset)
            if beyond:
                del found[-beyond:]
            if len(self.columns[0]) + len(found) // width > self._room:
                raise too_many()
            for at, column in enumerate(self.columns):
                column.extend(found[at::width])

    def keep_finite(self) -> int:
        """Leave out the points whose abscissa is no number, and mark infinite ordinates as missing; how many of both."""
        x, *others = self.columns
        gone = [at for at, value in enumerate(x) if not math.isfinite(value)]
        if gone:
            kept = [at for at, value in enumerate(x) if math.isfinite(value)]
            self.columns = [numbers(column[at] for at in kept) for column in (x, *others)]
        missing = 0
        for column in self.columns[1:2]:
            for at, value in enumerate(column):
                if not math.isfinite(value):
                    column[at] = math.nan
                    missing += 1
        return missing


def too_many() -> Unreadable:
    return Unreadable("SPECTRUM_TOO_LARGE", f"The spectrum has more than {MAX_POINTS:,} points.")
