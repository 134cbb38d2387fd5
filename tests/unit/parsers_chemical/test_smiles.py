from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.chemical.formats import smiles
from leanda import limits
from leanda.contracts.artefacts import RecordStatus
from tests.unit.parsers import reading

FILE = b"# made by hand\n\nSMILES Name\nCCO ethanol\r\n\n# comment\nC1CC\tbroken\nc1ccccc1\n  [Na+].[Cl-]   table salt  \rC"

boundaries = partial(reading.boundaries, smiles.FORMAT)
read = partial(reading.read, smiles.FORMAT)


def test_each_line_with_a_smiles_is_a_record() -> None:
    records = read(FILE)
    assert [(record.index, record.name, record.status.value) for record in records] == [
        (0, "ethanol", "Parsed"),
        (1, "broken", "Failed"),
        (2, None, "Parsed"),
        (3, "table salt", "Parsed"),
        (4, None, "Parsed"),
    ]
    assert records[3].structure is not None
    assert (records[3].structure.text, records[3].structure.media_type) == ("[Na+].[Cl-]", "chemical/x-daylight-smiles")


@given(st.sets(st.integers(0, 4)), st.integers(1, 30))
def test_records_depend_neither_on_blocks_nor_on_chunks(cuts: set[int], size: int) -> None:
    assert boundaries(FILE, size) == boundaries(FILE)
    assert reading.in_chunks(smiles.FORMAT, FILE, cuts) == read(FILE)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@given(cuts=st.sets(st.integers(0, 4)), size=st.integers(1, 30))
def test_a_list_in_utf_16_has_the_records_of_the_same_text(codec: str, cuts: set[int], size: int) -> None:
    text = FILE.decode().replace("ethanol", "éthanol 漢 \U0001f600")
    wide = f"\ufeff{text}".encode(codec)
    assert read(wide) == read(text.encode())
    assert boundaries(wide, size) == boundaries(wide)
    assert reading.in_chunks(smiles.FORMAT, wide, cuts) == read(wide)


def test_a_mark_of_utf_16_before_other_text_costs_one_record() -> None:
    assert [record.status.value for record in read(b"\xff\xfeCCO\nCCC\nC\n")] == ["Failed", "Parsed", "Parsed"]


@given(st.binary(max_size=60), st.integers(1, 9))
def test_damaged_utf_16_has_as_many_records_as_were_planned(damage: bytes, size: int) -> None:
    wide = "\ufeffCCO one\nCCC two\n".encode("utf-16-le") + damage
    assert len(boundaries(wide, size)) == len(read(wide[: boundaries(wide)[-1]]))


def test_the_header_of_a_utf_16_list_names_its_columns() -> None:
    [record] = read("SMILES\tid\tSchmelzpunkt °C\nCCO\tE1\t-114\n".encode("utf-16"))
    assert [(field.name, field.value) for field in record.fields] == [("Schmelzpunkt °C", "-114")]
    assert record.issues == ()


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"# only a comment\n", b"smiles\tid\n"])
def test_files_without_a_smiles_have_no_record(content: bytes) -> None:
    assert boundaries(content) == []
    assert read(content) == []


def test_a_header_is_one_only_on_the_first_line() -> None:
    records = read(b"CCO\nSMILES Name\n")
    assert [record.status for record in records] == [RecordStatus.PARSED, RecordStatus.FAILED]


def test_columns_behind_the_name_are_fields_named_by_the_header() -> None:
    head = b"canonical_smiles\tid\tlogP\nCCO\tE1\t-0.3\textra\n"
    [record] = read(head)
    assert record.name == "E1"
    assert [(field.name, field.value) for field in record.fields] == [("logP", "-0.3"), ("column 4", "extra")]


def test_an_extension_belongs_to_the_smiles_and_not_to_the_name() -> None:
    [record] = read(b"C[C@H](O)N |&1:1| amine\n")
    assert record.structure is not None
    assert (record.structure.text, record.name) == ("C[C@H](O)N |&1:1|", "amine")


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        (b"InChI=1S/CH4/h1H4", "SMILES_INVALID", "character 4"),
        (b"VmpDRDAxMDA", "SMILES_INVALID", "character 1"),
        (b"CC>>CO", "REACTION_NOT_MOLECULE", "record 2"),
        (b"C{}C", "SMILES_INVALID", "character 2"),
        (b"C1CC", "SMILES_INVALID", "record 2"),
        (b"C(C", "SMILES_INVALID", "record 2"),
        (b"C0CC0", "TOOLKIT_REFUSED", "record 2"),
        (b"C\0C", "SMILES_INVALID", "character 2"),
        (b"C" * (smiles.MAX_SMILES_CHARACTERS + 1), "STRUCTURE_TOO_LARGE", "record 2"),
        (b"C" * (limits.MAX_RECORD_BYTES + 1), "RECORD_TOO_LARGE", "record 2"),
    ],
)
def test_lines_that_are_no_smiles_fail_alone(line: bytes, code: str, place: str) -> None:
    good, bad, last = read(b"CCO\n" + line + b"\nCN\n")
    assert [good.status, bad.status, last.status] == [RecordStatus.PARSED, RecordStatus.FAILED, RecordStatus.PARSED]
    assert [(issue.code, issue.place) for issue in bad.issues] == [(code, place)]


def test_a_line_longer_than_a_record_is_let_go_in_pieces_and_still_counted() -> None:
    content = b"CCO\n" + b"C" * (3 * limits.MAX_RECORD_BYTES) + b"\n" + b" " * (2 * limits.MAX_RECORD_BYTES) + b"\nCN"
    assert boundaries(content, 3_000_000) == boundaries(content) == [4, 5 + 3 * limits.MAX_RECORD_BYTES, len(content)]
