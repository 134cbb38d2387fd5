"""How a table is written: its encoding, delimiter, header; decided once from the file's first bytes."""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from leanda import limits
from leanda.errors import FormatMismatch
from leanda.parsing import quotes
from leanda.parsing.delimited import DELIMITERS, Layout, best_layout, layout, rows_of
from leanda.parsing.text import Encoding, declared_encoding, is_utf32
from leanda.statistics import unit_of

LEGACY: Final = "cp1252"
"""The 8-bit encoding of last resort: what Excel in Western Europe writes."""
_DETECTION_BYTES: Final = 64 * limits.KIB
_AS_PLAUSIBLE: Final = 0.05
"""Where scores differ by less, `LEGACY` is meant: short Western texts look much alike in cp1250, cp775 and iso8859_3."""
_SOUND_PER_DAMAGED: Final = 10
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b\x0e-\x19\x1b-\x1f]")
_TOLD_DELIMITER: Final = re.compile(r'[\r\n]*+"?sep=([,;\t|])"?(?=[\r\n])', re.IGNORECASE)
_PREAMBLE_ROWS: Final = 50
_LEAST_POINTS: Final = 5

# Supersets of what is detected: the rows behind the head may use characters that its rows do not.
_SUPERSETS: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "iso8859_1": "cp1252",
    "latin_1": "cp1252",
    "ascii": "utf-8",
}
# A byte of "|" can be the second half of a character here.
_PIPE_IS_UNSAFE: Final = frozenset(
    {"gb18030", "cp932", "shift_jis_2004", "shift_jisx0213", "cp949", "johab", "cp950", "big5hkscs"}
)
_ASCII: Final = bytes(range(128))
_STATEFUL: Final = re.compile(r"utf_?(?:7|16|32)|iso2022|hz|punycode|idna|escape|palmos")


@dataclass(frozen=True)
class Table:
    """What the head says of a table.

    Attributes:
        encoding: of the file.
        fallback: codec for a row that `encoding` cannot read, or None: then such a row fails.
        guessed: True when nothing in the file proves the encoding.
        delimiter: one character.
        columns: names, unique, from left to right.
        preamble: rows before the header that are no part of the table (titles, notes).
        skip: rows before the first data row: the preamble and the header, if there is one.
        sample: the first data rows, as far as the head holds them.
    """

    encoding: Encoding
    fallback: str | None
    guessed: bool
    delimiter: str
    columns: tuple[str, ...]
    preamble: int
    skip: int
    sample: tuple[tuple[str, ...], ...] = ()

    @property
    def big_endian(self) -> bool:
        return self.encoding.name == "utf-16-be"


@functools.lru_cache(maxsize=8)
def describe(head: bytes, *, tabs_first: bool) -> Table:
    """Read a table's description from its head.

    A first line `sep=;` is Excel's own way to tell the delimiter; it is obeyed and is no row of the table.

    Args:
        head: the file's first bytes; a head of `limits.HEAD_BYTES` is taken for a beginning, a shorter one for the file.
        tabs_first: True when the file is called tab-separated: a tab wins wherever it cuts most rows.

    Raises:
        FormatMismatch: UTF-32, which nobody writes tables in, or binary content.
    """
    if is_utf32(head):
        raise FormatMismatch(detail="the byte order mark says UTF-32")
    complete = len(head) < limits.HEAD_BYTES
    encoding = declared_encoding(head) or _damaged_utf8(head)
    guessed = encoding is None
    if encoding is None:
        encoding = Encoding(_guess(head, complete=complete))
    # A head of pure ASCII proves nothing about the rows behind it.
    ascii_only = encoding == Encoding("utf-8") and head.isascii()
    text = head[encoding.mark :].decode(encoding.name, errors="replace")
    if _is_binary(text):
        raise FormatMismatch(detail="the content is binary")
    told = _TOLD_DELIMITER.match(text)
    if told is None:
        found = _delimiter(text, encoding, complete=complete, tabs_first=tabs_first)
    else:
        text = text[told.end() :]
        found = layout(text, told[1], complete=complete)
    rows = rows_of(text, found.delimiter, complete=complete)
    preamble = _comments(rows, found.width)
    after_blank = _after_blank(text, found.delimiter, rows) if found.width == 2 else frozenset()
    preamble += _preamble(rows[preamble:], found) or _preamble_of_two(rows, preamble, after_blank)
    header, skip = _header(rows[preamble:], found.width, cut=not complete and len(rows) == 1)
    sample = tuple(tuple(row) for row in rows[preamble + skip :])
    preamble += told is not None
    return Table(
        encoding=encoding,
        fallback=LEGACY if ascii_only else None,
        guessed=guessed,
        delimiter=found.delimiter,
        columns=header,
        preamble=preamble,
        skip=preamble + skip,
        sample=sample,
    )


