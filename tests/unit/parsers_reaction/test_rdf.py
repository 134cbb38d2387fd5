from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.reaction.formats import rdf, rxn
from leanda.contracts.artefacts import RecordStatus
from tests.unit.parsers.reading import boundaries, codes, in_chunks, read, read_one
from tests.unit.parsers_reaction.rxns import RDF, RDF_HEADER, molfile
from tests.unit.parsers_reaction.rxns import rxn as rxnfile

FORMAT = rdf.FORMAT
FILE = RDF.encode()


def test_each_record_has_its_type_registry_numbers_and_data() -> None:
    records = read(FORMAT, FILE)
    assert [(record.index, record.type, record.name) for record in records] == [
        (0, "reaction", "oxidation"),
        (1, "molecule", "alone"),
        (2, "reaction", "oxidation"),
        (3, "reaction", "two lines"),
        (4, "molecule", "oxygen"),
        (5, "molecule", None),
        (6, "reaction", "oxidation"),
    ]
    assert [[(field.name, field.value) for field in record.fields] for record in records] == [
        [("RIREG", "7"), ("yield", "93.5"), ("note", "first line\n second line")],
        [("MIREG", "8"), ("id", "M8")],
        [("REREG", "E9")],
        [("RIREG", "10")],
        [],
        [("MEREG", "none"), ("a", "b")],
        [],
    ]
    assert [codes(record) for record in records] == [[], [], [], [], [], ["STRUCTURE_MISSING"], ["REACTION_EMPTY"]]
    assert all(record.status is RecordStatus.PARSED for record in records)


def test_molecule_records_keep_a_molfile_for_the_processor() -> None:
    record = read(FORMAT, FILE)[1]
    assert record.structure is not None
    assert (record.structure.media_type, record.structure.text) == ("chemical/x-mdl-molfile", molfile(name="alone"))


def reference_ends(content: bytes) -> list[int]:
    """Boundaries line by line."""
    starts, at, before = [], 0, b""
    for line in re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", content):
        if re.match(rb"\$[RM]FMT\b", line) or (
            re.match(rb"\$[RM][IE]REG\b", line) and not re.match(rb"\$[RM]FMT\b", before)
        ):
            starts.append(at)
        at += len(line)
        before = line
    return [*starts[1:], len(content)] if starts else []


LINES = [b"$RFMT", b"$MFMT", b"$REREG 5", b"$MIREG 1", b"$DTYPE", b" $RFMT", b"\n", b"\r", b"\r\n", b"x", b"$RF", b"MT"]


@given(st.lists(st.sampled_from(LINES), max_size=30), st.integers(1, 9))
def test_boundaries_do_not_depend_on_the_size_of_blocks(parts: list[bytes], size: int) -> None:
    content = b"".join(parts)
    assert boundaries(FORMAT, content) == boundaries(FORMAT, content, size) == reference_ends(content)


@given(st.integers(1, 400))
def test_a_byte_order_mark_moves_the_boundaries_and_nothing_else(size: int) -> None:
    content = b"\xef\xbb\xbf" + FILE
    assert boundaries(FORMAT, content, size) == [end + 3 for end in boundaries(FORMAT, FILE)]
    assert [record.properties for record in read(FORMAT, content)] == [
        record.properties for record in read(FORMAT, FILE)
    ]


@given(st.sets(st.integers(0, 6)), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_records_do_not_depend_on_where_the_file_is_cut_into_chunks(cuts: set[int], line_end: bytes) -> None:
    content = FILE.replace(b"\n", line_end)
    assert in_chunks(FORMAT, content, cuts) == read(FORMAT, content)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("$DTYPE a\n$DATUM 1\n", [("a", "1")]),
        ("$DTYPE a:b(1):c\n$DATUM  two blanks\n", [("a:b(1):c", " two blanks")]),
        ("$DTYPE a\n$DTYPE b\n$DATUM 2\n", [("a", None), ("b", "2")]),
        ("$DTYPE a\n$DATUM\nbelow\n\nand below\n\n", [("a", "\nbelow\n\nand below")]),
        ("$DATUM lost\n", [("DATUM", "lost")]),
        ("$DTYPE a\n$DATUM 1\n$DATUM 2\n", [("a", "1"), ("DATUM", "2")]),
        ("$DTYPE w\n$DATUM " + "x" * 73 + "+\nyz\n", [("w", "x" * 73 + "yz")]),
        (
            "$DTYPE w\n$DATUM a\n" + "y" * 80 + "+\n" + "z" * 80 + "+\nend\n",
            [("w", "a\n" + "y" * 80 + "z" * 80 + "end")],
        ),
        ("$DTYPE w\n$DATUM 1+\n2\n", [("w", "1+\n2")]),
        ("$DTYPE m\n$DATUM $MFMT\n" + molfile(), [("m", "$MFMT\n" + molfile().rstrip("\n"))]),
    ],
)
def test_data_in_all_their_variants(data: str, fields: list[tuple[str, str | None]]) -> None:
    record = read_one(FORMAT, f"{RDF_HEADER}$RFMT\n{rxnfile()}{data}")
    assert [(field.name, field.value) for field in record.fields] == fields


