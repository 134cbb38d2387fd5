"""The second line of an XYZ frame: a title, or keys with values that may state a lattice and what the columns mean."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from leanda.contracts.artefacts import FieldValue, Issue
from leanda.parsing.records import information, warning
from leanda.parsing.xyz import USUAL, Columns, columns_of
from leanda.rounding import is_rounded

MAX_CHARACTERS: Final = 16_384
"""Of a comment; what is behind is left out."""
MAX_NAME_CHARACTERS: Final = 1000

_PAIR: Final = re.compile(
    r"""(?<![^\s,])([A-Za-z_][\w.-]{0,200})=("[^"]*"|'[^']*'|\{[^{}]*\}|\[[^][]*\]|[^\s"'{\[]\S*)"""
)
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})")
_DECIMAL: Final = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d{1,3})?")


@dataclass(frozen=True)
class Comment:
    """What the line says. `cell` has lengths (Å), angles (°) and volume (Å³) of a lattice, by the names of crystals' properties."""

    name: str | None = None
    fields: tuple[FieldValue, ...] = ()
    columns: Columns = USUAL
    cell: dict[str, float] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()


def comment_of(line: str) -> Comment:
    """Keys with values become fields, everything else is the name."""
    issues: tuple[Issue, ...] = ()
    if len(line) > MAX_CHARACTERS:
        message = f"The comment has {len(line):,} characters; the first {MAX_CHARACTERS:,} are read."
        line, issues = line[:MAX_CHARACTERS], (information("COMMENT_CUT", message),)
    pairs = [(match[1], _unquoted(match[2])) for match in _PAIR.finditer(line)]
    stated = {key.lower(): value for key, value in reversed(pairs)}
    name = " ".join(_PAIR.sub(" ", line).replace(" ,", " ").split()).strip(",; ")[:MAX_NAME_CHARACTERS] or None
    columns = columns_of(line)
    if columns is None:
        message = "The comment's Properties name no columns of species and pos; the first four columns are read."
        columns, issues = USUAL, (*issues, warning("COLUMNS_UNKNOWN", message))
    cell, cell_issues = _cell(stated.get("lattice"))
    return Comment(
        name=name,
        fields=tuple(FieldValue(name=key, value=_typed(value)) for key, value in pairs),
        columns=columns,
        cell=cell,
        issues=(*issues, *cell_issues),
    )


def _unquoted(value: str) -> str:
    return value[1:-1] if value[0] in "\"'{[" else value.rstrip(",")


def _typed(value: str) -> str | int | float:
    if _INTEGER.fullmatch(value):
        return int(value)
    if _DECIMAL.fullmatch(value) and math.isfinite(number := float(value)) and not is_rounded(value, number):
        return number
    return value


def _cell(stated: str | None) -> tuple[dict[str, float], tuple[Issue, ...]]:
    """`ax ay az bx by bz cx cy cz` in Å."""
    if stated is None:
        return {}, ()
    try:
        numbers = [float(one) for one in stated.split()]
        a, b, c = numbers[0:3], numbers[3:6], numbers[6:9]
        lengths = [math.hypot(*edge) for edge in (a, b, c)]
        angles = [_angle(b, c), _angle(a, c), _angle(a, b)]
        volume = abs(_product(a, b, c))
    except (ValueError, ZeroDivisionError, IndexError, OverflowError):
        numbers, volume = [], math.nan
    if len(numbers) != 9 or not (math.isfinite(volume) and volume > 0):
        return {}, (warning("LATTICE_UNREADABLE", f"The comment's Lattice spans no cell: {stated[:80]!r}."),)
    names = ("cellLengthA", "cellLengthB", "cellLengthC", "cellAngleAlpha", "cellAngleBeta", "cellAngleGamma")
    return dict(zip(names, (*lengths, *angles), strict=True)) | {"cellVolume": volume}, ()


def _angle(one: list[float], other: list[float]) -> float:
    cosine = math.sumprod(one, other) / (math.hypot(*one) * math.hypot(*other))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _product(a: list[float], b: list[float], c: list[float]) -> float:
    crossed = (b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0])
    return math.sumprod(a, crossed)
