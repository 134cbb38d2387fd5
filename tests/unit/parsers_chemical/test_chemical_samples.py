"""The real files of the samples' manifest, and what RDKit reads in them."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from functions.parsers.chemical.formats import cdx, cdxml, inchi, sdf
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.parsing.format import WholeFormat
from tests.samples import manifest, sample
from tests.unit.parsers.reading import read

DRAWINGS: dict[str, WholeFormat] = {form.name: form for form in (cdx.FORMAT, cdxml.FORMAT)}


def test_the_file_with_two_bad_records_of_20_gives_18_good_ones() -> None:
    row = sample("invalid_sdf_with_20_records_where_first_and_second_are_invalid.sdf")
    records = list(sdf.FORMAT.read(row.read_bytes(), first_index=0, head=b""))
    # The file's name says first and second, but the header with one line too many stands in the first and the third.
    assert [record.index for record in records if record.status is RecordStatus.FAILED] == [0, 2]
    assert len(records) == 20


def test_names_and_data_items_are_those_that_rdkit_reads() -> None:
    """As texts, in their order; blank lines behind the last record are one more to RDKit, and a bad record is none."""
    chem = pytest.importorskip("rdkit.Chem")
    compared = 0
    for row in manifest("sdf"):
        content = row.read_bytes()
        if row.expected == "invalid":
            continue
        records = sdf.FORMAT.read(content, first_index=0, head=b"")
        theirs = chem.ForwardSDMolSupplier(io.BytesIO(content), sanitize=False, removeHs=False)
        for record, molecule in zip(records, theirs, strict=False):
            assert (molecule is None) is (record.status is RecordStatus.FAILED), (row.path, record.index)
            if molecule is not None:
                assert record.name == (molecule.GetProp("_Name").strip() or None)
                items = [(name, molecule.GetProp(name)) for name in molecule.GetPropNames()]
                assert [(field.name, field.value) for field in record.fields] == items, (row.path, record.index)
                compared += len(items)
    assert compared > 30_000


def drawn(name: str) -> list[Record]:
    row = sample(name)
    return read(DRAWINGS[row.format], row.read_bytes())


@pytest.mark.parametrize(
    ("name", "molecules", "reactions"),
    [
        ("125_11Mos.cdx", 3, 0),
        ("marvin.cdx", 5, 1),
        ("Issue3514824.cdxml", 1, 0),
        ("Suzuki_Rxn1.cdxml", 18, 1),
        ("test-multi.cdxml", 4, 0),
    ],
)
def test_drawings_give_their_molecules_and_their_reaction(name: str, molecules: int, reactions: int) -> None:
    counts = Counter(record.type for record in drawn(name))
    assert (counts["molecule"], counts["reaction"]) == (molecules, reactions)


def test_the_suzuki_scheme_is_read() -> None:
    reaction = drawn("Suzuki_Rxn1.cdxml")[-1]
    keys = [member["inchiKey"] for member in reaction.properties["reactants"]]
    assert keys == ["MNJYZNVROSZZQC-UHFFFAOYSA-N", "USEXQPWLCGBYNT-UHFFFAOYSA-N"]
    assert reaction.properties["productCount"] == 1


METHANE = "VNWKTOKETHGBQD"


@pytest.mark.parametrize(
    ("name", "only_rdkit", "only_here"),
    [
        # RDKit takes ethanol with hydrogen chloride in one fragment for methane.
        ("125_11Mos.cdx", {METHANE}, 1),
        ("marvin.cdx", set(), 0),
        ("Issue3514824.cdxml", set(), 0),
        # RDKit gives one of three drawings of the same molecule less.
        ("test-multi.cdxml", set(), 0),
    ],
)
def test_rdkit_finds_the_same_molecules_in_a_drawing(name: str, only_rdkit: set[str], only_here: int) -> None:
    chem = pytest.importorskip("rdkit.Chem")
    row = sample(name)
    # The first block of the key, because RDKit and Indigo read bold bonds differently.
    ours = {
        chem.MolToInchiKey(chem.MolFromMolBlock(record.structure.text))[:14]
        for record in drawn(name)
        if record.structure is not None and record.type == "molecule"
    }
    binary = row.format == "cdx"
    parameters = chem.CDXMLParserParams(True, True, chem.CDXMLFormat.CDX if binary else chem.CDXMLFormat.CDXML)
    content = row.read_bytes()
    theirs = {
        chem.MolToInchiKey(molecule)[:14]
        for molecule in chem.MolsFromCDXML(content if binary else content.decode(), parameters)
    }
    assert theirs - ours == only_rdkit
    assert len(ours - theirs) == only_here


def test_rdkit_finds_the_same_stereochemistry_in_wedged_drawings() -> None:
    chem = pytest.importorskip("rdkit.Chem")
    row = sample("test-multi.cdxml")
    theirs = {chem.MolToInchiKey(molecule) for molecule in chem.MolsFromCDXML(row.read_bytes().decode())}
    ours = {
        chem.MolToInchiKey(chem.MolFromMolBlock(record.structure.text))
        for record in drawn("test-multi.cdxml")
        if record.structure is not None
    }
    assert ours == theirs


def test_rdkit_finds_the_stated_inchi_in_the_structures_of_an_inchi_list() -> None:
    chem = pytest.importorskip("rdkit.Chem")
    [row] = manifest("inchi")
    records = list(inchi.FORMAT.read(row.read_bytes(), first_index=0, head=b""))
    assert len(records) == row.records == 992
    unconfirmed = [record for record in records if record.issues]
    assert len(unconfirmed) <= 3
    refused = 0
    for record in records[::4]:
        if record.structure is not None and not record.issues:
            molecule = chem.MolFromSmiles(record.structure.text)
            refused += molecule is None
            assert molecule is None or chem.MolToInchi(molecule) == record.fields[0].value
        assert chem.InchiToInchiKey(record.fields[0].value) == record.properties["inchiKey"]
    assert refused <= 2  # RDKit does not take five bonds at a nitrogen.
