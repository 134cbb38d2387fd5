"""A spectrum as its field plots it, from the points that `parsers/spectra` kept (media type `application/vnd.leanda.xy+json`).

NMR runs from high to low shift or frequency (IUPAC, Pure Appl. Chem. 1972, 29, 627), infrared spectra from high to low wave
numbers; what the parser calls sticks, as mass spectra, are sticks. All else runs from left to right. An NMR spectrum in Hz
is shown in ppm where the file states the frequency of observation (IUPAC, Pure Appl. Chem. 2001, 73, 1795): Hz / MHz.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings.svg import Canvas, number

WIDTH: Final = 720
HEIGHT: Final = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 20, 26, 58
_INK: Final = "#14539a"
_FRAME: Final = "#444"
_MAX_LABEL: Final = 60
_TINY: Final = 1e-290
"""A range below this has no round numbers in it any more."""

_SHIFT: Final = "chemical shift / ppm"
_HERTZ: Final = "frequency / Hz"
_AXES: Final = (
    (r"1/CM|CM-1|CM\^-1|.*CM-1.*|.*WAVENUMBER.*", "wavenumber / cm⁻¹"),
    (r"PPM|.*\bPPM\b.*", _SHIFT),
    (r"HZ|HERTZ", _HERTZ),
    (r"NANOMETERS?|NM|.*\bNANOMETERS?\b.*", "wavelength / nm"),
    (r"MICROMETERS?|UM|µM", "wavelength / µm"),
    (r"M/Z|.*\bM/Z\b.*", "m/z"),
    (r"SECONDS?|SEC|S", "time / s"),
    (r"MINUTES?|MIN", "time / min"),
    (r"VOLTS?|V", "potential / V"),
    (r"AMPERES?|AMPS?|A", "current / A"),
    (r"ARBITRARY UNITS?", "intensity / arbitrary units"),
)
_AXIS_NAMES: Final = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _AXES)
_REVERSED: Final = {
    "NMR": frozenset({_SHIFT, _HERTZ}),
    "IR": frozenset({"wavenumber / cm⁻¹"}),
    "NIR": frozenset({"wavenumber / cm⁻¹"}),
}


@dataclass(frozen=True)
class Plot:
    """Points to be drawn, in the order of the file; a y of None is a gap."""

    x: Sequence[float]
    y: Sequence[float | None]
    x_name: str
    y_name: str
    sticks: bool
    reversed: bool
    title: str


def plot(text: str, properties: dict[str, Any]) -> bytes:
    """The SVG of a spectrum's first page.

    Args:
        properties: of the record; `technique` decides in which direction the axis runs, `frequency` (MHz) is that of NMR.

    Raises:
        NotDrawable: it has no finite point.
    """
    return drawn(read(text, properties))


def read(text: str, properties: dict[str, Any]) -> Plot:
    """The points of the artefact (`functions.parsers.spectra.formats.points` says what it holds)."""
    told = json.loads(text)
    factor = told.get("yFactor", 1)
    y = [None if value is None or not math.isfinite(value * factor) else value * factor for value in told["y"]]
    if "x" in told:
        x = told["x"]
    else:
        positions = told.get("at") or range(len(y))
        x = [told["first"] + at * told["delta"] for at in positions]
    technique = str(properties.get("technique") or "")
    x_name, y_name = axis_name(told.get("xUnits")), axis_name(told.get("yUnits"))
    observed = properties.get("frequency")
    if technique == "NMR" and x_name == _HERTZ and isinstance(observed, int | float) and observed > 0:
        x, x_name = [value / observed for value in x], _SHIFT
    pages = len(told.get("pages", ())) + 1
    parts = [technique, str(properties.get("nucleus") or "")]
    if pages > 1:
        parts.append(f"{told.get('label') or ''} (1 of {pages} pages)".strip())
    return Plot(
        x=x,
        y=y,
        x_name=x_name or "x",
        y_name=y_name or "y",
        sticks=told.get("style") == "sticks",
        reversed=x_name in _REVERSED.get(technique, frozenset()),
        title=" · ".join(part for part in parts if part),
    )


def axis_name(units: str | None) -> str:
    """What an axis is called by the units that the file states; unknown ones stay as they are written."""
    stated = " ".join((units or "").split())[:_MAX_LABEL]
    known = next((name for pattern, name in _AXIS_NAMES if pattern.fullmatch(stated)), None)
    if known or not stated:
        return known or ""
    return stated.lower() if stated.isupper() and len(stated) > 3 else stated


def drawn(plot: Plot) -> bytes:
    """The SVG: a frame with ticks and names, and the points inside."""
    points = [(x, y) for x, y in zip(plot.x, plot.y, strict=False) if y is not None and math.isfinite(x)]
    if not points:
        raise NotDrawable("The spectrum has no point that can be drawn.")
    across = _Axis.over([x for x, _ in points], _LEFT, WIDTH - _RIGHT, backwards=plot.reversed, margin=0.02)
    lowest = [0.0] if plot.sticks else []
    up = _Axis.over([y for _, y in points] + lowest, HEIGHT - _BOTTOM, _TOP, backwards=False, margin=0.05)
    canvas = Canvas(WIDTH, HEIGHT)
    _frame(canvas, across, up, plot)
    if plot.sticks:
        path = "".join(f"M{number(x)} {number(up.at(0.0))}V{number(y)}" for x, y in _tallest(points, across, up))
        width = 1.2
    else:
        path = "".join(_line(run, across, up) for run in _runs(plot))
        width = 1.1
    canvas.add("path", d=path, fill="none", stroke=_INK, stroke_width=width, stroke_linejoin="round")
    label = f"{plot.title or 'Spectrum'}: {plot.y_name} over {plot.x_name}"
    return canvas.finished(label)


@dataclass(frozen=True)
class _Axis:
    """From values to pixels. `low` is drawn at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float, *, backwards: bool, margin: float) -> _Axis:
        low, high = min(values), max(values)
        if not math.isfinite(2 * (high - low)):
            raise NotDrawable("The values of the spectrum lie too far apart to be drawn.")
        room = (high - low) * margin if high - low > _TINY else max(abs(high) * 0.05, 0.5)
        low, high = low - room, high + room
        return cls(low, high, end, start) if backwards else cls(low, high, start, end)

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, wanted: int) -> list[float]:
        """Round values at equal distances (1, 2 or 5 times a power of ten), about as many as wanted."""
        rough = (self.high - self.low) / wanted
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [round(n * step, 12 - math.floor(math.log10(step))) for n in range(first, min(last, first + 50) + 1)]


