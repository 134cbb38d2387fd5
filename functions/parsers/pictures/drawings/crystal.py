"""A unit cell: its edges with the axes a, b and c, and the atoms in it where the block states them as fractions.

The view is fixed: c upwards, a towards the reader and to the left, b to the right (as International Tables draw cells), a little
from above.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings.space import Part, Site, Vector, View, atoms, bonds, line, put
from functions.parsers.pictures.drawings.svg import Canvas

SIDE: Final = 480
MAX_ATOMS: Final = 400
"""In one cell; fuller cells are drawn without their atoms, which could not be told apart."""
_MARGIN: Final = 52.0
_TURN: Final = math.radians(-110)
_TILT: Final = math.radians(16)
_EDGE: Final = "#555"
_AXES: Final = (("a", "#c62828"), ("b", "#2e7d32"), ("c", "#1565c0"))
_CELL: Final = (
    "cellLengthA", "cellLengthB", "cellLengthC", "cellAngleAlpha", "cellAngleBeta", "cellAngleGamma",
)  # fmt: skip
_NO_CELL: Final = "The crystal states no unit cell that can be drawn."


def cell(text: str, properties: dict[str, Any]) -> bytes:
    """The SVG of a data block's unit cell.

    Args:
        properties: of the record, which hold the cell's lengths (Å) and angles (°) as its parser read them.

    Raises:
        NotDrawable: there is no cell, or one of no volume.
    """
    import gemmi

    parameters = [properties.get(name) for name in _CELL]
    if not all(isinstance(value, int | float) and 0 < value < 1e4 for value in parameters):
        raise NotDrawable(_NO_CELL)
    unit = gemmi.UnitCell(*parameters)
    if not (math.isfinite(unit.volume) and unit.volume > 1e-3):
        raise NotDrawable(_NO_CELL)
    edges = [_vector(unit.orthogonalize(gemmi.Fractional(*one))) for one in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    name = " ".join(str(properties.get("spaceGroupSymbol") or "").split())
    return drawn(edges, _sites(text, unit), name)


def _sites(text: str, unit: Any) -> list[Site]:
    """All atoms of a cell, those on its faces once for each face; none when the block does not state them or they are too many."""
    import gemmi

    try:
        block = gemmi.cif.read_string(text).sole_block()
        small = gemmi.make_small_structure_from_block(block)
        if len(small.sites) > MAX_ATOMS:
            return []
        found = small.get_all_unit_cell_sites()
    except (RuntimeError, ValueError, IndexError):
        return []
    sites: list[Site] = []
    for site in found:
        fraction = site.fract.wrap_to_unit()
        if not all(map(math.isfinite, (fraction.x, fraction.y, fraction.z))):  # stated as `?`
            continue
        for repeated in itertools.product(*(_repeats(value) for value in (fraction.x, fraction.y, fraction.z))):
            place = _vector(unit.orthogonalize(gemmi.Fractional(*repeated)))
            sites.append(Site(place, site.element.name, site.element.covalent_r))
            if len(sites) > MAX_ATOMS:
                return []
    return sites


def _repeats(fraction: float) -> tuple[float, ...]:
    """A coordinate on a face of the cell is on the opposite face too."""
    if fraction < 0.01:
        return fraction, fraction + 1
    return (fraction, fraction - 1) if fraction > 0.99 else (fraction,)


def _vector(position: Any) -> Vector:
    return position.x, position.y, position.z


def drawn(edges: Sequence[Vector], sites: Sequence[Site], name: str) -> bytes:
    """The SVG of a cell by its three edges (Å), with atoms."""
    corners = [_corner(edges, corner) for corner in itertools.product((0, 1), repeat=3)]
    view = View.around(corners, _turned, side=SIDE, margin=_MARGIN)
    canvas = Canvas(SIDE, SIDE)
    put(canvas, [*_edges(view, edges), *_axes(view, edges), *bonds(view, sites), *atoms(view, sites)])
    for edge, (letter, colour) in zip(edges, _AXES, strict=True):
        _letter(canvas, view, edge, letter, colour)
    lengths = ", ".join(f"{letter} = {math.hypot(*edge):.3f}" for edge, (letter, _) in zip(edges, _AXES, strict=True))
    caption = f"{name} · {lengths} Å" if name else f"{lengths} Å"
    canvas.text(caption, x=SIDE / 2, y=SIDE - 10, font_size=13, fill="#333", text_anchor="middle")
    return canvas.finished(f"Unit cell: {caption}")


def _turned(place: Vector) -> Vector:
    """Right, down and towards the reader."""
    x, y, z = place
    right = x * math.cos(_TURN) - y * math.sin(_TURN)
    back = x * math.sin(_TURN) + y * math.cos(_TURN)
    up = z * math.cos(_TILT) + back * math.sin(_TILT)
    return right, -up, -back * math.cos(_TILT) + z * math.sin(_TILT)


def _corner(edges: Sequence[Vector], corner: Sequence[int]) -> Vector:
    x, y, z = (sum(part * edge[axis] for part, edge in zip(corner, edges, strict=True)) for axis in range(3))
    return x, y, z


def _edges(view: View, edges: Sequence[Vector]) -> Iterator[Part]:
    """The twelve edges; the three that meet in the corner farthest from the reader are dashed."""
    corners = list(itertools.product((0, 1), repeat=3))
    farthest = min(corners, key=lambda corner: _turned(_corner(edges, corner))[2])
    for start in corners:
        for axis in range(3):
            if start[axis]:
                continue
            end = tuple(1 if at == axis else value for at, value in enumerate(start))
            dash = {"stroke_dasharray": "5 4"} if farthest in (start, end) else {}
            look = {"stroke": _EDGE, "stroke_width": 1.2, **dash}
            yield from line(view, _corner(edges, start), _corner(edges, end), look)


def _axes(view: View, edges: Sequence[Vector]) -> Iterator[Part]:
    for edge, (_, colour) in zip(edges, _AXES, strict=True):
        yield from line(view, (0.0, 0.0, 0.0), edge, {"stroke": colour, "stroke_width": 2.4})


def _letter(canvas: Canvas, view: View, edge: Vector, letter: str, colour: str) -> None:
    (x1, y1), (x2, y2) = view.at((0.0, 0.0, 0.0)), view.at(edge)
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    x, y = x2 + (x2 - x1) / length * 26, y2 + (y2 - y1) / length * 26
    canvas.text(
        letter, x=x, y=y + 6, font_size=18, font_style="italic", font_weight="bold", fill=colour, text_anchor="middle"
    )
