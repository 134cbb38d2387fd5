"""The real reaction files of the samples' manifest, and their molecules by RDKit."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import pytest

from functions.parsers.reaction.formats import rdf, rxn, smiles
from leanda.contracts.artefacts import Record
from leanda.parsing.format import Format
from tests.samples import sample
from tests.unit.parsers.reading import codes, read

FORMATS: dict[str, Format] = {form.name: form for form in (rxn.FORMAT, rdf.FORMAT, smiles.FORMAT)}


def of(name: str) -> list[Record]:
    row = sample(name)
    return read(FORMATS[row.format], row.read_bytes())


def test_molecules_and_reactions_of_one_rdf() -> None:
    records = of("rdfile_fourRecords_mol_mol_rxn_mol.rdf")
    assert [record.type for record in records] == ["molecule", "molecule", "reaction", "molecule"]
    assert [[field.value for field in record.fields] for record in records] == [
        [n, n] for n in ("141", "142", "211", "143")
    ]
    assert records[2].properties["reactionSmiles"] == "CC1CCCCC1.Br>>BrC1CCCCC1"


def test_the_broken_record_of_an_rdf_is_the_third() -> None:
    records = of("rdfile_fourRecords_parsingErrorRecord3.rdf")
    assert [record.status.value for record in records] == ["Parsed", "Parsed", "Failed", "Parsed"]
    assert codes(records[2]) == ["CTAB_UNTERMINATED"]


@pytest.mark.parametrize(
    ("name", "counts", "smiles_text"),
    [
        ("10001.rxn", (2, 0, 2), "O.CCCCC(N)=O>>[NH4+].CCCCC([O-])=O"),
        ("catalysts2000.rxn", (1, 2, 1), "CC(=O)c1ccccc1>*.*>CC(C)(O)Cc1ccccc1"),
        ("cyclization1.rxn", (2, 0, 1), "NCC(O)=O.NCC(O)=O>>O=C1CNC(=O)CN1"),
        ("only_products.rxn", (0, 0, 2), ">>C1CCCCC1.C1CCCCC1"),
        ("testRXNChiralityAgentV3000.rxn", (1, 1, 1), "CC(F)CCBr>CC[C@H](C)Cl>CC(Cl)CCCC(C)F"),
    ],
)
def test_known_reactions(name: str, counts: tuple[int, int, int], smiles_text: str) -> None:
    [record] = of(name)
    assert tuple(record.properties[f"{role}Count"] for role in ("reactant", "agent", "product")) == counts
    assert record.properties["reactionSmiles"] == smiles_text


def keys(record: Record) -> Counter[str]:
    roles = ("reactants", "agents", "products")
    return Counter(member["inchiKey"] for role in roles for member in record.properties[role] if "inchiKey" in member)


@pytest.mark.parametrize(
    "name", ["10001.rxn", "cyclization1.rxn", "only_products.rxn", "testRXNChiralityAgentV3000.rxn"]
)
def test_rdkit_finds_the_same_molecules_in_rxnfiles(name: str) -> None:
    chem = pytest.importorskip("rdkit.Chem")
    reactions = pytest.importorskip("rdkit.Chem.rdChemReactions")
    [record] = of(name)
    assert keys(record) == keys_by_rdkit(chem, reactions.ReactionFromRxnBlock(sample(name).read_bytes().decode()))


def keys_by_rdkit(chem: Any, reaction: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for molecule in (*reaction.GetReactants(), *reaction.GetAgents(), *reaction.GetProducts()):
        chem.SanitizeMol(molecule)
        found[chem.MolToInchiKey(chem.RemoveHs(molecule))] += 1
    return found


@pytest.mark.parametrize(
    ("name", "unnamed"),
    # RDKit gives no InChI of two reactions with unusual bonds, both give none of six queries with lists of atoms.
    [("pathway8.rdf", set()), ("queries.rdf", {10, 43, 62, 63, 64, 65, 66, 67})],
)
def test_rdkit_finds_the_same_molecules_in_the_reactions_of_an_rdf(name: str, unnamed: set[int]) -> None:
    chem = pytest.importorskip("rdkit.Chem")
    reactions = pytest.importorskip("rdkit.Chem.rdChemReactions")
    text = sample(name).read_bytes().decode("latin-1").replace("\r\n", "\n")
    blocks = [f"$RXN{rest.partition(chr(10) + '$DTYPE')[0]}\n" for rest in text.split("$RXN")[1:]]
    different = set[int]()
    for block, record in zip(blocks, of(name), strict=True):
        reaction = reactions.ReactionFromRxnBlock(block)
        sides = (reaction.GetReactants(), reaction.GetAgents(), reaction.GetProducts())
        assert [record.properties[f"{role}Count"] for role in ("reactant", "agent", "product")] == list(map(len, sides))
        if keys(record) != keys_by_rdkit(chem, reaction):
            different.add(record.index)
    assert different == unnamed


def test_rdkit_finds_the_same_molecules_in_reaction_smiles() -> None:
    chem = pytest.importorskip("rdkit.Chem")
    row = sample("example_rxns.csv")
    lines = list(csv.DictReader(io.StringIO(row.read_bytes().decode())))
    records = of("example_rxns.csv")
    assert len(lines) == len(records)
    different = 0
    for line, record in list(zip(lines, records, strict=True))[::8]:
        assert [(field.name, field.value) for field in record.fields] == [("column 1", line[""])]
        sides = [[part for part in side.split(".") if part] for side in line["rxn"].split(">")]
        counts = [record.properties[f"{role}Count"] for role in ("reactant", "agent", "product")]
        assert counts == [len(side) for side in sides]
        expected = Counter(chem.MolToInchiKey(chem.MolFromSmiles(part)) for side in sides for part in side)
        different += keys(record) != expected
    assert different <= 2  # The toolkits differ in the stereochemistry of a few.