def _frame(canvas: Canvas, across: _Axis, up: _Axis, plot: Plot) -> None:
    left, right, top, bottom = _LEFT, WIDTH - _RIGHT, _TOP, HEIGHT - _BOTTOM
    canvas.add(
        "rect", x=left, y=top, width=right - left, height=bottom - top, fill="none", stroke=_FRAME, stroke_width=1
    )
    for value in across.ticks(8):
        x = across.at(value)
        canvas.add("line", x1=x, x2=x, y1=bottom, y2=bottom + 5, stroke=_FRAME)
        canvas.text(_tick(value), x=x, y=bottom + 19, font_size=12, fill=_FRAME, text_anchor="middle")
    for value in up.ticks(5):
        y = up.at(value)
        canvas.add("line", x1=left - 5, x2=left, y1=y, y2=y, stroke=_FRAME)
        canvas.text(_tick(value), x=left - 8, y=y + 4, font_size=12, fill=_FRAME, text_anchor="end")
    middle = (top + bottom) / 2
    canvas.text(plot.x_name, x=(left + right) / 2, y=HEIGHT - 14, font_size=14, fill="#222", text_anchor="middle")
    turned = f"rotate(-90 18 {number(middle)})"
    canvas.text(plot.y_name, x=18, y=middle, font_size=14, fill="#222", text_anchor="middle", transform=turned)
    if plot.title:
        canvas.text(plot.title, x=right, y=top - 9, font_size=12, fill=_FRAME, text_anchor="end")


def _tick(value: float) -> str:
    """A number as axes carry it: short, large and small ones with a power of ten."""
    if value and not 1e-3 <= abs(value) < 1e6:
        mantissa, power = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else (f"{value:.3g}", "0")
        return f"{mantissa}·10{str(int(power)).translate(_RAISED)}".replace("-", "−") if power != "0" else mantissa
    return f"{value:.10g}".replace("-", "−")


_RAISED: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _runs(plot: Plot) -> Iterator[list[tuple[float, float]]]:
    """Stretches without a gap."""
    run: list[tuple[float, float]] = []
    for x, y in zip(plot.x, plot.y, strict=False):
        if y is not None and math.isfinite(x):
            run.append((x, y))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(run: list[tuple[float, float]], across: _Axis, up: _Axis) -> str:
    """A path: in each column of pixels the first, the lowest, the highest and the last point, so no peak is lost."""
    kept: list[tuple[float, float]] = []
    column: list[tuple[float, float]] = []
    for x, y in ((across.at(x), up.at(y)) for x, y in run):
        if column and int(column[0][0]) != int(x):
            kept += _ends_and_extremes(column)
            column = []
        column.append((x, y))
    kept += _ends_and_extremes(column)
    if len(kept) == 1:
        kept.append((kept[0][0] + 1, kept[0][1]))
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in kept)


def _ends_and_extremes(column: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(column) <= 4:
        return column
    ys = [y for _, y in column]
    return [column[at] for at in sorted({0, ys.index(min(ys)), ys.index(max(ys)), len(column) - 1})]


def _tallest(points: list[tuple[float, float]], across: _Axis, up: _Axis) -> list[tuple[float, float]]:
    """In each half pixel the stick that reaches farthest from zero."""
    zero = up.at(0.0)
    columns: dict[int, tuple[float, float]] = {}
    for x, y in ((across.at(x), up.at(y)) for x, y in points):
        column = int(x * 2)
        if column not in columns or abs(y - zero) > abs(columns[column][1] - zero):
            columns[column] = (x, y)
    return [columns[column] for column in sorted(columns)]
