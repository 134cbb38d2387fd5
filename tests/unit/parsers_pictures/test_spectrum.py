"""Spectra, plotted: directions of axes, names with units, and peaks that are not lost."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import spectrum
from functions.parsers.spectra.formats import jcamp
from functions.parsers.spectra.formats.points import XY_JSON, Points, numbers, plot_of
from tests.samples import sample
from tests.unit.parsers_pictures.drawn import Seen


def plotted(technique: str = "", **members: Any) -> Seen:
    told = {"points": 3, "decimated": False, "style": "line", "y": [1, 5, 2], "first": 400, "delta": 300} | members
    return Seen(spectrum.plot(json.dumps(told), {"technique": technique}))


def path_of(seen: Seen) -> list[tuple[float, float]]:
    (path,) = seen.all("path")
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path.get("d", ""))]


@pytest.mark.parametrize(
    ("technique", "units", "name", "falls"),
    [
        ("IR", "1/CM", "wavenumber / cm⁻¹", True),
        ("IR", "Wavenumber (cm-1)", "wavenumber / cm⁻¹", True),
        ("IR", "MICROMETERS", "wavelength / µm", False),
        ("Raman", "1/CM", "wavenumber / cm⁻¹", False),
        ("NMR", "PPM", "chemical shift / ppm", True),
        ("NMR", "HZ", "frequency / Hz", True),
        ("NMR", "SECONDS", "time / s", False),
        ("UV/VIS", "NANOMETERS", "wavelength / nm", False),
        ("MS", "M/Z", "m/z", False),
        ("MS", "Mass (M/z)", "m/z", False),
        ("", "furlongs", "furlongs", False),
        ("", None, "x", False),
    ],
)
def test_an_axis_has_a_name_and_runs_as_the_field_draws_it(
    technique: str, units: str | None, name: str, falls: bool
) -> None:
    seen = plotted(technique, **({"xUnits": units} if units else {}))
    assert name in seen.texts
    assert (seen.place("1000")[0] < seen.place("400")[0]) is falls
    points = path_of(seen)
    assert (points[0][0] > points[-1][0]) is falls


@pytest.mark.parametrize(
    ("technique", "observed", "name", "ticks"),
    [
        ("NMR", 400.0, "chemical shift / ppm", {"0", "10"}),
        ("NMR", 200, "chemical shift / ppm", {"0", "20"}),
        ("NMR", None, "frequency / Hz", {"0", "4000"}),
        ("NMR", 0, "frequency / Hz", {"0", "4000"}),
        ("EPR", 400.0, "frequency / Hz", {"0", "4000"}),
    ],
)
def test_nmr_in_hertz_is_shown_in_ppm_where_the_frequency_is_known(
    technique: str, observed: float | None, name: str, ticks: set[str]
) -> None:
    told = {"yUnits": "", "y": [1, 2, 3], "x": [0, 2000, 4000], "xUnits": "HZ"}
    properties = {"technique": technique} | ({} if observed is None else {"frequency": observed})
    seen = Seen(spectrum.plot(json.dumps(told), properties))
    assert name in seen.texts
    assert ticks <= set(seen.texts)
    xs = [x for x, _ in path_of(seen)]
    assert xs == sorted(xs, reverse=technique == "NMR")


def test_a_proton_spectrum_of_a_spectrometer_is_shown_as_chemists_expect() -> None:
    data = sample("1h.dx").read_bytes()
    record = next(record for record in jcamp.FORMAT.read(data, first_index=0, head=data) if record.structure)
    assert record.structure is not None
    plot = spectrum.read(record.structure.text, record.properties)
    assert plot.x_name == "chemical shift / ppm"
    assert plot.reversed
    assert -10 < min(plot.x) < max(plot.x) < 30


def test_a_falling_file_is_drawn_like_a_rising_one() -> None:
    rising, falling = plotted("IR", xUnits="1/CM"), plotted("IR", xUnits="1/CM", first=1000, delta=-300, y=[2, 5, 1])
    assert sorted(path_of(rising)) == sorted(path_of(falling))


def test_higher_is_up_and_the_factor_counts() -> None:
    seen = plotted(y=[0, 10, 5], yFactor=0.1)
    low, high, middle = (y for _, y in path_of(seen))
    assert high < middle < low
    assert {"0", "1"} <= set(seen.texts), "ticks of the scaled values"


@pytest.mark.parametrize("seed", range(5))
def test_a_peak_of_one_point_among_very_many_is_not_lost(seed: int) -> None:
    chance = random.Random(seed)
    y = [chance.random() for _ in range(20_000)]
    at = chance.randrange(len(y))
    y[at] = 100.0
    seen = plotted(y=y, first=0, delta=1)
    points = path_of(seen)
    assert len(points) <= 4 * spectrum.WIDTH
    axis_room = spectrum.HEIGHT
    assert min(point[1] for point in points) < 0.15 * axis_room
    peak = min(points, key=lambda point: point[1])
    assert abs(peak[0] - (points[0][0] + (points[-1][0] - points[0][0]) * at / len(y))) < 1


def test_sticks_stand_on_zero() -> None:
    seen = plotted("MS", style="sticks", x=[50, 77, 120], y=[10, 100, 50], xUnits="M/Z")
    (path,) = seen.all("path")
    sticks = re.findall(r"M([-\d.]+) ([-\d.]+)V([-\d.]+)", path.get("d", ""))
    assert len(sticks) == 3
    assert len({base for _, base, _ in sticks}) == 1
    assert min(float(top) for _, _, top in sticks) == float(sticks[1][2])


def test_the_tallest_of_many_sticks_in_one_place_is_seen() -> None:
    x = [100 + n * 1e-6 for n in range(5000)] + [200]
    y = [1.0] * 5000 + [1.0]
    y[4321] = 50.0
    (path,) = plotted(style="sticks", x=x, y=y).all("path")
    sticks = re.findall(r"V([-\d.]+)", path.get("d", ""))
    assert len(sticks) < 10
    assert min(map(float, sticks)) < 0.2 * spectrum.HEIGHT


def test_a_gap_is_not_drawn_over() -> None:
    (path,) = plotted(y=[1, None, 3, 4], first=0, delta=1).all("path")
    assert path.get("d", "").count("M") == 2


def test_positions_of_a_decimated_spectrum_are_kept() -> None:
    seen = plotted(y=[1, 5, 2], first=0, delta=1, at=[0, 10, 1000])
    (x0, _), (x1, _), (x2, _) = path_of(seen)
    assert x1 - x0 < (x2 - x1) / 50


def test_several_pages_are_said() -> None:
    seen = plotted("NMR", label="REAL", pages=[{"label": "IMAGINARY", "y": [1, 2, 3], "first": 0, "delta": 1}])
    assert "NMR · REAL (1 of 2 pages)" in seen.texts


@pytest.mark.parametrize("y", [[], [None], [1e308 * 10, None]])
def test_a_spectrum_without_points_has_no_picture(y: list[float | None]) -> None:
    with pytest.raises(NotDrawable):
        plotted(y=y)


@pytest.mark.parametrize("y", [[5], [5, 5, 5], [0, 0], [1e-300, 2e-300], [1e300, -1e300], [1e15, 1e15 + 1]])
def test_any_range_of_values_is_drawn(y: list[float]) -> None:
    assert path_of(plotted(y=y))


def test_what_the_parser_keeps_is_what_is_drawn() -> None:
    pages = [Points(numbers([1.0, 9.0, 4.0]), x=numbers([10.0, 20.0, 30.0]))]
    kept = plot_of(pages, x_units="NANOMETERS", y_units="ABSORBANCE")
    assert kept is not None
    assert kept.media_type == XY_JSON
    seen = Seen(spectrum.plot(kept.text, {"technique": "UV/VIS"}))
    assert {"wavelength / nm", "absorbance", "UV/VIS"} <= set(seen.texts)
    assert len(path_of(seen)) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.5, "0.5"), (-2, "−2"), (1500000, "1.5·10⁶"), (2e-7, "2·10⁻⁷"), (999999, "999999"), (0.001, "0.001")],
)
def test_numbers_at_ticks_are_short(value: float, text: str) -> None:
    assert spectrum._tick(value) == text
