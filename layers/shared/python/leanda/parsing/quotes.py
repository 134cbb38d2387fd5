"""What a quote means in a delimited text: RFC 4180, and what is done where a file does not keep to it.

A quote as the first character of a cell opens a quoted cell, in which delimiters and line ends are content and a doubled
quote is a quote. The quote that closes it is followed by a delimiter or a line end, perhaps after blanks, which belong
to the value as Python's `csv` module has it. Any other quote means itself.

An opening quote is broken if its cell is not closed so within `MAX_CELL_LINE_ENDS` line ends and the longest row. It means
itself, too: the cell then ends like one without quotes, so the row ends at its next line end, and one forgotten quote costs
its own row and no other. Nothing here backtracks: a text is looked at twice at most.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final, Literal

MAX_CELL_LINE_ENDS: Final = 1000
"""Line ends that a quoted cell may hold. Molfiles in cells are the long ones: atoms and bonds, a line each."""

type Rest = Literal["unknown", "none", "cut"]
"""What comes behind the text that is searched: `unknown`: more, so a cell that reaches the end is not decided; `none`: it is
the end of the file, which closes a cell as a line end does; `cut`: more, but a cell that is still open is broken."""

_CONTENT: Final = r'[^"\r\n]*+(?:""[^"\r\n]*+)*+'
_LINE_END: Final = r"(?:\r\n|\n|\r)"
_OPEN: Final = rf'"{_CONTENT}(?:{_LINE_END}{_CONTENT}){{0,{MAX_CELL_LINE_ENDS}}}+'
_UNDECIDED: Final = rf'{_OPEN}(?:" *+)?\Z'


def _quoted(delimiter: str, rest: Rest) -> str:
    end = r"|\Z" if rest == "none" else ""
    return rf'{_OPEN}" *+(?=[{delimiter}\r\n]{end})'


@functools.cache
def row_pattern(delimiter: str, rest: Rest) -> str:
    """A pattern of one row with its line end, blank lines before it included; it serves texts, and bytes that keep ASCII.

    Its alternatives: anything without quotes; a quote inside of an unquoted cell; a quoted cell, whose quote follows a
    delimiter, a line end or the beginning; such a quote that is broken.
    """
    d = re.escape(delimiter)
    decided = rf"(?!{_UNDECIDED})" if rest == "unknown" else ""
    broken = rf'(?<![^{d}\r\n]){decided}"'
    quoted = rf"(?<![^{d}\r\n]){_quoted(d, rest)}"
    return rf'[\r\n]*+(?:[^"\r\n]++|(?<=[^{d}\r\n])"|{quoted}|{broken})++{_LINE_END}'


@functools.cache
def _row(delimiter: str, rest: Rest) -> re.Pattern[str]:
    return re.compile(row_pattern(delimiter, rest))


@functools.cache
def _cell(delimiter: str) -> re.Pattern[str]:
    d = re.escape(delimiter)
    return re.compile(rf"(?:({_quoted(d, 'none')})|([^{d}\r\n]*+))({d}|[\r\n]*+\Z)")


def rows(text: str, delimiter: str, rest: Rest) -> Iterator[str]:
    """The rows of a text that end in it, without blank lines before and with the line end; with `rest="none"` also a last
    row without one."""
    pattern, at = _row(delimiter, rest), 0
    while row := pattern.match(text, at):
        yield row[0].lstrip("\r\n")
        at = row.end()
    if rest == "none" and (last := text[at:].strip("\r\n")):
        yield last


def cells(row: str, delimiter: str) -> tuple[list[str], bool]:
    """The cells of one row, and whether the quote of one of them is broken: such a cell is kept as it is written."""
    if '"' not in row:
        return row.rstrip("\r\n").split(delimiter), False
    values, broken, pattern, at = [], False, _cell(delimiter), 0
    while cell := pattern.match(row, at):
        quoted, plain, end = cell.groups()
        if quoted is None:
            values.append(plain)
            broken = broken or plain.startswith('"')
        else:
            content, _, blanks = quoted[1:].rpartition('"')
            values.append(content.replace('""', '"') + blanks)
        at = cell.end()
        if end != delimiter:
            break
    return values, broken
