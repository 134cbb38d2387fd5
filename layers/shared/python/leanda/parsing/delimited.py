"""How delimited a text is: which delimiter makes its rows equally wide."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from leanda.parsing import quotes

DELIMITERS: Final = (",", "\t", ";", "|")
"""In the order in which they win a draw."""
SAMPLE_ROWS: Final = 200
_TYPED: Final = re.compile(r"\s*+(?:[-+]?\d++(?:[.,]\d++)?(?:[eE][-+]?\d++)?\s*+|\d{4}-\d\d-\d\d.*|)")


@dataclass(frozen=True)
class Layout:
    """How a text looks when it is cut by one delimiter.

    Attributes:
        width: the most common number of cells in a row; 0 when there is no row.
        consistency: share of the rows that have this width, 0 to 1; 0 when the width is 1 (nothing was cut).
        rows: rows looked at; blank lines are none.
        typed: share of the cells that are empty, a number or a date.
    """

    delimiter: str
    width: int
    consistency: float
    rows: int
    typed: float

    @property
    def score(self) -> float:
        # Cells that read as numbers tell `1,5;2,5` with a decimal comma from two columns that hold a semicolon.
        return self.consistency * (0.8 + 0.2 * self.typed)


def rows_of(text: str, delimiter: str, *, complete: bool, at_most: int = SAMPLE_ROWS) -> list[list[str]]:
    """The text's first rows that are not blank; one that the end of a file's beginning cuts only if there is no other."""
    found = list(itertools.islice(quotes.rows(text, delimiter, "none" if complete else "unknown"), at_most))
    if not found and not complete:  # The only row is longer than the text.
        found = list(itertools.islice(quotes.rows(text, delimiter, "none"), 1))
    return [quotes.cells(row, delimiter)[0] for row in found]


def layout(text: str, delimiter: str, *, complete: bool) -> Layout:
    """Judge one delimiter on the text's first rows."""
    rows = rows_of(text, delimiter, complete=complete)
    if not rows:
        return Layout(delimiter, 0, 0.0, 0, 0.0)
    widths = Counter(len(row) for row in rows)
    width, agreeing = max(widths.items(), key=lambda item: (item[1], item[0]))
    if width == 1:
        return Layout(delimiter, 1, 0.0, len(rows), 0.0)
    cells = [cell for row in rows if len(row) == width for cell in row]
    typed = sum(1 for cell in cells if _TYPED.fullmatch(cell)) / len(cells)
    return Layout(delimiter, width, agreeing / len(rows), len(rows), typed)


def best_layout(text: str, *, complete: bool, delimiters: tuple[str, ...] = DELIMITERS) -> Layout:
    """The delimiter that makes the most rows equally wide; the first of `delimiters` when none cuts anything."""
    layouts = [layout(text, delimiter, complete=complete) for delimiter in delimiters]
    return max(layouts, key=lambda candidate: (candidate.score, -delimiters.index(candidate.delimiter)))
