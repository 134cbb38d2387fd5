"""Values of a CIF as numbers and texts; what is rounded says so.

CIF 1.1 syntax specification, section "Data types": an unquoted value that reads as a number is one, and digits in brackets
behind it are its standard uncertainty in units of its last digit, `5.5592(9)` meaning 5.5592 ± 0.0009. Leading zeros are
allowed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

from leanda.rounding import is_rounded

NULLS: Final = ("?", ".")
"""Not known, and not applicable."""
_NUMBER: Final = re.compile(r"([-+]?(?:(\d++)(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d{1,3})?)(?:\((\d{1,9})\))?")
NUMBER_STARTS: Final = frozenset("0123456789+-.")
"""First characters of numbers."""
_FOLDED: Final = re.compile(r"\\[ \t]*+\n")
_FOLD: Final = re.compile(r"\\[ \t]*+(?:\n|\Z)")
_QUOTES: Final = frozenset("'\"")
_INFINITE: Final = (float("inf"), float("-inf"))
_SURE_DIGITS: Final = 15
"""Whole numbers of so many digits are the same for every reader of JSON."""


class Number(NamedTuple):
    """A number and its standard uncertainty, where one is stated, in the same unit.

    Attributes:
        rounded: True when more digits are written than the value has.
        identifier: True for whole numbers without an uncertainty that have leading zeros or more than 15 digits: unless
            a dictionary says that the tag has a number, they are names.
    """

    value: int | float
    uncertainty: float | None = None
    rounded: bool = False
    identifier: bool = False

    @property
    def is_as_written(self) -> bool:
        """Whether nothing of the text is lost where the value stands for it."""
        return not (self.rounded or self.identifier)


def number(text: str) -> Number | None:
    """The number that an unquoted value is; None for anything else, and for what becomes infinite or 0 as a double."""
    match = _NUMBER.fullmatch(text) if text[:1] in NUMBER_STARTS and len(text) <= 64 else None
    if match is None:
        return None
    stated, whole, uncertain = match.groups()
    is_whole = whole == stated.lstrip("+-")
    if is_whole and len(whole) <= _SURE_DIGITS:
        value: int | float = int(stated)
        rounded = False
    else:
        value = float(stated)
        if value in _INFINITE:
            return None
        rounded = is_rounded(stated, value)
        if rounded and value == 0:
            return None
    if uncertain is not None:
        last_digit = Decimal(stated).as_tuple().exponent
        return Number(value, float(Decimal(uncertain).scaleb(int(last_digit))), rounded)
    identifier = is_whole and len(whole) > 1 and (whole[0] == "0" or len(whole) > _SURE_DIGITS)
    return Number(value, None, rounded, identifier)


def text(value: str) -> str:
    """The text of a value: without its quotes or semicolons, and without line ends around it.

    Lines that the line-folding protocol of CIF 1.1 has cut (the text starts with a backslash at a line's end) are whole again.
    """
    quote = value[:1]
    if quote in _QUOTES:
        return value[1:-1]
    if quote != ";":
        return value
    from gemmi import cif

    plain: str = cif.as_string(value)
    if _FOLDED.match(plain):
        plain = _FOLD.sub("", plain)
    return plain.strip("\n")