def _damaged_utf8(head: bytes) -> Encoding | None:
    """UTF-8 with a few bytes that are not: text of another encoding makes valid sequences only by rare accident."""
    text = head.decode("utf-8", errors="replace")
    ascii_characters = len(text.encode("ascii", errors="ignore"))
    damaged = text.count("\N{REPLACEMENT CHARACTER}")
    sound = len(text) - ascii_characters - damaged
    return Encoding("utf-8") if sound >= _SOUND_PER_DAMAGED * damaged else None


def _is_binary(text: str) -> bool:
    """Control characters make a tenth of binary data read as text, and next to nothing of a table."""
    sample = text[:_DETECTION_BYTES]
    return len(_CONTROL.findall(sample)) > 0.03 * len(sample) or sample.count("\0") > 0.3 * len(sample)


def _guess(head: bytes, *, complete: bool) -> str:
    """An encoding for bytes that are neither UTF-8 nor UTF-16, of those that keep ASCII bytes."""
    sample = head[:_DETECTION_BYTES]
    if not complete or len(sample) < len(head):
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        return LEGACY
    for match in matches:
        if (
            LEGACY in match.could_be_from_charset
            and match.chaos <= best.chaos + _AS_PLAUSIBLE
            and match.coherence >= best.coherence - _AS_PLAUSIBLE
        ):
            return LEGACY
    name = _SUPERSETS.get(best.encoding, best.encoding)
    return name if _keeps_ascii(name) else LEGACY


def _keeps_ascii(name: str) -> bool:
    if _STATEFUL.search(name):
        return False
    try:
        return _ASCII.decode(name) == _ASCII.decode("ascii")
    except (UnicodeDecodeError, LookupError):
        return False


def _delimiter(text: str, encoding: Encoding, *, complete: bool, tabs_first: bool) -> Layout:
    delimiters = tuple(d for d in DELIMITERS if d != "|" or encoding.name not in _PIPE_IS_UNSAFE)
    if tabs_first:
        tabbed = layout(text, "\t", complete=complete)
        if tabbed.consistency >= 0.5:
            return tabbed
        delimiters = ("\t", *(d for d in delimiters if d != "\t"))
    return best_layout(text, complete=complete, delimiters=delimiters)


def header_of(rows: Sequence[Sequence[object]], *, show: Callable[[object], str]) -> tuple[tuple[str, ...], int]:
    """Column names of a table whose cells are typed already, and the rows that they and the notes above them take.

    Args:
        rows: the table's first rows, none of them blank; an empty cell is None.
        show: a cell of the header as text.
    """
    told = [_without_empty_end(row) for row in rows]
    if not told:
        return (), 0
    widths = Counter(len(row) for row in told)
    width, agreeing = max(widths.items(), key=lambda item: (item[1], item[0]))
    found = Layout("", width, agreeing / len(told), len(told), 0.0)
    preamble = _preamble(told, found)
    if is_data(told[preamble]):
        return tuple(column_name(n) for n in range(max(width, len(told[preamble])))), preamble
    return unique_names([show(cell) for cell in told[preamble]]), preamble + 1


def _without_empty_end(row: Sequence[object]) -> list[object]:
    cells = list(row)
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _preamble(rows: Sequence[Sequence[object]], found: Layout) -> int:
    """How many rows stand before the header: titles and notes, at most half as wide as a table of three columns or more."""
    if found.width < 3 or found.consistency < 0.5:
        return 0
    for n, row in enumerate(rows[:_PREAMBLE_ROWS]):
        if len(row) > found.width // 2:
            return n
    return 0


