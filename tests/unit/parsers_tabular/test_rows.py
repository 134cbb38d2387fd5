"""Row ends, found in bytes, against Python's csv module and against themselves with other block sizes."""

from __future__ import annotations

import csv
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.tabular.formats.rows import row_ends
from leanda.parsing import quotes
from leanda.parsing.text import code_units

NASTY = st.text(alphabet='ab1,;"\r\n\t |é漢😀\x85\u2028', max_size=60)
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])


def blocks_of(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data cut into blocks whose sizes repeat."""
    blocks, at = [], 0
    for size in itertools.cycle(sizes):
        if at >= len(data):
            return blocks
        blocks.append(data[at : at + size])
        at += size
    return blocks


def good_rows(text: str, delimiter: str) -> list[list[str]] | None:
    """The rows as Python reads them where it finds all quotes in order."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [row for row in reader if row]
    except csv.Error:
        return None


def rows_here(pieces: list[str], delimiter: str) -> list[list[str]]:
    return [quotes.cells(piece.lstrip("\r\n"), delimiter)[0] for piece in pieces]


@given(text=NASTY, delimiter=DELIMITERS)
def test_every_row_of_the_csv_module_is_one_row_here(text: str, delimiter: str) -> None:
    data = text.encode()
    ends = list(row_ends([data], delimiter.encode()))
    pieces = [data[start:end].decode() for start, end in itertools.pairwise([0, *ends])]
    rows = rows_here(pieces, delimiter)
    assert good_rows(text, delimiter) in (None, rows)
    assert [quotes.cells(row, delimiter)[0] for row in quotes.rows(text, delimiter, "none")] == rows
    broken = any(quotes.cells(piece.lstrip("\r\n"), delimiter)[1] for piece in pieces)
    assert not broken or good_rows(text, delimiter) is None


@given(text=NASTY, delimiter=DELIMITERS, big_endian=st.booleans(), sizes=st.lists(st.integers(1, 7), min_size=1))
def test_utf_16_has_the_same_rows(text: str, delimiter: str, big_endian: bool, sizes: list[int]) -> None:
    codec = "utf-16-be" if big_endian else "utf-16-le"
    data = text.encode(codec)
    units = code_units(blocks_of(data, sizes), big_endian=big_endian)
    ends = [2 * end for end in row_ends(units, delimiter.encode(), scan_bytes=1)]
    pieces = [data[start:end].decode(codec) for start, end in itertools.pairwise([0, *ends])]
    assert rows_here(pieces, delimiter) == [
        quotes.cells(row, delimiter)[0] for row in quotes.rows(text, delimiter, "none")
    ]


@given(
    text=NASTY,
    sizes=st.lists(st.integers(1, 9), min_size=1),
    longest=st.integers(1, 40),
    scan_bytes=st.integers(1, 30),
)
def test_block_sizes_change_nothing(text: str, sizes: list[int], longest: int, scan_bytes: int) -> None:
    data = text.encode()
    whole = list(row_ends([data], b",", longest=longest))
    assert list(row_ends(blocks_of(data, sizes), b",", longest=longest, scan_bytes=scan_bytes)) == whole
    assert whole == sorted(set(whole))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_line_end_may_be_cut_by_a_block(size: int) -> None:
    data = b'a,b\r\n"1\r\n",2\r\n\r\nx\r\n'
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    assert list(row_ends(blocks, b",", scan_bytes=1)) == [5, 14, 19]


def test_a_row_that_is_too_long_ends_at_a_line_end_and_the_rest_is_read() -> None:
    data = b'a,b\n1,"never closed\n' + b"x,y\n" * 10 + b"p,q\n"
    ends = list(row_ends([data], b",", longest=24))
    assert ends == [4, 20, *range(24, len(data) + 1, 4)]
    plain = b"a,b\n1,as long as nobody expected it\nx,y\n"
    assert list(row_ends([plain], b",", longest=24)) == [4, len(plain) - 4, len(plain)]
    late = b'a,b\n1,"closed\nbehind\nthe limit"\nx,y\n'
    assert list(row_ends([late], b",", longest=24)) == [4, 14, 21, 32, 36]


@pytest.mark.parametrize("size", [1, 1000, 1_000_000])
def test_a_huge_quoted_cell_is_one_row(size: int) -> None:
    data = b'k,"' + b'""' * 1_000_000 + b'""\n' * 900 + b'"\nl,m\n'
    blocks = (data[at : at + size] for at in range(0, len(data), size)) if size > 1 else iter([data])
    assert list(row_ends(blocks, b",")) == [len(data) - 4, len(data)]


def test_a_line_of_many_megabytes_is_not_kept_in_memory() -> None:
    blocks = itertools.chain([b"a\n"], itertools.repeat(b"x" * 65536, 400), [b"\nb\n"])
    assert list(row_ends(blocks, b",", longest=100_000)) == [2, 2 + 400 * 65536 + 1, 2 + 400 * 65536 + 3]
