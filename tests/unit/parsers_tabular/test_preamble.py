"""What stands above a table that is no part of it."""

from __future__ import annotations

import pytest

from tests.unit.parsers.reading import boundaries, codes
from tests.unit.parsers_tabular.csvs import CSV, names, read_all, values

POINTS = b"".join(b"%d,0.%03d\n" % (200 + n, n) for n in range(100))
INSTRUMENT = b"Instrument,UV-1800\nSample,A\nDate,2024-02-01\n"


@pytest.mark.parametrize(
    ("above", "header", "skipped"),
    [
        (INSTRUMENT + b"\n", b"Wavelength (nm),Abs\n", 3),
        (INSTRUMENT.replace(b"\n", b"\r\n") + b"\r\n", b"Wavelength,Abs\r\n", 3),
        (INSTRUMENT + b",\n", b"Wavelength,Abs\n", 4),
        (INSTRUMENT, b"Wavelength (nm),Abs\n", 3),
        (b"UV export\n\n", b"Wavelength,Abs\n", 1),
        (b"# from, the cellar, today\n" + INSTRUMENT + b"\n", b"Wavelength,Abs\n", 4),
        (b"sep=,\n" + INSTRUMENT + b"\n", b"Wavelength,Abs\n", 4),
        (b"# by hand\n#\n", b"Wavelength,Abs\n", 2),
        (b"# by, hand\n", b"Wavelength,Abs\n", 1),
    ],
)
def test_what_an_instrument_says_above_its_points_is_skipped_and_told(
    above: bytes, header: bytes, skipped: int
) -> None:
    table = above + header + POINTS
    records = read_all(table)
    assert names(records[0]) == [name.strip() for name in header.decode().split(",")]
    assert (len(records), values(records[0]), values(records[-1])) == (100, ["200", "0.000"], ["299", "0.099"])
    [issue] = records[0].issues
    assert (issue.code, issue.message.split()[0]) == ("PREAMBLE_SKIPPED", str(skipped))
    assert len(boundaries(CSV, table, 7)) == 100


def test_comments_above_a_table_are_none_of_its_rows() -> None:
    records = read_all(b"# a, b, c comment\n## more\ntime,abs,temp\n1,0.5,20\n2,0.6,21\n")
    assert names(records[0]) == ["time", "abs", "temp"]
    assert [values(record) for record in records] == [["1", "0.5", "20"], ["2", "0.6", "21"]]
    assert codes(records[0]) == ["PREAMBLE_SKIPPED"]


@pytest.mark.parametrize(
    ("table", "header", "rows"),
    [
        (b"# written by hand\n# x,y\n1,2\n3,4\n", ["# x", "y"], 2),
        (b"# only, numbers, follow\n1,2\n3,4\n", ["column_1", "column_2"], 2),
    ],
)
def test_a_comment_may_be_the_header_of_numbers(table: bytes, header: list[str], rows: int) -> None:
    records = read_all(table)
    assert (names(records[0]), len(records)) == (header, rows)
    assert codes(records[0]) == ["PREAMBLE_SKIPPED"]


@pytest.mark.parametrize(
    "table",
    [
        b"name,value\n" + POINTS,
        b"name,value\nblank,n/d\ncontrol,n/d\n" + POINTS,
        b"name,value\nblank,0.1\n\ncontrol,0.2\n" + POINTS,
        b"name,mass (mg)\nstandard (A),n/d\n" + POINTS,
        b"name,value\na,b\n\nc,d\n1,2\n3,4\n",
        b"name,value\na,b\n\nc,d\n" + POINTS + b"end,none\n",
        b"key,text\na,b\n\nc,d\ne,f\n",
        b"\n\nname,value\n" + POINTS,
        b"#id,name\n1,foo\n2,bar\n",
        b"# id,name\nfoo,bar\nbaz,qux\n",
        b"# id,name\n1,foo\n2,bar\n",
        b"#1,foo\n#2,bar\n3,baz\n",
        b"#ff0000,red\n#00ff00,green\nwhite,none\n",
        b"#CHROM,POS,ID\nchr1,5,a\nchr2,6,b\n",
        b"# tag\n# other\n# third\n",
    ],
)
def test_an_ordinary_table_loses_no_row(table: bytes) -> None:
    lines = [line for line in table.decode().split("\n") if line]
    records = read_all(table)
    assert names(records[0]) == lines[0].split(",")
    assert [values(record) for record in records] == [line.split(",") for line in lines[1:]]
    assert codes(records[0]) == []
