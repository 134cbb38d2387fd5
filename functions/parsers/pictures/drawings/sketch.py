"""A molecule on paper: atoms at their places, bonds between them, drawn as chemists draw (IUPAC, "Graphical representation
standards for chemical structure diagrams", 2008). Pure; whatever read the molecule is not known here.

Text stays text: no font is needed where it is drawn, and widths are those of Helvetica, which browsers have or imitate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from functions.parsers.pictures.drawings.svg import Canvas, number

Point = tuple[float, float]

BOND_PIXELS: Final = 46.0
"""Length of a bond where there is room for it."""
_FONT: Final = 0.4
_GAP: Final = 0.13
"""Size of letters and distance of the lines of a double bond, in bond lengths."""
_INK: Final = "#222"
_COLOURS: Final = {
    "N": "#1f4fd8", "O": "#d01010", "S": "#a07800", "P": "#c85a00", "F": "#138a13", "Cl": "#138a13", "Br": "#8b3a1a",
    "I": "#6a1b9a", "B": "#b0703c", "Se": "#a07800", "Si": "#8a7040",
}  # fmt: skip
_WIDTHS: Final = {
    "I": 0.28,
    "l": 0.22,
    "i": 0.22,
    "r": 0.33,
    "f": 0.28,
    "t": 0.28,
    "m": 0.83,
    "M": 0.83,
    "O": 0.78,
    "+": 0.58,
}
_LEFT_ALONE: Final = frozenset({"O", "S", "Se", "Te", "F", "Cl", "Br", "I"})
"""Elements whose hydrides are written with the hydrogen first: H₂O, HCl."""


class Line(StrEnum):
    """How a bond is drawn, where it is not by its order alone."""

    PLAIN = "plain"
    UP = "up"
    DOWN = "down"
    EITHER = "either"
    AROMATIC = "aromatic"
    ANY = "any"


@dataclass(frozen=True)
class Atom:
    """An atom: `x` and `y` in any unit, y upwards; `symbol` is an element's, or what else stands there (`R1`, `*`)."""

    x: float
    y: float
    symbol: str = "C"
    hydrogens: int = 0
    charge: int = 0
    isotope: int = 0
    radicals: int = 0


@dataclass(frozen=True)
class Bond:
    """A bond between two atoms by position; a wedge has its point at `a`. `inside` is the middle of its ring, if it is in one."""

    a: int
    b: int
    order: int = 1
    line: Line = Line.PLAIN
    inside: Point | None = None