def _comments(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many rows before the header are comments, which start with `#`.

    A row as wide as the table may be its header behind such a mark (`#id,name`, `# x,y`): it is a comment only if the mark stands
    alone and the row behind the comments names columns of which some hold numbers.
    """
    marked = next((n for n, row in enumerate(rows[:_PREAMBLE_ROWS]) if not row[0].startswith("#")), 0)
    if marked == 0:
        return 0
    for n, row in enumerate(rows[:marked]):
        if len(row) == width and not _is_remark(row[0]):
            return n
    last = rows[marked - 1]
    return marked if len(last) != width or _names_numbers(rows[marked : marked + 4]) else marked - 1


def _is_remark(cell: str) -> bool:
    rest = cell.lstrip("#")
    return not rest or rest[0].isspace()


def _names_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of some rows names columns, and one of them holds nothing but numbers."""
    if len(rows) < 2 or not all(_is_name(cell) for cell in rows[0]):
        return False
    return any(all(_NUMBER.fullmatch(cell) for cell in column) for column in zip(*rows[1:], strict=False))


def _is_name(cell: str) -> bool:
    return not says_nothing(cell) and _NUMBER.fullmatch(cell) is None


def _after_blank(text: str, delimiter: str, rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Which of the first rows stand behind a blank line, or one of empty cells."""
    found, at = set[int](), 0
    for n, row in enumerate(itertools.islice(quotes.rows(text, delimiter, "none"), min(len(rows), _PREAMBLE_ROWS + 1))):
        start = text.index(row, at)
        if n and (start > at or not any(cell.strip() for cell in rows[n - 1])):
            found.add(n)
        at = start + len(row)
    return frozenset(found)


def _preamble_of_two(rows: Sequence[Sequence[str]], start: int, after_blank: frozenset[int]) -> int:
    """How many rows from a start on stand before the header of two columns: what an instrument says of itself, in two columns too.

    Only numbers follow such a header, to the last row that is seen. It is told from a row of the table by a blank line before
    it, or by its units, where no row before it has any.
    """
    first = next((n for n, row in enumerate(rows[: start + _PREAMBLE_ROWS]) if len(row) == 2 and is_data(row)), 0)
    header, points = first - 1, rows[first:]
    if header <= start or len(rows[header]) != 2 or not all(_is_name(cell) for cell in rows[header]):
        return 0
    if len(points) < max(_LEAST_POINTS, header) or not all(len(row) == 2 and is_data(row) for row in points):
        return 0
    told = header in after_blank or (
        any(unit_of(name) for name in rows[header])
        and not any(unit_of(cell) for row in rows[start:header] for cell in row)
    )
    return header - start if told else 0


_NUMBER: Final = re.compile(r"\s*+[-+]?(?:\d++(?:[.,]\d*+)?|[.,]\d++)(?:[eE][-+]?\d++)?\s*+")
_NOTHING: Final = frozenset({"", "null", "none", "na", "n/a", "nan", "-"})


def is_data(row: Sequence[object]) -> bool:
    """A row of nothing but numbers and words for nothing is no header; nor is one of other typed values."""
    told = [cell for cell in row if cell is not None and not (isinstance(cell, str) and says_nothing(cell))]
    return bool(told) and all(not isinstance(cell, str) or _NUMBER.fullmatch(cell) for cell in told)


def says_nothing(cell: str) -> bool:
    """Whether a cell is empty or a word for that."""
    return cell.strip().lower() in _NOTHING


def _header(rows: list[list[str]], width: int, *, cut: bool) -> tuple[tuple[str, ...], int]:
    """Column names and the number of rows (0 or 1) that they take.

    Args:
        cut: True when the head ends inside the header; its last name is then incomplete and not used.
    """
    if not rows:
        return (), 0
    if is_data(rows[0]):
        return tuple(column_name(n) for n in range(max(width, len(rows[0])))), 0
    return unique_names(rows[0][:-1] if cut else rows[0]), 1


def column_name(n: int) -> str:
    """The name of a column that has none; `n` is 0-based, names count from 1 like spreadsheets do."""
    return f"column_{n + 1}"


def wider(columns: tuple[str, ...], width: int) -> tuple[str, ...]:
    """The columns, with made-up names for cells beyond the last of them."""
    more: list[str] = []
    for n in range(len(columns), width):
        name = column_name(n)
        while name in columns or name in more:
            name += "_"
        more.append(name)
    return (*columns, *more)


def unique_names(cells: list[str]) -> tuple[str, ...]:
    """Header cells as names: without outer spaces, never empty, never twice (`a`, `a_2`, …)."""
    names = [" ".join(cell.replace("\0", "").split()) for cell in cells]
    taken = set(names)
    used: set[str] = set()
    unique: list[str] = []
    for n, name in enumerate(names):
        stem = name or column_name(n)
        candidate, repeat = stem, 2
        while candidate in used or (candidate != name and candidate in taken):
            candidate, repeat = f"{stem}_{repeat}", repeat + 1
        used.add(candidate)
        unique.append(candidate)
    return tuple(unique)
