"""The points of a spectrum: their ranges, and the artefact a plot is drawn from.

Media type `application/vnd.leanda.xy+json`, one JSON object:

- `points`: how many points the spectrum has; `decimated`: true when fewer are given here. Then each bucket of
  neighbouring points gives its lowest and its highest, so no peak is lost.
- `style`: `line`, or `sticks` for peaks.
- `xUnits`, `yUnits`: as the file states them; absent when it states none.
- x: either `x`, a list, or `first` and `delta`: the i-th x is first + i · delta. Of a decimated spectrum `at` lists the
  positions i of the points that are given.
- y: the list `y`; multiply by `yFactor` where that is given. `null` is a point that the file marks as missing.
- `label`: what the page is, where the spectrum has several; the further pages stand in `pages`, each with `label`, x and y.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from leanda.contracts.artefacts import Structure

XY_JSON: Final = "application/vnd.leanda.xy+json"
PLOT_POINTS: Final = 20_000
PLOT_PAGES: Final = 16
_EXACT: Final = 1e15
MAX_POINTS: Final = 8_000_000
"""Points of one spectrum with all its pages; more are refused (a two-dimensional NMR spectrum of 2048 × 2048 fits)."""


def numbers(values: Iterable[float] = ()) -> array[float]:
    return array("d", values)


@dataclass
class Points:
    """Points of a spectrum or of one page of it.

    Attributes:
        y: ordinates as stored, NaN where the file marks a missing value; times `y_factor` they are in the file's unit.
        x: abscissas, or None when they are evenly spaced from `first` by `delta`.
        missing: how many of `y` are NaN.
        single_x, single_y: True when the file stores these numbers with 32 bits.
    """

    y: array[float]
    y_factor: float = 1.0
    x: array[float] | None = None
    first: float = 0.0
    delta: float = 1.0
    missing: int = 0
    label: str | None = None
    single_x: bool = False
    single_y: bool = False

    def __len__(self) -> int:
        return len(self.y)

    def x_at(self, at: int) -> float:
        return self.x[at] if self.x is not None else self.first + at * self.delta

    def y_at(self, at: int) -> float | None:
        value = _times(self.y[at], self.y_factor)
        return value if math.isfinite(value) else None

    @cached_property
    def y_range(self) -> tuple[float, float] | None:
        """Lowest and highest ordinate in the file's unit; None without a point."""
        present = [value for value in self.y if value == value] if self.missing else self.y
        if not present:
            return None
        ends = sorted((_times(min(present), self.y_factor), _times(max(present), self.y_factor)))
        return (ends[0], ends[1]) if all(map(math.isfinite, ends)) else None

    @cached_property
    def x_range(self) -> tuple[float, float] | None:
        if not self.y:
            return None
        if self.x is not None:
            return min(self.x), max(self.x)
        ends = sorted((self.x_at(0), self.x_at(len(self.y) - 1)))
        return ends[0], ends[1]

    def drawn(self, most: int) -> Iterator[str]:
        """Members of a JSON object: x and y for a plot, of at most `most` points."""
        if self.label is not None:
            yield f'"label":{json.dumps(self.label)}'
        if self.y_factor != 1:
            yield f'"yFactor":{self.y_factor!r}'
        x, y, chosen = self.x, self.y, None
        if len(y) > most:
            chosen = self._extremes(most // 2)
            x = numbers(x[at] for at in chosen) if x is not None else None
            y = numbers(y[at] for at in chosen)
        if x is not None:
            yield f'"x":[{_written(x, self.single_x)}]'
        else:
            yield f'"first":{self.first!r},"delta":{self.delta!r}'
            if chosen:
                yield f'"at":[{",".join(map(str, chosen))}]'
        yield f'"y":[{_written(y, self.single_y)}]'

    def _extremes(self, buckets: int) -> list[int]:
        """Positions of the lowest and the highest point of each bucket."""
        count, chosen = len(self.y), []
        for n in range(buckets):
            start, end = n * count // buckets, (n + 1) * count // buckets
            bucket = self.y[start:end].tolist()
            if self.missing:
                bucket = [value if value == value else bucket[0] for value in bucket]
            low, high = sorted((bucket.index(min(bucket)), bucket.index(max(bucket))))
            chosen.append(start + low)
            if high > low:
                chosen.append(start + high)
        return chosen


def _times(value: float, factor: float) -> float:
    """A product as exact as decimals: 950 times 0.001 is 0.95, which binary arithmetic misses but for powers of two."""
    if abs(math.frexp(factor)[0]) == 0.5 or not math.isfinite(value):
        return value * factor
    return float(Decimal(repr(value)) * Decimal(repr(factor)))


def _written(values: array[float], single: bool) -> str:
    """Numbers as JSON, none rounded: integers without a point, 32-bit numbers with the nine digits that tell them apart."""
    if not values:
        return ""
    if not math.isfinite(min(values)) or not math.isfinite(max(values)) or not math.isfinite(sum(values)):
        return ",".join(repr(value) if math.isfinite(value) else "null" for value in values)
    if max(values) < _EXACT and min(values) > -_EXACT and all(map(float.is_integer, values)):
        return ",".join(map(str, map(int, values)))
    return ",".join([f"{value:.9g}" for value in values] if single else map(repr, values))


def properties_of(points: Points) -> dict[str, Any]:
    """Count, ends and ranges of the points, in the units of the spectrum's axes."""
    found: dict[str, Any] = {"pointCount": len(points)}
    if len(points):
        found |= {"firstX": points.x_at(0), "lastX": points.x_at(len(points) - 1)}
        found |= {"firstY": points.y_at(0), "lastY": points.y_at(len(points) - 1)}
    if points.x_range:
        found["minX"], found["maxX"] = points.x_range
    if points.y_range:
        found["minY"], found["maxY"] = points.y_range
    if points.missing:
        found["missingPoints"] = points.missing
    return {name: value for name, value in found.items() if not (isinstance(value, float) and not math.isfinite(value))}


def plot_of(pages: list[Points], *, x_units: str | None, y_units: str | None, sticks: bool = False) -> Structure | None:
    """The artefact of a spectrum (see the module); None when there is nothing to draw."""
    pages = [page for page in pages[:PLOT_PAGES] if len(page)]
    if not pages:
        return None
    most = max(2, PLOT_POINTS // len(pages))
    members = [
        f'"points":{len(pages[0])}',
        f'"decimated":{json.dumps(any(len(page) > most for page in pages))}',
        f'"style":"{"sticks" if sticks else "line"}"',
        *(f'"{name}":{json.dumps(units)}' for name, units in (("xUnits", x_units), ("yUnits", y_units)) if units),
        *pages[0].drawn(most),
    ]
    if len(pages) > 1:
        further = ",".join(f"{{{','.join(page.drawn(most))}}}" for page in pages[1:])
        members.append(f'"pages":[{further}]')
    return Structure(media_type=XY_JSON, text=f"{{{','.join(members)}}}")
