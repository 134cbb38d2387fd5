"""Atoms of an XYZ frame as balls and sticks, seen from where they spread most.

Bonds are guessed from distances, because the format states none.
"""

from __future__ import annotations

import math
from typing import Any, Final

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings.space import Site, Turn, Vector, View, atoms, bonds, put
from functions.parsers.pictures.drawings.svg import Canvas
from leanda.parsing.xyz import USUAL, columns_of, element_of

SIDE: Final = 480
MAX_ATOMS: Final = 1000
"""More could not be told apart."""
_MARGIN: Final = 52.0
_PIXELS_TO_ANGSTROM: Final = 90.0
_TILT: Final = math.radians(18)
_UNKNOWN_RADIUS: Final = 0.5
_ROUNDS: Final = 60


def balls(text: str, properties: dict[str, Any]) -> bytes:
    """The SVG of a frame.

    Args:
        properties: of the record; `formula` is its caption.

    Raises:
        NotDrawable: it has no atom, or too many.
    """
    sites = sites_of(text)
    if not sites:
        raise NotDrawable("The geometry has no atom.")
    if len(sites) > MAX_ATOMS:
        raise NotDrawable(f"The geometry has {len(sites):,} atoms; up to {MAX_ATOMS:,} are drawn.")
    places = [site.place for site in sites]
    if max(map(abs, (value for place in places for value in place))) > 1e6:
        raise NotDrawable("The geometry's atoms are too far apart.")
    view = View.around(places, turn_of(places), side=SIDE, margin=_MARGIN, most=_PIXELS_TO_ANGSTROM)
    canvas = Canvas(SIDE, SIDE)
    put(canvas, [*bonds(view, sites), *atoms(view, sites)])
    caption = str(properties.get("formula") or f"{len(sites)} atoms")
    canvas.text(caption, x=SIDE / 2, y=SIDE - 10, font_size=13, fill="#333", text_anchor="middle")
    return canvas.finished(f"Geometry: {caption}")


def sites_of(text: str) -> list[Site]:
    """The atoms of a frame that its parser took."""
    import gemmi

    count, comment, *lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    columns, sites = columns_of(comment) or USUAL, []
    for cells in map(str.split, lines[: int(count)]):
        if (place := columns.place_of(cells)) is None:
            continue
        name = columns.name_of(cells)
        symbol = element_of(name)
        sites.append(Site(place, symbol or name, gemmi.Element(symbol).covalent_r if symbol else _UNKNOWN_RADIUS))
    return sites


def turn_of(places: list[Vector]) -> Turn:
    """The longest extent to the right, the second one upwards (principal axes), seen a little from above."""
    middle = [math.fsum(place[axis] for place in places) / len(places) for axis in range(3)]
    moved = [[place[axis] - middle[axis] for axis in range(3)] for place in places]
    spread = [[math.fsum(one[i] * one[j] for one in moved) for j in range(3)] for i in range(3)]
    first = _main_axis(spread, [])
    second = _main_axis(spread, [first])
    third = _crossed(first, second)
    up = [math.cos(_TILT) * b + math.sin(_TILT) * c for b, c in zip(second, third, strict=True)]
    near = [-math.sin(_TILT) * b + math.cos(_TILT) * c for b, c in zip(second, third, strict=True)]

    def turned(place: Vector) -> Vector:
        return math.sumprod(place, first), -math.sumprod(place, up), math.sumprod(place, near)

    return turned


def _main_axis(spread: list[list[float]], others: list[list[float]]) -> list[float]:
    """The direction of the largest spread that is perpendicular to the others, by power iteration."""
    axis = max(
        (_perpendicular([float(i == at) for i in range(3)], others) for at in range(3)),
        key=lambda one: _length([math.sumprod(row, one) for row in spread]) + 1e-9 * _length(one),
    )
    axis = [value / _length(axis) for value in axis]
    for _ in range(_ROUNDS):
        further = _perpendicular([math.sumprod(row, axis) for row in spread], others)
        if (length := _length(further)) < 1e-9:
            break  # Nothing spreads in any further direction: one atom, or atoms in a line.
        axis = [value / length for value in further]
    return axis


def _perpendicular(vector: list[float], others: list[list[float]]) -> list[float]:
    for other in others:
        share = math.sumprod(vector, other)
        vector = [value - share * part for value, part in zip(vector, other, strict=True)]
    return vector


def _crossed(a: list[float], b: list[float]) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _length(vector: list[float]) -> float:
    return math.hypot(*vector)
