"""Twenty molecules whose identity is published, from one SMILES file to search hits.

Source: wwPDB Chemical Component Dictionary, as listed in the samples' `oracle/known_molecules.csv`.
"""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cloud import Person
from tests.samples import samples_root

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def molecules() -> list[dict[str, str]]:
    with (samples_root() / "oracle" / "known_molecules.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def file_id(ada: Person, molecules: list[dict[str, str]]) -> str:
    text = "".join(f"{molecule['smiles']}\t{molecule['name']}\n" for molecule in molecules)
    file_id = ada.upload("known.smi", text.encode())
    file = ada.searchable(file_id)
    assert (file["status"], file["totalRecords"]) == ("Processed", len(molecules))
    return file_id


@pytest.fixture(scope="module")
def properties(ada: Person, file_id: str) -> list[dict[str, Any]]:
    """The computed properties in file order."""
    return [record["properties"] for record in ada.client.records(file_id)]


def test_there_are_twenty(molecules: list[dict[str, str]]) -> None:
    assert len(molecules) == 20


def test_every_inchikey_is_the_published_one(molecules: list[dict[str, str]], properties: list[dict[str, Any]]) -> None:
    computed = {m["name"]: p.get("inchiKey") for m, p in zip(molecules, properties, strict=True)}
    assert computed == {molecule["name"]: molecule["inchikey"] for molecule in molecules}


def test_every_formula_is_the_published_one(molecules: list[dict[str, str]], properties: list[dict[str, Any]]) -> None:
    computed = {m["name"]: p.get("molecularFormula") for m, p in zip(molecules, properties, strict=True)}
    assert computed == {molecule["name"]: molecule["formula"] for molecule in molecules}


def test_every_weight_is_within_two_hundredths_of_the_published_one(
    molecules: list[dict[str, str]], properties: list[dict[str, Any]]
) -> None:
    off = {
        molecule["name"]: (found["molecularWeight"], molecule["mol_weight"])
        for molecule, found in zip(molecules, properties, strict=True)
        if abs(found["molecularWeight"] - float(molecule["mol_weight"])) > 0.02
    }
    assert off == {}


def test_every_molecule_is_found_by_its_inchikey_alone(
    ada: Person, file_id: str, molecules: list[dict[str, str]]
) -> None:
    def places(molecule: dict[str, str]) -> list[tuple[str | None, int | None]]:
        return [(hit.get("fileId"), hit.get("index")) for hit in ada.found(molecule["inchikey"])]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(places, molecules))
    assert found == [[(file_id, index)] for index in range(len(molecules))]


def test_every_molecule_is_found_by_the_smiles_that_the_processor_wrote(
    ada: Person, file_id: str, properties: list[dict[str, Any]]
) -> None:
    for index, computed in enumerate(properties):
        hits = ada.found(computed["canonicalSmiles"], type="record")
        assert (hits[0].get("fileId"), hits[0].get("index")) == (file_id, index), computed["canonicalSmiles"]


def test_molecules_are_found_by_ranges_of_their_descriptors(
    ada: Person, file_id: str, molecules: list[dict[str, str]], properties: list[dict[str, Any]]
) -> None:
    names = [molecule["name"] for molecule in molecules]

    def found(*filters: str) -> set[str]:
        return {names[hit["index"]] for hit in ada.found("", file_id=file_id, filters=list(filters))}

    aspirin = properties[names.index("aspirin")]
    assert (aspirin["tpsa"], aspirin["hydrogenBondAcceptors"], aspirin["rings"]) == (pytest.approx(63.6), 4, 1)
    assert found("tpsa:200..") == {"adenosine triphosphate"}
    assert {"aspirin", "benzene"} <= found("tpsa:..90")
    assert "adenosine triphosphate" not in found("tpsa:..90")
    assert (
        found("logP:..-1")
        == {name for name, one in zip(names, properties, strict=True) if one["logP"] <= -1}
        >= {"glycerol"}
    )
    assert found("rings:2..2", "hydrogenBondDonors:0..0") >= {"caffeine", "naphthalene"}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("C1=CC=C(C(=C1)C(=O)O)OC(=O)C", "aspirin"),  # Kekulé form, as PubChem writes it
        ("OC(=O)c1ccccc1OC(C)=O", "aspirin"),
        ("Cn1c(=O)c2c(ncn2C)n(C)c1=O", "caffeine"),
    ],
)
def test_a_molecule_is_found_by_any_spelling_of_its_smiles(
    ada: Person, file_id: str, molecules: list[dict[str, str]], spelling: str, name: str
) -> None:
    assert spelling not in {molecule["smiles"] for molecule in molecules}
    hits = ada.client.search_page(spelling, file_id=file_id, type="record")["items"]
    assert [hit["name"].lower() for hit in hits] == [name]