@dataclass
class Sketch:
    """A molecule to be drawn. Coordinates become bond lengths: its bonds are one unit long in the middle."""

    atoms: list[Atom]
    bonds: list[Bond]
    _places: list[Point] = field(default_factory=list)

    def __post_init__(self) -> None:
        lengths = sorted(math.dist(self._xy(bond.a), self._xy(bond.b)) for bond in self.bonds)
        unit = lengths[len(lengths) // 2] if lengths else 0.0
        unit = unit if unit > 1e-6 else 1.0
        self._places = [(atom.x / unit, -atom.y / unit) for atom in self.atoms]
        self._insides = [(b.inside[0] / unit, -b.inside[1] / unit) if b.inside else None for b in self.bonds]
        self._neighbours: list[list[int]] = [[] for _ in self.atoms]
        for bond in self.bonds:
            self._neighbours[bond.a].append(bond.b)
            self._neighbours[bond.b].append(bond.a)
        self._labels = [self._label(at) for at in range(len(self.atoms))]

    def _xy(self, at: int) -> Point:
        return self.atoms[at].x, self.atoms[at].y

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of everything that is drawn, in bond lengths."""
        boxes = [
            label.box(place) if label else (*place, *place)
            for place, label in zip(self._places, self._labels, strict=True)
        ]
        left, top, right, bottom = zip(*boxes, strict=True)
        return min(left), min(top), max(right), max(bottom)

    def draw(self, canvas: Canvas, *, left: float, top: float, scale: float) -> None:
        """Draw it with the corner of its box at a place, in pixels; `scale` is pixels for a bond length."""
        corner = self.box
        pen = _Pen(canvas, lambda p: (left + (p[0] - corner[0]) * scale, top + (p[1] - corner[1]) * scale), scale)
        for bond, inside in zip(self.bonds, self._insides, strict=True):
            self._draw_bond(pen, bond, inside)
        for place, label in zip(self._places, self._labels, strict=True):
            if label:
                pen.label(place, label)

    # --- bonds --------------------------------------------------------------------------------------------------------

    def _draw_bond(self, pen: _Pen, bond: Bond, inside: Point | None) -> None:
        start, end = self._ends(bond)
        if math.dist(start, end) < 1e-3:
            return
        across = _across(start, end)
        if bond.line is Line.ANY:
            pen.line(start, end, dashed=True)
        elif bond.order == 1 and bond.line in (Line.UP, Line.DOWN, Line.EITHER):
            pen.wedge(start, end, across, bond.line)
        elif bond.order == 3:
            for shift in (-_GAP, 0.0, _GAP):
                pen.line(_moved(start, across, shift), _moved(end, across, shift))
        elif bond.order == 2 or bond.line is Line.AROMATIC:
            self._draw_double(pen, bond, inside, start, end, across)
        else:
            pen.line(start, end)

    def _draw_double(
        self, pen: _Pen, bond: Bond, inside: Point | None, start: Point, end: Point, across: Point
    ) -> None:
        side = self._side(bond, inside, across)
        dashed = bond.line is Line.AROMATIC
        if side == 0:
            if bond.line is Line.EITHER:  # crossed: which way it is turned is not known
                pen.line(_moved(start, across, _GAP / 2), _moved(end, across, -_GAP / 2))
                pen.line(_moved(start, across, -_GAP / 2), _moved(end, across, _GAP / 2))
                return
            pen.line(_moved(start, across, -_GAP / 2), _moved(end, across, -_GAP / 2))
            pen.line(_moved(start, across, _GAP / 2), _moved(end, across, _GAP / 2), dashed=dashed)
            return
        pen.line(start, end)
        second = [_moved(point, across, side * _GAP * 1.2) for point in (start, end)]
        # The second line is shorter where others meet, and as long as the first where the bond ends at a label.
        if not self._labels[bond.a] and len(self._neighbours[bond.a]) > 1:
            second[0] = _towards(second[0], second[1], 0.12)
        if not self._labels[bond.b] and len(self._neighbours[bond.b]) > 1:
            second[1] = _towards(second[1], second[0], 0.12)
        pen.line(second[0], second[1], dashed=dashed)

    def _side(self, bond: Bond, inside: Point | None, across: Point) -> int:
        """On which side of the bond the second line of a double bond runs: 1, -1, or 0 for one on each."""
        a = self._places[bond.a]
        if inside is not None:
            return 1 if _dot((inside[0] - a[0], inside[1] - a[1]), across) > 0 else -1
        others = [at for end, far in ((bond.a, bond.b), (bond.b, bond.a)) for at in self._neighbours[end] if at != far]
        degrees = sorted((len(self._neighbours[bond.a]), len(self._neighbours[bond.b])))
        terminal_label = any(self._labels[at] and len(self._neighbours[at]) == 1 for at in (bond.a, bond.b))
        if terminal_label or (degrees[0] == 1 and degrees[1] > 2) or bond.line is Line.EITHER:
            return 0
        balance = 0
        for at in others:
            lean = _dot((self._places[at][0] - a[0], self._places[at][1] - a[1]), across)
            balance += (lean > 0.1) - (lean < -0.1)
        return (balance > 0) - (balance < 0)

    def _ends(self, bond: Bond) -> tuple[Point, Point]:
        """Where the bond's line begins and ends: at the atoms, or before their labels."""
        a, b = self._places[bond.a], self._places[bond.b]
        label_a, label_b = self._labels[bond.a], self._labels[bond.b]
        start = label_a.edge(a, b) if label_a else a
        end = label_b.edge(b, a) if label_b else b
        return start, end

    # --- labels -------------------------------------------------------------------------------------------------------

    def _label(self, at: int) -> Label | None:
        atom, around = self.atoms[at], self._neighbours[at]
        plain = atom.symbol == "C" and not (atom.charge or atom.isotope or atom.radicals)
        if plain and around and not (len(around) == 2 and self._is_straight(at)):
            return None
        here = self._places[at]
        lean = sum(self._places[near][0] - here[0] for near in around)
        left = atom.symbol in _LEFT_ALONE if not around else lean > 0.1
        return Label(atom.symbol, atom.hydrogens, atom.charge, atom.isotope, atom.radicals, left)

    def _is_straight(self, at: int) -> bool:
        """Two double bonds in line (an allene, carbon dioxide) would hide the atom between them."""
        orders = [bond.order for bond in self.bonds if at in (bond.a, bond.b)]
        return orders == [2, 2]


@dataclass(frozen=True)
class Label:
    """The letters at an atom; its hydrogens stand left or right of the symbol."""

    symbol: str
    hydrogens: int
    charge: int
    isotope: int
    radicals: int
    left: bool

    @property
    def half(self) -> float:
        return _width(self.symbol) * _FONT / 2

    @property
    def hydrogen_text(self) -> tuple[str, str]:
        return ("H", str(self.hydrogens) if self.hydrogens > 1 else "") if self.hydrogens else ("", "")

    @property
    def hydrogen_width(self) -> float:
        letter, count = self.hydrogen_text
        return (_width(letter) + 0.7 * _width(count)) * _FONT

    @property
    def isotope_width(self) -> float:
        return 0.7 * _width(str(self.isotope)) * _FONT if self.isotope else 0.0

    @property
    def raised(self) -> str:
        """Charge and unpaired electrons, as they are written behind and above."""
        sign = "+" if self.charge > 0 else "−"
        charge = ("" if abs(self.charge) == 1 else str(abs(self.charge))) + sign if self.charge else ""
        return "•" * min(self.radicals, 3) + charge

    def box(self, place: Point) -> tuple[float, float, float, float]:
        x, y = place
        raised = 0.7 * _width(self.raised) * _FONT
        left = self.half + self.isotope_width + (self.hydrogen_width if self.left else 0.0)
        right = self.half + (0.0 if self.left else self.hydrogen_width) + raised
        up = _FONT * (0.75 if self.raised or self.isotope else 0.5)
        return x - left, y - up, x + right, y + _FONT * 0.6

    def edge(self, place: Point, to: Point) -> Point:
        """Where a bond from the atom leaves the letters."""
        dx, dy = to[0] - place[0], to[1] - place[1]
        if not dx and not dy:
            return place
        half_x, half_y = self.half + 0.06, _FONT * 0.5
        if (dx < 0) == self.left:
            half_x += self.hydrogen_width
        share = min(half_x / abs(dx) if dx else math.inf, half_y / abs(dy) if dy else math.inf)
        share = min(share, 0.45)
        return place[0] + dx * share, place[1] + dy * share


@dataclass
class _Pen:
    """Draws on a canvas what is given in bond lengths."""

    canvas: Canvas
    at: Callable[[Point], Point]
    scale: float

    @property
    def thickness(self) -> float:
        return max(0.6, self.scale * 0.042)

    def line(self, start: Point, end: Point, *, dashed: bool = False) -> None:
        (x1, y1), (x2, y2) = self.at(start), self.at(end)
        dash = {"stroke_dasharray": f"{number(self.scale * 0.09)} {number(self.scale * 0.07)}"} if dashed else {}
        self.canvas.add(
            "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=_INK, stroke_width=self.thickness, stroke_linecap="round", **dash
        )

    def wedge(self, start: Point, end: Point, across: Point, line: Line) -> None:
        """From the point at `start` to the broad end."""
        half = 0.11
        if line is Line.UP:
            corners = [start, _moved(end, across, half), _moved(end, across, -half)]
            points = " ".join(f"{number(x)},{number(y)}" for x, y in map(self.at, corners))
            self.canvas.add("polygon", points=points, fill=_INK)
        elif line is Line.DOWN:
            steps = max(4, round(math.dist(start, end) / 0.11))
            for step in range(1, steps + 1):
                share = step / steps
                middle = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
                self.line(_moved(middle, across, half * share), _moved(middle, across, -half * share))
        else:
            self._wave(start, end, across)

    def _wave(self, start: Point, end: Point, across: Point) -> None:
        steps = 2 * max(3, round(math.dist(start, end) / 0.22))
        points = []
        for step in range(steps + 1):
            share = step / steps
            middle = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
            points.append(_moved(middle, across, 0.0 if step % 2 == 0 else (0.09 if step % 4 == 1 else -0.09)))
        path = [f"M{_pair(self.at(points[0]))}"]
        path += [
            f"Q{_pair(self.at(top))} {_pair(self.at(next_))}"
            for top, next_ in zip(points[1::2], points[2::2], strict=True)
        ]
        self.canvas.add("path", d=" ".join(path), fill="none", stroke=_INK, stroke_width=self.thickness)

    def label(self, place: Point, label: Label) -> None:
        x, y = self.at(place)
        size, colour = self.scale * _FONT, _COLOURS.get(label.symbol, _INK)
        base, half, width = y + size * 0.36, label.half * self.scale, label.hydrogen_width * self.scale
        self._text(label.symbol, x, base, size, colour, "middle")
        letter, count = label.hydrogen_text
        right = x + half
        if letter:
            begin = x - half - label.isotope_width * self.scale - width if label.left else right
            self._text(letter, begin, base, size, colour, "start")
            if count:
                self._text(count, begin + _width(letter) * size, base + size * 0.22, size * 0.7, colour, "start")
            right += 0 if label.left else width
        if label.raised:
            self._text(label.raised, right, base - size * 0.45, size * 0.7, colour, "start")
        if label.isotope:
            self._text(str(label.isotope), x - half, base - size * 0.45, size * 0.7, colour, "end")

    def _text(self, text: str, x: float, y: float, size: float, colour: str, anchor: str) -> None:
        self.canvas.text(text, x=x, y=y, font_size=size, fill=colour, text_anchor=anchor)


def _width(text: str) -> float:
    """In sizes of the font; capitals and digits of Helvetica but for the narrow and the wide ones."""
    return sum(_WIDTHS.get(c, 0.71 if c.isupper() else 0.56) for c in text)


def _across(start: Point, end: Point) -> Point:
    length = math.dist(start, end)
    return -(end[1] - start[1]) / length, (end[0] - start[0]) / length


def _moved(point: Point, direction: Point, by: float) -> Point:
    return point[0] + direction[0] * by, point[1] + direction[1] * by


def _towards(point: Point, other: Point, share: float) -> Point:
    return point[0] + (other[0] - point[0]) * share, point[1] + (other[1] - point[1]) * share


def _dot(a: Point, b: Point) -> float:
    return a[0] * b[0] + a[1] * b[1]


def _pair(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


# --- pictures -----------------------------------------------------------------------------------------------------------


def molecule(sketch: Sketch, *, side: int, margin: float = 16.0, label: str) -> bytes:
    """The picture of one molecule, in the middle of a square."""
    left, top, right, bottom = sketch.box
    width, height = right - left, bottom - top
    room = side - 2 * margin
    scale = min(BOND_PIXELS, room / max(width, 1e-6), room / max(height, 1e-6))
    canvas = Canvas(side, side)
    sketch.draw(canvas, left=(side - width * scale) / 2, top=(side - height * scale) / 2, scale=scale)
    return canvas.finished(label)


@dataclass(frozen=True)
class Scheme:
    """A reaction: reactants and products left and right of an arrow, agents above it."""

    reactants: list[Sketch]
    agents: list[Sketch]
    products: list[Sketch]


_PLUS: Final = 0.9
_ARROW: Final = 2.2
_SPACE: Final = 0.35
_AGENT_SCALE: Final = 0.7


def scheme(reaction: Scheme, *, width: int, margin: float = 16.0, label: str) -> bytes:
    """The picture of a reaction, in one row."""
    agents = [_size(sketch) for sketch in reaction.agents]
    over = sum(w * _AGENT_SCALE + _SPACE for w, _ in agents) + _SPACE if agents else 0.0
    arrow = max(_ARROW, over)
    agents_height = max((h * _AGENT_SCALE for _, h in agents), default=0.0)
    sides = [*reaction.reactants, *reaction.products]
    row = sum(_size(sketch)[0] for sketch in sides) + arrow + 2 * _SPACE
    row += _PLUS * (max(0, len(reaction.reactants) - 1) + max(0, len(reaction.products) - 1))
    above = max([_size(sketch)[1] / 2 for sketch in sides] + [agents_height + _SPACE])
    below = max([_size(sketch)[1] / 2 for sketch in sides] + [0.5])
    scale = min(BOND_PIXELS, (width - 2 * margin) / row)
    canvas = Canvas(width, math.ceil((above + below) * scale + 2 * margin))
    row_pen = _Row(canvas, x=(width - row * scale) / 2, middle=margin + above * scale, scale=scale)
    row_pen.side(reaction.reactants)
    row_pen.arrow(arrow, reaction.agents)
    row_pen.side(reaction.products)
    return canvas.finished(label)


@dataclass
class _Row:
    """Puts the parts of a scheme one behind the other."""

    canvas: Canvas
    x: float
    middle: float
    scale: float

    def side(self, sketches: list[Sketch]) -> None:
        for position, sketch in enumerate(sketches):
            if position:
                self._plus()
            width, height = _size(sketch)
            sketch.draw(self.canvas, left=self.x, top=self.middle - height * self.scale / 2, scale=self.scale)
            self.x += width * self.scale

    def arrow(self, length: float, agents: list[Sketch]) -> None:
        start, end = self.x + _SPACE * self.scale, self.x + (_SPACE + length) * self.scale
        head = 0.28 * self.scale
        thick = max(0.8, self.scale * 0.05)
        self.canvas.add(
            "line", x1=start, y1=self.middle, x2=end - head / 2, y2=self.middle, stroke=_INK, stroke_width=thick
        )
        corners = [(end, self.middle), (end - head, self.middle - head / 2.5), (end - head, self.middle + head / 2.5)]
        self.canvas.add("polygon", points=" ".join(f"{number(x)},{number(y)}" for x, y in corners), fill=_INK)
        small = self.scale * _AGENT_SCALE
        used = sum(_size(agent)[0] * small + _SPACE * self.scale for agent in agents) - _SPACE * self.scale
        x = (start + end - used) / 2
        for agent in agents:
            width, height = _size(agent)
            agent.draw(self.canvas, left=x, top=self.middle - _SPACE * self.scale - height * small, scale=small)
            x += width * small + _SPACE * self.scale
        self.x = end + _SPACE * self.scale

    def _plus(self) -> None:
        middle, arm = self.x + _PLUS * self.scale / 2, 0.14 * self.scale
        ink = {"stroke": _INK, "stroke_width": max(0.8, self.scale * 0.05)}
        self.canvas.add("line", x1=middle - arm, y1=self.middle, x2=middle + arm, y2=self.middle, **ink)
        self.canvas.add("line", x1=middle, y1=self.middle - arm, x2=middle, y2=self.middle + arm, **ink)
        self.x += _PLUS * self.scale


def _size(sketch: Sketch) -> tuple[float, float]:
    left, top, right, bottom = sketch.box
    return right - left, bottom - top
