"""What the index holds of records, files and folders."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.search import domain
from functions.search.domain import Stage
from functions.search.mappings import PROPERTY_TYPES, definitions
from leanda import ids, limits
from leanda.contracts.artefacts import FieldValue, Record, RecordStatus, Structure
from tests.unit.search.fakes import facts, rows_of

SMILES = "chemical/x-daylight-smiles"


def _document(record: Record, **changes: object) -> dict[str, object]:
    return domain.record_document(rows_of(record)[0], run=1, stage=Stage.PROCESSED, node=facts(**changes)).document


def test_a_later_stage_wins_within_a_placement_and_any_stage_of_a_later_placement_wins() -> None:
    versions = [domain.record_version(placement, stage) for placement in range(3) for stage in Stage]
    assert versions == sorted(set(versions))
    assert versions[0] > 0


def test_the_version_of_something_new_is_one() -> None:
    assert domain.node_document(facts(revision=0)).version == 1


def test_a_record_is_known_by_all_its_names() -> None:
    record = Record(
        index=3,
        type="molecule",
        structure=Structure(media_type=SMILES, text="OCC ethanol"),
        properties={"canonicalSmiles": "CCO", "inchiKey": "K", "inchi": "InChI=1S/x", "molecularFormula": "C2H6O"},
    )
    assert _document(record)["identifiers"] == [
        ids.record_id("file-1", 3), "K", "InChI=1S/x", "CCO", "C2H6O", "OCC ethanol", "OCC",
    ]  # fmt: skip


def test_the_text_of_another_format_is_no_name() -> None:
    record = Record(index=0, type="molecule", structure=Structure(media_type="chemical/x-mdl-molfile", text="x\n"))
    assert _document(record)["identifiers"] == [ids.record_id("file-1", 0)]


def test_the_text_of_a_page_is_searched_as_one_value_behind_its_fields() -> None:
    text = "The sulfonamide\nwas filtered off."
    page = Record(
        index=0,
        type="page",
        structure=Structure(media_type="text/plain", text=text),
        fields=(FieldValue(name="Title", value="On sulfonamides"),),
    )
    document = _document(page)
    assert document["text"] == ["Title: On sulfonamides", text]
    assert document["identifiers"] == [ids.record_id("file-1", 0)]


def test_of_a_long_text_the_beginning_is_searched_however_much_the_fields_say() -> None:
    structure = Structure(media_type="text/plain", text="x" * (limits.MAX_SEARCHED_CHARACTERS + 1))
    fields = tuple(FieldValue(name=f"f{n}", value="y" * 8_000) for n in range(limits.MAX_INDEXED_FIELDS))
    text = _document(Record(index=0, type="document", structure=structure, fields=fields))["text"]
    assert len(text[-1]) == limits.MAX_SEARCHED_CHARACTERS  # type: ignore[index]
    assert sum(map(len, text)) < 1_000_000, "OpenSearch refuses to highlight more"  # type: ignore[arg-type]


def test_a_reaction_is_known_by_each_of_its_molecules_and_by_itself() -> None:
    reaction = Record(
        index=0,
        type="reaction",
        structure=Structure(media_type="chemical/x-daylight-reaction-smiles", text="OC>>C=O |f:0|"),
        properties={
            "reactants": [{"smiles": "CO", "inchiKey": "OKKJLVBELUTLKV-UHFFFAOYSA-N", "name": "methanol"}],
            "products": [{"smiles": "C=O"}],
            "agents": [{}],
            "reactantCount": 1,
            "reactionSmiles": "CO>>C=O",
        },
    )
    document = _document(reaction)
    assert document["identifiers"] == [
        ids.record_id("file-1", 0),
        "CO>>C=O",
        "OC>>C=O |f:0|",
        "OC>>C=O",
        "OKKJLVBELUTLKV-UHFFFAOYSA-N",
        "CO",
        "C=O",
    ]
    assert document["text"] == ["methanol", "reactantCount: 1", "reactionSmiles: CO>>C=O"]


def test_an_inchikey_or_inchi_that_a_file_states_names_its_record_in_whatever_column() -> None:
    stated = [
        "BSYNRYMUTXBXSQ-UHFFFAOYSA-N ",
        "InChI=1S/CH4/h1H4",
        "BSYNRYMUTXBXSQ",
        "bsynrymutxbxsq-uhfffaoysa-n",
        None,
    ]
    fields = tuple(FieldValue(name=f"f{n}", value=n) for n in range(300))
    fields += tuple(FieldValue(name=f"s{n}", value=value) for n, value in enumerate(stated))
    assert _document(Record(index=0, type="row", fields=fields))["identifiers"] == [
        ids.record_id("file-1", 0), "BSYNRYMUTXBXSQ-UHFFFAOYSA-N", "InChI=1S/CH4/h1H4",
    ]  # fmt: skip


def test_a_record_of_very_many_molecules_is_known_by_the_first() -> None:
    many = [{"smiles": "C" * n} for n in range(1, 2 * domain.MAX_IDENTIFIERS)]
    document = _document(Record(index=0, type="reaction", properties={"reactants": many}))
    assert len(document["identifiers"]) == domain.MAX_IDENTIFIERS  # type: ignore[arg-type]


def test_an_identifier_longer_than_a_term_is_its_digest() -> None:
    assert domain.identifier("C" * 1000) == "C" * 1000
    assert domain.identifier("é" * 501).startswith("sha256:")


def test_a_record_holds_of_its_file_only_where_it_is_and_whose() -> None:
    document = _document(Record(index=0, type="row"))
    assert "Aspirin" not in json.dumps(document)
    assert (document["ownerId"], document["ancestors"]) == ("anna", ["anna", "file-1"])


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("180.16", 180.16), (" -1e3 ", -1000.0), (7, 7.0), (".5", 0.5), ("1,5", None), ("12 mg", None), ("1e999", None),
        (10**400, None), (True, None), (None, None), ("NaN", None), ("0x10", None), ("1_000", None), ("٣", 3.0), ("1" * 65, None),
    ],
)  # fmt: skip
def test_a_number_is_what_states_one_in_full(value: object, number: float | None) -> None:
    assert domain.number_of(value) == number


def test_more_fields_than_the_limit_are_left_to_the_store() -> None:
    record = Record(index=0, type="row", fields=tuple(FieldValue(name=f"f{i}", value=i) for i in range(5000)))
    document = _document(record)
    assert len(document["numbers"]) == len(document["pairs"]) == limits.MAX_INDEXED_FIELDS  # type: ignore[arg-type]


def test_a_property_that_the_mapping_does_not_know_is_searched_like_a_field() -> None:
    document = _document(
        Record(index=0, type="x", properties={"future": 1.2, "logP": 3, "molecularWeight": "heavy", "list": [1]})
    )
    assert document["properties"] == {"logP": 3.0}
    assert document["numbers"] == [{"name": "future", "value": 1.2}]


def test_a_value_is_found_as_it_is_written_and_as_a_number() -> None:
    fields = (FieldValue(name="code", value=100000.0, written="1e5"), FieldValue(name="mass", value=1.5))
    document = _document(Record(index=0, type="row", fields=fields))
    assert document["text"] == ["code: 1e5", "mass: 1.5"]
    assert document["pairs"] == [domain.pair("code", 100000.0), domain.pair("code", "1e5"), domain.pair("mass", 1.5)]
    assert document["numbers"] == [{"name": "code", "value": 100000.0}, {"name": "mass", "value": 1.5}]
    rounded = _document(Record(index=0, type="row", fields=(FieldValue(name="x", value="0.12345678901234567890123"),)))
    assert rounded["numbers"] == [{"name": "x", "value": 0.12345678901234568}]


def test_a_tombstone_holds_only_where_it_was_and_whose() -> None:
    assert set(domain.record_tombstone(facts(deleted=True), 0).document) == {
        "id", "type", "key", "fileId", "ownerId", "ancestors", "placement", "deleted", "tombstonedAt",
    }  # fmt: skip
    node = domain.node_document(facts(deleted=True)).document
    assert node["deleted"] is True
    assert "Aspirin" not in json.dumps(node)


def test_a_file_is_found_by_the_names_of_its_fields() -> None:
    node = facts(metadata={"fields": [{"name": "Melting point"}], "fieldCount": 1, "truncated": False})
    assert domain.node_document(node).document["text"] == ["Melting point"]


def test_a_deleted_file_turns_its_chunk_into_tombstones() -> None:
    records = [Record(index=0, type="x"), Record(index=1, type="x", status=RecordStatus.FAILED)]
    made = list(
        domain.chunk_documents(rows_of(*records), run=1, stage=Stage.PROCESSED, node=facts(deleted=True, placement=1))
    )
    assert [(one.document["deleted"], one.version) for one in made] == [(True, 7), (True, 7)]


def test_a_failed_record_replaces_what_an_earlier_run_showed() -> None:
    failed = [Record(index=4, type="x", status=RecordStatus.FAILED)]
    assert list(domain.chunk_documents(rows_of(*failed), run=1, stage=Stage.PROCESSED, node=facts())) == []
    [tombstone] = domain.chunk_documents(
        rows_of(*failed), run=2, stage=Stage.PROCESSED, node=facts(activeRun=2, placement=1)
    )
    assert (tombstone.id, tombstone.document["deleted"]) == (ids.record_id("file-1", 4), True)


def test_a_grant_on_the_node_makes_a_reader() -> None:
    grants = {"user:boris": "read", "group:lab": "manage", "user:eve": "none"}
    assert domain.node_document(facts(grants=grants)).document["readers"] == ["group:lab", "user:boris"]


_VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=50))


@given(
    st.lists(st.tuples(st.text(max_size=30), _VALUES), max_size=20),
    st.dictionaries(st.sampled_from([*PROPERTY_TYPES, "other"]), _VALUES),
)
def test_whatever_a_file_states_the_document_fits_the_mapping(
    fields: list[tuple[str, object]], properties: dict[str, object]
) -> None:
    stated = tuple(FieldValue(name=name, value=value) for name, value in fields)
    document = _document(Record(index=0, type="x", fields=stated, properties=properties))
    mapping = definitions(local=True)[1].body["mappings"]["properties"]
    assert set(document) <= set(mapping)
    assert set(document["properties"]) <= set(mapping["properties"]["properties"])  # type: ignore[call-overload]
    json.dumps(document, allow_nan=False)