def test_a_bad_record_costs_one_record_and_keeps_its_fields() -> None:
    bad = f"$RFMT $RIREG 2\n{rxnfile(counts='  9  9')}$DTYPE a\n$DATUM 1\n"
    records = read(FORMAT, RDF_HEADER + f"$RFMT\n{rxnfile()}" + bad + f"$RFMT\n{rxnfile()}")
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]
    assert codes(records[1]) == ["RXN_COUNT_MISMATCH"]
    assert [(field.name, field.value) for field in records[1].fields] == [("RIREG", "2"), ("a", "1")]


@pytest.mark.parametrize(
    ("start", "numbers"),
    [
        ("$MFMT", []),
        ("$MFMT $MIREG 3", [("MIREG", "3")]),
        ("$MFMT $MEREG A B", [("MEREG", "A B")]),
        ("$MFMT $MIREG 3 $MEREG MFCD 1", [("MIREG", "3"), ("MEREG", "MFCD 1")]),
        ("$MFMT  $MIREG\t3\t$MEREG", [("MIREG", "3"), ("MEREG", None)]),
        ("$MFMT\n$MIREG 3 $MEREG A", [("MIREG", "3"), ("MEREG", "A")]),
        ("$MFMT $MIREG 3\n$MEREG A", [("MIREG", "3"), ("MEREG", "A")]),
        ("$MFMT $MIREG 3\n$MOL", [("MIREG", "3")]),
    ],
)
@pytest.mark.parametrize("name", ["", "named"])
def test_a_molfile_follows_its_registry_numbers(start: str, numbers: list[tuple[str, str | None]], name: str) -> None:
    record = read_one(FORMAT, f"{RDF_HEADER}{start}\n{molfile(name=name)}$DTYPE a\n$DATUM 1\n")
    assert codes(record) == []
    assert record.structure is not None
    assert record.structure.text == molfile(name=name)
    assert [(field.name, field.value) for field in record.fields] == [*numbers, ("a", "1")]


@pytest.mark.parametrize("start", ["$MIREG 3", "$MFMT $MIREG 3", "$MFMT $MIREG 3\n", "$MIREG 3 $MEREG x"])
def test_a_registry_number_alone_is_a_record_without_a_structure(start: str) -> None:
    record = read_one(FORMAT, f"{RDF_HEADER}{start}\n$DTYPE a\n$DATUM 1\n")
    assert codes(record) == ["STRUCTURE_MISSING"]
    assert [field.name for field in record.fields] == (["MIREG", "MEREG", "a"] if "x" in start else ["MIREG", "a"])


def test_a_reaction_has_all_registry_numbers_of_its_first_line() -> None:
    record = read_one(FORMAT, f"{RDF_HEADER}$RFMT $RIREG 7 $REREG R-7\n{rxnfile()}")
    assert [(field.name, field.value) for field in record.fields] == [("RIREG", "7"), ("REREG", "R-7")]


def test_a_damaged_molecule_record_fails_at_its_line() -> None:
    record = read_one(FORMAT, "$MFMT $MIREG 3\n$MOL\n" + molfile().replace("    1.5000", "    1.5 00"))
    assert [(issue.code, issue.place) for issue in record.issues] == [("ATOM_LINE_INVALID", "line 8 of the record")]


def test_absurdly_many_data_fail_the_record() -> None:
    record = read_one(FORMAT, f"$RFMT\n{rxnfile()}" + "$DTYPE a\n" * 10_002)
    assert codes(record) == ["TOO_MANY_FIELDS"]


def test_a_header_alone_is_no_record() -> None:
    assert boundaries(FORMAT, RDF_HEADER.encode()) == []
    assert rxn.FORMAT.empty_is_failure
