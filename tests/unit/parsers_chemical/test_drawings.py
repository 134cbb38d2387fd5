from __future__ import annotations

import time

import pytest

from functions.parsers.chemical.formats import cdx, cdxml, drawing
from functions.processor.properties import compute
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, ParseFailure
from leanda.parsing.format import WholeFormat
from tests.unit.parsers.reading import codes, read
from tests.unit.parsers_chemical.drawings import (
    DOCTYPE,
    HEADER,
    SCHEME,
    cdxml_fragment,
    fragment,
    object_,
    property_,
)
from tests.unit.parsers_chemical.drawings import cdx as cdx_file
from tests.unit.parsers_chemical.drawings import cdxml as cdxml_file

GROUP, TEXT, NODE, STEP = 0x8002, 0x8006, 0x8004, 0x800E


def atoms(record: Record) -> str:
    """The element symbols of a record's molfile, in order."""
    assert record.structure is not None
    lines = record.structure.text.splitlines()
    return "".join(line[31:34].strip() for line in lines[4 : 4 + int(lines[3][:3])])


def test_each_fragment_of_a_cdx_page_is_a_molecule_with_a_molfile() -> None:
    records = read(cdx.FORMAT, cdx_file(fragment(), object_(TEXT, 5), fragment("CN", ((1, 2),), first=1001)))
    assert [(record.index, record.type, record.status.value) for record in records] == [
        (0, "molecule", "Parsed"),
        (1, "molecule", "Parsed"),
    ]
    assert [atoms(record) for record in records] == ["CCO", "CN"]
    assert all(record.structure and record.structure.media_type == "chemical/x-mdl-molfile" for record in records)


def test_each_fragment_of_a_cdxml_page_is_a_molecule_with_a_molfile() -> None:
    records = read(cdxml.FORMAT, cdxml_file(cdxml_fragment(), "<t/>", cdxml_fragment("CN", ((1, 2),), first=1001)))
    assert [atoms(record) for record in records] == ["CCO", "CN"]
    assert [record.issues for record in records] == [(), ()]


def test_fragments_in_groups_are_molecules_and_those_in_atoms_are_not() -> None:
    grouped = object_(GROUP, 7, object_(GROUP, 8, fragment("CN", ((1, 2),), first=1001)))
    nested = fragment("CO", ((1, 2),), first=2001, inside=fragment("N", (), first=3001))
    assert len(read(cdx.FORMAT, cdx_file(grouped, nested))) == 2
    inside = cdxml_fragment("N", (), first=3001)
    content = cdxml_file(
        f'<group id="7"><group id="8">{cdxml_fragment("CN", ((1, 2),))}</group></group>',
        cdxml_fragment("CO", ((1, 2),), first=2001, inside=inside),
    )
    assert len(read(cdxml.FORMAT, content)) == 2


def test_reading_twice_gives_the_same_records() -> None:
    for form, content in ((cdx.FORMAT, cdx_file(fragment())), (cdxml.FORMAT, cdxml_file(*SCHEME).encode())):
        records = read(form, content)
        assert records == read(form, content)
        assert records[0].structure is not None
        # No date of today in the molfile.
        assert records[0].structure.text.splitlines()[1] == "  -INDIGO-01000000002D"


