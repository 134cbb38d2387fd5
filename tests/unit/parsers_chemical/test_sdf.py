from __future__ import annotations

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.chemical.formats import mol, sdf
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus, Severity
from leanda.parsing.records import guarded
from leanda.persistence.artefacts import json_line
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes
from tests.unit.parsers_chemical.molfiles import molfile, v3000
from tests.unit.parsers_chemical.molfiles import sdf as sdf_file

FILE = sdf_file(
    molfile() + "> <A>\n1\n\n",
    "broken\n",
    v3000(),
    molfile(["N", "C"], [(1, 2, 3)], name="") + "> <B>\n$$$ not a delimiter $$$$\n\n",
    "",
)

boundaries = partial(reading.boundaries, sdf.FORMAT)
read = partial(reading.read, sdf.FORMAT)
read_one = partial(reading.read_one, sdf.FORMAT)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_each_delimiter_line_ends_a_record_whatever_the_line_end(line_end: str) -> None:
    content = sdf_file(molfile(), v3000(), line_end=line_end)
    ends = boundaries(content)
    assert len(ends) == 2
    assert ends[1] == len(content)
    assert content[: ends[0]].endswith(b"$$$$" + line_end.encode())
    assert [record.status for record in read(content)] == [RecordStatus.PARSED] * 2


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        (b"", []),
        (b"\n \n\t\r\n", []),
        (b"$$$$", [4]),
        (b"$$$$\r", [5]),
        (b"a\n$$$$\n\n\n", [7]),
        (b"a\n$$$$\nb", [7, 8]),
        (b"a\n$$$$ tail\r\n$$$$\n", [13, 18]),
        (b"a $$$$\n$$$$$$$$$\nb\n", [17, 19]),
        (b" $$$$\n", [6]),
    ],
)
def test_boundaries_of_odd_files(content: bytes, ends: list[int]) -> None:
    assert boundaries(content) == ends


def reference_ends(content: bytes) -> list[int]:
    """Boundaries as the format's text says it, line by line."""
    ends, at, text = [], 0, False
    for line in re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", content):
        at += len(line)
        text = text or bool(line.strip())
        if line.startswith(b"$$$$"):
            ends.append(at)
            text = False
    return [*ends, at] if text else ends


@given(
    st.lists(st.sampled_from([b"$$$$", b"$$", b"$", b"\n", b"\r", b"\r\n", b"x", b" ", b"M  END"]), max_size=40),
    st.integers(1, 9),
)
def test_boundaries_do_not_depend_on_the_size_of_blocks(parts: list[bytes], size: int) -> None:
    content = b"".join(parts)
    assert boundaries(content, size) == reference_ends(content)


