"""Atoms in space, drawn as balls and sticks: what cells and geometries have in common.

Without perspective; what is nearer covers what is behind. Colours and radii follow the CPK tradition.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from functions.parsers.pictures.drawings.svg import Canvas

_COLOURS: Final = {
    "H": "#f2f2f2", "C": "#6b6b6b", "N": "#3f6fd9", "O": "#e03131", "F": "#8fd14f", "Cl": "#3aa63a", "Br": "#9c3b1f",
    "I": "#7b2fa0", "S": "#f0c419", "P": "#f08c2e", "B": "#f2b5a0", "Na": "#a06bd6", "K": "#8e4ec6", "Li": "#c792ea",
    "Mg": "#77c63f", "Ca": "#5dbb3f", "Fe": "#d9713c", "Cu": "#c88033", "Zn": "#7d80b0", "Al": "#bfa6a6", "Si": "#d9b98c",
    "Ti": "#a9a9b8", "Au": "#f2c230", "Ag": "#b8b8c4", "Pt": "#c4c4d4", "Pd": "#5b7f95",
}  # fmt: skip
_OTHER: Final = "#b07aa1"
_IONS: Final = frozenset(["Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba"])
_PIECES: Final = 4

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Site:
    """An atom: Cartesian coordinates and covalent radius in Å."""

    place: Vector
    element: str
    radius: float


@dataclass(frozen=True)
class Part:
    """One element of the drawing; `depth` is larger for what is nearer."""

    depth: float
    element: str
    attributes: dict[str, object]


type Turn = Callable[[Vector], Vector]
"""From places to what is seen of them: right, down and towards the reader, in Å."""


@dataclass(frozen=True)
class View:
    """From Å to pixels."""

    turn: Turn
    scale: float
    left: float
    top: float

    @classmethod
    def around(
        cls, places: Iterable[Vector], turn: Turn, *, side: float, margin: float, most: float = math.inf
    ) -> View:
        """A view of a square of `side` pixels that holds all places, at most `most` pixels to an Å; a caption has room below."""
        seen = [turn(place) for place in places]
        xs, ys = [p[0] for p in seen], [p[1] for p in seen]
        room = side - 2 * margin
        extents = (max(xs) - min(xs), max(ys) - min(ys))
        scale = min([most, *(room / extent for extent in extents if extent > 0)])
        left = side / 2 - scale * (max(xs) + min(xs)) / 2
        return cls(turn, scale, left, side / 2 - 8 - scale * (max(ys) + min(ys)) / 2)

    def at(self, place: Vector) -> tuple[float, float]:
        x, y, _ = self.turn(place)
        return self.left + x * self.scale, self.top + y * self.scale

    def depth(self, place: Vector) -> float:
        """Larger for what is nearer."""
        return self.turn(place)[2]


def put(canvas: Canvas, parts: Iterable[Part]) -> None:
    """Add the parts to a drawing, the farthest first."""
    for part in sorted(parts, key=lambda part: part.depth):
        canvas.add(part.element, **part.attributes)


def line(view: View, start: Vector, end: Vector, look: dict[str, object]) -> Iterator[Part]:
    """In pieces, which are covered one by one."""
    marks = [between(start, end, piece / _PIECES) for piece in range(_PIECES + 1)]
    for one, other in itertools.pairwise(marks):
        (x1, y1), (x2, y2) = view.at(one), view.at(other)
        depth = view.depth(between(one, other, 0.5))
        yield Part(depth, "line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, **look})


def between(start: Vector, end: Vector, share: float) -> Vector:
    x, y, z = (a + (b - a) * share for a, b in zip(start, end, strict=True))
    return x, y, z


def atoms(view: View, sites: Sequence[Site]) -> Iterator[Part]:
    for site in sites:
        x, y = view.at(site.place)
        radius = max(2.0, min(0.42 * (site.radius + 0.25) * view.scale, 16.0))
        look = {"fill": _COLOURS.get(site.element, _OTHER), "stroke": "#333", "stroke_width": 0.8}
        yield Part(view.depth(site.place) + site.radius / 2, "circle", {"cx": x, "cy": y, "r": radius, **look})


def bonds(view: View, sites: Sequence[Site]) -> Iterator[Part]:
    """Between atoms nearer than 1.15 times the sum of their covalent radii; nearer than 0.6 Å they are the same one, disordered.

    Alkali and alkaline-earth metals have none: what holds them is no bond in any one direction.
    """
    look = {"stroke": "#8a8a8a", "stroke_width": max(1.2, min(0.16 * view.scale, 4.0))}
    bound = [site for site in sites if site.element not in _IONS]
    for first, second in itertools.combinations(bound, 2):
        if 0.6 < math.dist(first.place, second.place) < 1.15 * (first.radius + second.radius):
            yield from line(view, first.place, second.place, look)
