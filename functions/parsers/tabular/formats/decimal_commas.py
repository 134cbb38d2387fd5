"""Columns of numbers with a decimal comma, as `1,50`, in tables that semicolons separate.

A column is one if each cell of the table's first rows is a number without a point, at least one of them with a comma, and
at least one such that the comma cannot group thousands: other than three digits behind it, or a zero alone before it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from functions.parsers.tabular.formats.dialect import Table, says_nothing
from leanda.rounding import is_rounded

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:,[0-9]+)?")
_WITH_COMMA: Final = re.compile(r"-?(?:0|[1-9][0-9]*),[0-9]+")
_GROUPS: Final = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")


def comma_columns(table: Table) -> tuple[int, ...]:
    """The positions of such columns, as the table's first rows show them."""
    if table.delimiter != ";":
        return ()
    return tuple(n for n in range(len(table.columns)) if _is_one([row[n] for row in table.sample if n < len(row)]))


def _is_one(cells: Sequence[str]) -> bool:
    told = [cell.strip() for cell in cells if not says_nothing(cell)]
    if not all(map(_NUMBER.fullmatch, told)):
        return False
    return any(_WITH_COMMA.fullmatch(cell) and not _GROUPS.fullmatch(cell) for cell in told)


def number(cell: str) -> float | None:
    """The number that a cell of such a column says, in whatever row; None where it is none or a double would round it."""
    written = cell.strip()
    if not _WITH_COMMA.fullmatch(written):
        return None
    text = written.replace(",", ".")
    value = float(text)
    return None if math.isinf(value) or is_rounded(text, value) else value
