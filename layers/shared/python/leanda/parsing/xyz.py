"""What an XYZ file looks like, line by line: for the signature table, its parser and its drawing."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

_PERIODS: Final = (
    "H He",
    "Li Be B C N O F Ne",
    "Na Mg Al Si P S Cl Ar",
    "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
    "Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
    "Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
)
SYMBOLS: Final = tuple(symbol for period in _PERIODS for symbol in period.split())
"""The elements by atomic number, from 1."""

_ELEMENTS: Final = frozenset(SYMBOLS)
_NUMBERED: Final = re.compile(r"([A-Za-z]{1,2})[\d_].*")
_STATED_COLUMNS: Final = re.compile(r"""(?:^|\s)Properties=["']?([^\s"']+)""", re.IGNORECASE)
_WIDTH: Final = re.compile(r"\d{1,3}")
_COUNT: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*+[0-9]{1,9}[ \t\r\n]*+")
_NUMBER: Final = r"[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eEdD][+-]?\d{1,3})?"
_ATOM: Final = re.compile(rf"\s*+(?:[A-Z][A-Za-z]?[\w*]*+|\d{{1,3}})(?:\s++{_NUMBER}){{3}}(?:\s.*+)?")
_LOOKED_AT: Final = 5


def is_count_line(line: bytes) -> bool:
    """Whether a line holds a whole number and nothing else."""
    return _COUNT.fullmatch(line) is not None


def is_xyz(lines: list[str]) -> bool:
    """A number of atoms, a comment, and lines of atoms; a comment that states columns of its own vouches for them."""
    if len(lines) < 3 or not is_count_line(lines[0].encode()) or not int(lines[0].removeprefix("\ufeff")):
        return False
    if "Properties=" in lines[1]:
        return True
    atoms = lines[2 : 2 + min(int(lines[0].removeprefix("\ufeff")), _LOOKED_AT)]
    return all(_ATOM.fullmatch(atom) for atom in atoms)


@dataclass(frozen=True)
class Columns:
    """Where the element and the coordinates stand in an atom's line; as a rule in the first four columns."""

    name: int = 0
    place: int = 1

    def name_of(self, cells: list[str]) -> str:
        return cells[self.name]

    def place_of(self, cells: list[str]) -> tuple[float, float, float] | None:
        """The coordinates in Å; None when the line has none that are finite. `D` may mark an exponent, as Fortran writes it."""
        stated = cells[self.place : self.place + 3]
        if len(stated) < 3 or len(cells) <= self.name:
            return None
        try:
            x, y, z = map(float, stated)
        except ValueError:
            try:
                x, y, z = (float(one.lower().replace("d", "e")) for one in stated)
            except ValueError:
                return None
        return (x, y, z) if math.isfinite(x + y + z) else None


USUAL: Final = Columns()


def columns_of(comment: str) -> Columns | None:
    """The columns that a comment states, `Properties=species:S:1:pos:R:3:…`: names with types and widths.

    The usual ones when it states none; None when what it states has no columns of elements and of coordinates.
    """
    stated = _STATED_COLUMNS.search(comment)
    if stated is None:
        return USUAL
    parts, at = stated[1].lower().split(":"), 0
    found: dict[str, tuple[int, int]] = {}
    for name, width in zip(parts[::3], parts[2::3], strict=False):
        if not _WIDTH.fullmatch(width):
            break
        found[name] = (at, int(width))
        at += int(width)
    species, place = found.get("species") or found.get("z"), found.get("pos")
    return None if species is None or place is None or place[1] != 3 else Columns(species[0], place[0])


def element_of(name: str) -> str | None:
    """The symbol of an atom's name: `C`, `CL`, `6`, `C12`, `H_w`; None when it is no element's (`X`, `Bq`)."""
    if name.isascii() and name.isdecimal():
        number = int(name[:4])
        return SYMBOLS[number - 1] if 0 < number <= len(SYMBOLS) else None
    labelled = _NUMBERED.fullmatch(name)
    symbol = (labelled[1] if labelled else name).capitalize()
    return symbol if symbol in _ELEMENTS else None
