"""A molecule finds what it is part of: the reaction in which it takes part, and the row of a table that states it."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cloud import Person, eventually
from tests.samples import samples_root

pytestmark = pytest.mark.integration

ASPIRIN = "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"
SALICYLIC_ACID = "YGSDEFSMJLZEOE-UHFFFAOYSA-N"


def test_a_molecule_finds_the_reactions_and_the_rows_that_it_is_in(ada: Person) -> None:
    acetylation = b"OC(=O)c1ccccc1O.CC(=O)OC(C)=O>OS(O)(=O)=O>CC(=O)Oc1ccccc1C(O)=O\tacetylation\n"
    reaction = ada.upload("aspirin.rsmi", acetylation)
    molecule = ada.upload("aspirin.smi", b"O=C(C)Oc1ccccc1C(=O)O aspirin\n")
    by_smiles = ada.upload("stock.csv", b"batch,SMILES,mg\nA-1,CCO,20\nA-2,CC(=O)Oc1ccccc1C(O)=O,5\nA-3,n/a,1\n")
    by_key = ada.upload("orders.tsv", f"no\tkey\tqty\n1\t{ASPIRIN}\t3\n2\t\t4\n3\t\t5\n".encode())
    for file_id in (reaction, molecule, by_smiles, by_key):
        assert ada.searchable(file_id)["status"] == "Processed"

    def found() -> set[tuple[str, int]]:
        return {(hit["fileId"], hit["index"]) for hit in ada.found(ASPIRIN)}

    everywhere = {(reaction, 0), (molecule, 0), (by_smiles, 1), (by_key, 0)}
    eventually(lambda: found() == everywhere, f"aspirin is found in {everywhere}", seconds=15)
    assert [hit["fileId"] for hit in ada.found(SALICYLIC_ACID)] == [reaction]
    [record] = list(ada.client.records(reaction))
    acid = record["properties"]["reactants"][0]["smiles"]
    assert ada.found(acid, type="record")[0]["fileId"] == reaction

    row = ada.client.record(by_smiles, 1)
    assert row["structure"]["text"] == "CC(=O)Oc1ccccc1C(O)=O"
    assert row["properties"]["inchiKey"] == ASPIRIN
    assert [h["index"] for h in ada.found("", file_id=by_smiles, filters=["molecularWeight:100..200"])] == [1]


def test_every_row_of_the_published_molecules_is_found_by_its_inchikey(ada: Person) -> None:
    """Both its own InChIKey column and the one that is computed from its column of SMILES name the row."""
    with (samples_root() / "oracle" / "known_molecules.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([["name", "smiles", "price"], *([row["name"], row["smiles"], n] for n, row in enumerate(rows))])
    file_id = ada.upload("catalogue.csv", out.getvalue().encode())
    assert ada.searchable(file_id)["status"] == "Processed"
    for index, row in enumerate(rows):
        assert [hit["index"] for hit in ada.found(row["inchikey"], file_id=file_id)] == [index], row["name"]
