"""Columns of codes, one of which may read as a number: `1E5` is a well among `A1` and `B2`, `2310009E13` a clone among others.

A column is one if, in the table's first rows, some cell is a text and none is a number with a point or a sign, or a text that
compares (`<0.5`): then `1E5` is a quantity. Whole numbers are found among codes as well as among quantities. Only what has the form
of both stays text there: digits, an E, digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from functions.parsers.tabular.formats.dialect import Table, says_nothing
from leanda.statistics import type_value

_CODE: Final = re.compile(r"\s*[0-9]+[eE][0-9]+\s*")
_MAY_BEGIN: Final = frozenset("0123456789 \t")
_COMPARES: Final = frozenset("<>=~±≤≥≈")


def code_columns(table: Table) -> tuple[int, ...]:
    """The positions of such columns, as the table's first rows show them."""
    return tuple(n for n in range(len(table.columns)) if _is_one([row[n] for row in table.sample if n < len(row)]))


def reads_as_number(cell: str) -> bool:
    """Whether a cell of such a column, in whatever row, would become a number."""
    return cell[:1] in _MAY_BEGIN and _CODE.fullmatch(cell) is not None


def _is_one(cells: Sequence[str]) -> bool:
    some_text = False
    for cell in cells:
        if says_nothing(cell) or _CODE.fullmatch(cell):
            continue
        value = type_value(cell)
        if isinstance(value, float) or cell.strip()[0] in _COMPARES:
            return False
        some_text |= isinstance(value, str)
    return some_text
