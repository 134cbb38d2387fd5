from __future__ import annotations

import re
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.crystal.formats.cif import FORMAT
from leanda import limits
from tests.unit.parsers import reading
from tests.unit.parsers_crystal.cifs import BROKEN, QUARTZ, SALT

FILE = b"# a header\n" + QUARTZ + BROKEN + SALT

boundaries = partial(reading.boundaries, FORMAT)
read = partial(reading.read, FORMAT)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_each_data_block_is_a_record_whatever_the_line_end(line_end: bytes) -> None:
    content = FILE.replace(b"\n", line_end)
    ends = boundaries(content)
    assert [content[end : end + 8].lower() for end in ends] == [b"data_bro", b"data_sal", b""]
    assert [record.name for record in read(content)] == ["quartz", None, "salt"]


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        (b"", []),
        (b"# only a comment data_\n", []),
        (b"no block", []),
        (b"data_", [5]),
        (b"DATA_a Data_b", [7, 13]),
        (b"\xef\xbb\xbfdata_a\ndata_b", [10, 16]),
        (b"data_a 'data_x' \"data_y\" data_b", [25, 31]),
        (b"data_a 'it's data_x' data_b", [21, 27]),
        (b"data_a 'open data_x\ndata_b", [20, 26]),
        (b"data_a # data_x\ndata_b", [16, 22]),
        (b"data_a xdata_x 'a'data_y data_b", [31]),
        (b"data_a\n;data_x\n data_y;\n;\ndata_b", [26, 32]),
        (b"data_a\n;data_x\n; data_b", [17, 23]),
        (b"data_a\n;\ndata_x\n", [16]),
        (b"data_a\n ; data_b", [10, 16]),
        (b"data_a\n;x\n;#data_x\ndata_b", [19, 25]),
    ],
)
def test_only_a_token_starts_a_block(content: bytes, ends: list[int]) -> None:
    assert boundaries(content) == ends


def reference_ends(content: bytes) -> list[int]:
    """Boundaries as the specification's text says it, token by token."""
    starts, at, line_start = [], 3 if content.startswith(b"\xef\xbb\xbf") else 0, True
    while at < len(content):
        byte = content[at : at + 1]
        if byte in b" \t\r\n":
            line_start, at = byte in b"\r\n", at + 1
            continue
        if byte == b";" and line_start and (at == 0 or content[at - 1] in b"\r\n"):
            end = re.compile(rb"(?<=[\r\n]);").search(content, at + 1)
            if end is None:
                break
            at, line_start = end.end(), False
            if content[at : at + 1] not in (b"'", b'"', b"#"):
                at = re.compile(rb"[^ \t\r\n]*+").match(content, at).end()  # type: ignore[union-attr]
            continue
        line_start = False
        if byte == b"#":
            end = re.compile(rb"[\r\n]|\Z").search(content, at)
        elif byte in b"'\"":
            end = re.compile(re.escape(byte) + rb"(?=[ \t\r\n]|\Z)|(?=[\r\n])|\Z").search(content, at + 1)
        else:
            end = re.compile(rb"[ \t\r\n]|\Z").search(content, at)
            if content[at : at + 5].lower() == b"data_":
                starts.append(at)
        assert end is not None
        at = end.start() if byte not in b"'\"" else end.end()
    return [*starts[1:], len(content)] if starts else []


PARTS = [
    b"data_",
    b"DATA_a",
    b"\n;",
    b"\n",
    b"\r\n",
    b" ",
    b"'",
    b'"',
    b"#",
    b"x",
    b"\t",
    b"da",
    b"ta_",
    b" data_b ",
    b";",
]


@given(st.lists(st.sampled_from(PARTS), max_size=16), st.booleans(), st.integers(1, 9))
def test_boundaries_are_those_of_the_grammar_and_do_not_depend_on_blocks(
    parts: list[bytes], bom: bool, size: int
) -> None:
    content = (b"\xef\xbb\xbf" if bom else b"") + b"".join(parts)
    assert boundaries(content) == boundaries(content, size) == reference_ends(content)


@given(st.sets(st.integers(0, 2)))
def test_records_do_not_depend_on_where_the_file_is_cut_into_chunks(cuts: set[int]) -> None:
    ends = boundaries(FILE)
    records, start = [], 0
    for end in sorted({ends[cut] for cut in cuts} | {ends[-1]}):
        records += read(FILE[start:end], first_index=len(records))
        start = end
    assert records == read(FILE)


@pytest.mark.parametrize(
    "line",
    [b"data_ ", b"'data_ ", b'"a" data_ ', b"# data_ ", b"xdata_", b"'", b"' data_", b"\n;", b"\ndata_", b"x", b"\r"],
)
def test_no_line_makes_the_search_quadratic(line: bytes) -> None:
    content = line * (2 * limits.MIB // len(line))
    started = time.process_time()
    boundaries(content, 64 * limits.KIB)
    boundaries(b"#" + content, 64 * limits.KIB)
    assert time.process_time() - started < 10
