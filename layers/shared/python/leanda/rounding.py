"""Whether a double says what a decimal number says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_SURE_CHARACTERS: Final = 16
_SMALLEST_SURE: Final = 1e-290
_ANY_DIGIT_BUT_ZERO: Final = re.compile(r"[1-9]")


def is_rounded(text: str, number: float) -> bool:
    """Whether a decimal number is another one than the double that is nearest to it, in the double's shortest spelling.

    Fifteen digits are always kept, but for the smallest numbers. A number that becomes 0 is rounded.

    Args:
        text: the number with a point, an exponent, both or neither.
        number: `float(text)`, finite.
    """
    if number == 0:
        # Its exponent may be more than `Decimal` takes.
        return _ANY_DIGIT_BUT_ZERO.search(text.lower().partition("e")[0]) is not None
    if len(text) <= _SURE_CHARACTERS and abs(number) > _SMALLEST_SURE:
        return False
    return Decimal(text) != Decimal(repr(number))