@given(st.sets(st.integers(0, 4)), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_records_do_not_depend_on_where_the_file_is_cut_into_chunks(cuts: set[int], line_end: bytes) -> None:
    content = FILE.replace(b"\n", line_end)
    ends = boundaries(content)
    whole = read(content)
    records: list[Record] = []
    start = 0
    for end in sorted({ends[cut] for cut in cuts} | {ends[-1]}):
        records += read(content[start:end], first_index=len(records))
        start = end
    assert records == whole
    assert len(whole) == len(ends) == 5


def test_a_record_keeps_its_molfile_name_and_data_items() -> None:
    record = read_one(molfile() + ">  <logS> (12)\n-1.5\n\n> 25 <NAME> DT7\nfirst \n second\n\n$$$$\n")
    assert record.name == "ethanol"
    assert record.structure is not None
    assert record.structure.media_type == "chemical/x-mdl-molfile"
    assert record.structure.text == molfile()
    assert [(field.name, field.value) for field in record.fields] == [("logS", "-1.5"), ("NAME", "first \n second")]
    assert record.issues == ()


@pytest.mark.parametrize(
    ("items", "fields", "issues"),
    [
        ("> <A>\n\n> <A>\n2\n\n", [("A", ""), ("A", "2")], []),
        ("> DT12\nv\n\n", [("DT12", "v")], []),
        ("> loose name\nv\n", [("loose name", "v")], []),
        ("> <a <b> c>\nv\n", [("a <b> c", "v")], []),
        ("> <A>\n> 5\n\n", [("A", "> 5")], []),
        ("> <A>\nx\n> <B>\ny\n\n", [("A", "x"), ("B", "y")], ["DATA_ITEM_OPEN"]),
        ("> <A>\nx\n\n\ny\n\n> <B>\nz", [("A", "x\n\n\ny"), ("B", "z")], ["DATA_BLANK_LINE"]),
        ("> <A>\n1\n\n2\n3\n \n4\n\n", [("A", "1\n\n2\n3\n \n4")], ["DATA_BLANK_LINE"]),
        ("> <A>\n1\n\n2\n> <B>\n3\n", [("A", "1\n\n2"), ("B", "3")], ["DATA_BLANK_LINE", "DATA_ITEM_OPEN"]),
        ("> <A>\n\n2\n\n", [("A", "\n2")], ["DATA_BLANK_LINE"]),
        ("stray\n\n> <A>\nx\n\n", [("A", "x")], ["TEXT_OUTSIDE_DATA"]),
        ("> <A>\r\nx\r\ny\r\n\r\n", [("A", "x\ny")], []),
    ],
)
def test_data_items_in_all_their_variants(items: str, fields: list[tuple[str, str]], issues: list[str]) -> None:
    record = read_one(molfile() + items + "\n$$$$\n")
    assert [(field.name, field.value) for field in record.fields] == fields
    assert codes(record) == issues


def test_good_records_are_written_down_as_their_models_are_and_failed_ones_stay_records() -> None:
    items = '> <É "quoted">\na\n\n> <tab\t>\n\n> <A>\nx\n\ny\n\n'
    bad = molfile(["C"], [(1, 9, 1)], name="bad")
    content = sdf_file(molfile() + items, molfile(name=""), bad, v3000())
    lines = list(sdf.FORMAT.written(content, first_index=7, head=content))
    records = read(content, first_index=7)
    assert [isinstance(line, bytes) for line in lines] == [True, True, False, True]
    assert lines == [json_line(one) if one.status is RecordStatus.PARSED else one for one in records]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_molecule_without_the_delimiter_before_it_is_told_of(line_end: str) -> None:
    text = molfile() + "> <A>\n1\n\n" + molfile(name="next") + "> <B>\n2\n\n$$$$\n"
    record = read_one(text.replace("\n", line_end))
    assert codes(record) == ["DATA_BLANK_LINE", "DATA_ITEM_OPEN", "DELIMITER_MISSING"]
    assert record.issues[0].severity is record.issues[2].severity is Severity.WARNING
    counts_line = molfile().split("\n").index(next(line for line in molfile().split("\n") if "V2000" in line)) + 1
    assert record.issues[2].place == f"line {3 + counts_line} behind the molfile"


def test_words_of_molfiles_in_a_value_are_no_molfile() -> None:
    items = "> <A>\nwritten as V2000\nthe line M  END ends it\n\n"
    assert codes(read_one(molfile() + items + "$$$$\n")) == []


def test_text_that_is_not_utf8_is_read_as_windows_1252_and_said_so() -> None:
    record = read_one((molfile() + "> <T>\n25 °C – μ\n\n").replace("μ", "u").encode("cp1252"))
    assert record.fields[0].value == "25 °C – u"
    assert [(issue.code, issue.severity) for issue in record.issues] == [("ENCODING_ASSUMED", Severity.INFORMATION)]


def test_bytes_that_windows_1252_does_not_know_are_read_as_latin_1() -> None:
    record = read_one((molfile() + "> <T>\n").encode() + b"\x81\n\n")
    assert record.fields[0].value == "\x81"


def test_a_byte_order_mark_is_dropped_and_said_so() -> None:
    record = read_one(b"\xef\xbb\xbf" + (molfile(name="é") + "> <é>\nü\n").encode())
    assert (record.name, record.fields[0].name, record.fields[0].value) == ("é", "é", "ü")
    assert codes(record) == ["BOM_DROPPED"]


def test_a_record_that_is_too_large_fails_alone() -> None:
    huge = molfile() + "> <A>\n" + "x" * limits.MAX_RECORD_BYTES + "\n\n$$$$\n"
    records = read((huge + molfile()).encode())
    assert [record.status for record in records] == [RecordStatus.FAILED, RecordStatus.PARSED]
    assert codes(records[0]) == ["RECORD_TOO_LARGE"]


def test_a_record_with_absurdly_many_data_items_fails() -> None:
    assert codes(read_one(molfile() + ">\n\n" * (sdf.MAX_DATA_ITEMS + 1))) == ["TOO_MANY_FIELDS"]


def test_failed_records_keep_their_index_and_name_and_lose_their_structure() -> None:
    records = read(sdf_file(molfile(), molfile(["C"], [(1, 9, 1)], name="bad"), molfile()), first_index=7)
    assert [(record.index, record.status.value) for record in records] == [(7, "Parsed"), (8, "Failed"), (9, "Parsed")]
    assert records[1].name == "bad"
    assert records[1].structure is None
    assert records[1].issues[0].place == "line 6 of the record"


@pytest.mark.parametrize("name", ["$RXN", "VjCD0100", "InChI=1S/CH4/h1H4", "{}", ">", "M  END"])
def test_a_molecule_may_have_any_name(name: str) -> None:
    record = read_one(molfile(name=name))
    assert (record.status, record.name) == (RecordStatus.PARSED, name)


def test_a_structure_with_a_nul_character_fails() -> None:
    assert read_one(molfile().replace("Leanda", "Lea\0da")).status is RecordStatus.FAILED


def test_a_query_is_kept_with_a_warning() -> None:
    record = read_one(molfile(["C", "L"], [(1, 2, 1)], properties=["M  ALS   2  2 F N   O   "]))
    assert record.status is RecordStatus.PARSED
    assert codes(record) == ["QUERY_STRUCTURE"]


def test_an_unknown_v3000_keyword_is_dropped_with_a_warning_and_the_structure_stays() -> None:
    text = v3000(bond="2 1 2 3 COLOUR=RED COLOUR=(2 1 2)", atom='3 O 3 0 0 0 COLOUR="deep red"')
    record = read_one(text)
    assert record.structure is not None
    assert record.structure.text == text
    assert codes(record) == ["KEYWORD_DROPPED"]


def test_a_record_whose_reading_raises_fails_alone() -> None:
    def read_record(raw: bytes, index: int) -> Record:
        raise ZeroDivisionError(raw.decode())

    record = guarded("molecule", read_record, b"a defect", 4)
    assert (record.index, record.status, codes(record)) == (4, RecordStatus.FAILED, ["RECORD_UNREADABLE"])


def test_what_the_toolkit_refuses_fails_with_its_words() -> None:
    record = read_one(molfile(bonds=[(1, 2, 1), (1, 2, 2)]))
    assert codes(record) == ["TOOLKIT_REFUSED"]


def test_a_molfile_is_one_record_with_its_data_items() -> None:
    content = (molfile() + "> <A>\n1\n").encode()
    assert list(mol.FORMAT.boundaries([content], head=content)) == [len(content)]
    [record] = mol.FORMAT.read(content, first_index=0, head=content)
    assert (record.name, record.fields[0].value, mol.FORMAT.name) == ("ethanol", "1", "mol")


def test_text_that_is_no_molfile_is_one_failed_record() -> None:
    record = read_one("Dear colleagues,\nplease find\nattached\nour results.\n")
    assert codes(record) == ["COUNTS_LINE_INVALID"]