def test_the_reaction_of_a_scheme_follows_its_molecules() -> None:
    records = read(cdxml.FORMAT, cdxml_file(*SCHEME))
    assert [record.type for record in records] == ["molecule", "molecule", "reaction"]
    reaction = records[2]
    assert reaction.properties["reactionSmiles"] == "CCO>>CC"
    assert reaction.properties["reactants"] == [{"smiles": "CCO", "inchiKey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}]
    assert reaction.structure is not None
    assert reaction.structure.media_type == "chemical/x-mdl-rxn"
    assert reaction.structure.text.startswith("$RXN")


def test_molecules_that_take_no_part_in_the_reaction_are_counted() -> None:
    records = read(cdxml.FORMAT, cdxml_file(*SCHEME, '<group id="4">', cdxml_fragment("N", (), first=5001), "</group>"))
    assert [record.type for record in records] == ["molecule", "molecule", "molecule", "reaction"]
    assert codes(records[3]) in (["REACTION_PARTIAL"], [])


def test_arrows_that_connect_nothing_make_no_reaction() -> None:
    assert [record.type for record in read(cdx.FORMAT, cdx_file(fragment(), object_(STEP, 5)))] == ["molecule"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "utf-8-sig"])
def test_cdxml_is_read_in_the_encoding_it_states(encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    [record] = read(cdxml.FORMAT, cdxml_file(cdxml_fragment(), declaration=declaration).encode(encoding))
    assert atoms(record) == "CCO"


def test_an_empty_fragment_fails_alone() -> None:
    for form, content in (
        (cdx.FORMAT, cdx_file(fragment("", ()), fragment())),
        (cdxml.FORMAT, cdxml_file("<fragment/>", cdxml_fragment()).encode()),
    ):
        records = read(form, content)
        assert [codes(record) for record in records] == [["STRUCTURE_EMPTY"], []]
        assert [record.status for record in records] == [RecordStatus.FAILED, RecordStatus.PARSED]


def test_a_query_is_kept_with_a_warning_and_what_indigo_refuses_fails_alone() -> None:
    query = cdxml_fragment().replace('<b id="501"', '<b id="501" Order="any"')
    refused = cdxml_fragment().replace('B="1" E="2"', 'B="1" E="7777"')
    records = read(cdxml.FORMAT, cdxml_file(query, refused, cdxml_fragment()))
    assert [codes(record) for record in records] == [["QUERY_STRUCTURE"], ["TOOLKIT_REFUSED"], []]
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]


@pytest.mark.parametrize(
    ("form", "content"),
    [(cdx.FORMAT, cdx_file(fragment())), (cdxml.FORMAT, cdxml_file(cdxml_fragment()).encode())],
)
def test_the_processor_computes_properties_of_drawn_molecules(form: WholeFormat, content: bytes) -> None:
    [record] = read(form, content)
    assert record.structure is not None
    computed = compute(record.structure.text).properties
    assert computed["molecularFormula"] == "C2H6O"
    assert computed["inchiKey"] == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"


def test_what_breaks_off_is_one_failed_record_behind_the_good_ones() -> None:
    good = cdx_file(fragment(), fragment(first=1001))
    records = read(cdx.FORMAT, good[:-60])
    assert [codes(record) for record in records] == [[], ["DRAWING_TRUNCATED"]]
    assert records[1].issues[0].place is not None
    text = cdxml_file(cdxml_fragment(), cdxml_fragment(first=1001))
    records = read(cdxml.FORMAT, text[:-60])
    assert [codes(record) for record in records] == [[], ["DRAWING_TRUNCATED"]]


def test_a_property_that_is_longer_than_the_drawing_is_found_before_it_is_read() -> None:
    lie = property_(0x0001, b"")[:2] + b"\xff\xff" + b"\xff\xff\xff\x7f"
    with pytest.raises(FileCorrupt) as caught:
        read(cdx.FORMAT, HEADER + lie)
    assert "longer than what is left" in (caught.value.detail or "")


@pytest.mark.parametrize(
    ("form", "content", "failure"),
    [
        (cdx.FORMAT, b"XXXX0100" + cdx_file(fragment())[8:], FormatMismatch),
        (cdx.FORMAT, b"VjCD0100", FormatMismatch),
        (cdx.FORMAT, b"Dear colleagues", FormatMismatch),
        (cdx.FORMAT, HEADER, FileCorrupt),
        (cdx.FORMAT, HEADER + b"\x01\x80\0\0\0\0" * 10_000, FileCorrupt),
        (cdxml.FORMAT, b"Dear colleagues", FormatMismatch),
        (cdxml.FORMAT, b"<svg><fragment/></svg>", FormatMismatch),
        (cdxml.FORMAT, b"<CDXML><page>", FileCorrupt),
        (cdxml.FORMAT, b"<CDXML>" + b"<group>" * 10_000, FileCorrupt),
        (cdxml.FORMAT, b'<!DOCTYPE CDXML [<!ENTITY a "b">]><CDXML>&a;</CDXML>', FileBomb),
    ],
)
def test_what_is_no_drawing_is_a_verdict(form: WholeFormat, content: bytes, failure: type[ParseFailure]) -> None:
    with pytest.raises(failure):
        read(form, content)


def test_a_billion_laughs_are_refused_at_once() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    doctype = DOCTYPE.replace(" >", f" [{entities}]>")
    started = time.process_time()
    with pytest.raises(FileBomb):
        read(cdxml.FORMAT, cdxml_file("&l11;", doctype=doctype))
    assert time.process_time() - started < 2


def test_drawings_without_a_molecule_have_no_record() -> None:
    assert read(cdx.FORMAT, cdx_file(object_(TEXT, 5))) == []
    assert read(cdxml.FORMAT, cdxml_file("<t/>")) == []
    assert cdx.FORMAT.empty_is_failure
    assert cdxml.FORMAT.empty_is_failure


def test_drawings_over_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MAX_BYTES", 100)
    with pytest.raises(drawing.DrawingTooLarge):
        read(cdx.FORMAT, cdx_file(fragment()))


def test_too_many_fragments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdx, "MAX_FRAGMENTS", 2)
    monkeypatch.setattr(cdxml, "MAX_FRAGMENTS", 2)
    with pytest.raises(FileCorrupt):
        read(cdx.FORMAT, cdx_file(*[fragment()] * 3))
    with pytest.raises(FileCorrupt):
        read(cdxml.FORMAT, cdxml_file(*[cdxml_fragment()] * 3))
