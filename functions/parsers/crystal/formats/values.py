"""Values of a CIF as numbers and texts, nothing rounded.

CIF 1.1 syntax specification, section "Data types": an unquoted value that reads as a number is one, and digits in brackets
behind it are its standard uncertainty in units of its last digit, `5.5592(9)` meaning 5.5592 ± 0.0009.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

NULLS: Final = ("?", ".")
"""Not known, and not applicable."""
_NUMBER: Final = re.compile(r"([-+]?(?:(\d++)(?:\.(\d*+))?|\.(\d++))(?:[eE][-+]?\d{1,3})?)(?:\((\d{1,9})\))?")
NUMBER_STARTS: Final = frozenset("0123456789+-.")
"""First characters of numbers."""
_FOLDED: Final = re.compile(r"\\[ \t]*+\n")
_FOLD: Final = re.compile(r"\\[ \t]*+(?:\n|\Z)")
_QUOTES: Final = frozenset("'\"")
_INFINITE: Final = (float("inf"), float("-inf"))
_SURE_DIGITS: Final = 15
"""Up to so many digits every decimal number goes into a float and comes back the same."""


class Number(NamedTuple):
    """A number and its standard uncertainty, where one is stated, in the same unit."""

    value: int | float
    uncertainty: float | None = None


def number(text: str) -> Number | None:
    """The number that an unquoted value is; None for anything else, and for what a float would round.

    Whole numbers with leading zeros are identifiers, no numbers.
    """
    match = _NUMBER.fullmatch(text) if text[:1] in NUMBER_STARTS and len(text) <= 64 else None
    if match is None:
        return None
    stated, whole, decimals, only_decimals, uncertain = match.groups()
    if whole and len(whole) > 1 and whole[0] == "0":
        return None
    if len(text) > _SURE_DIGITS:
        digits = (whole or "") + (decimals or only_decimals or "")
        if len(digits.lstrip("0")) > _SURE_DIGITS:
            return None
    value = int(stated) if whole == stated.lstrip("+-") else float(stated)
    if value in _INFINITE:
        return None
    if uncertain is None:
        return Number(value)
    last_digit = Decimal(stated).as_tuple().exponent
    return Number(value, float(Decimal(uncertain).scaleb(int(last_digit))))


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
