"""SMILES that are no molecule as they stand are refused, as RDKit refuses them, and not made into another one."""

from __future__ import annotations

import pytest
from rdkit import Chem, RDLogger

from functions.parsers import toolkit
from functions.parsers.reaction.formats import smiles as reaction_smiles
from functions.processor.identifying import identified
from functions.processor.properties import compute
from leanda import structures

INVALID = (
    "cc", "CccC", "c1ccc(cc1)c", "n1cccc1", "c1ccnc1", "n1ccnc1C", "[nH]1ccccc1", "c1cccc1", "[CH5]", "CC[13CH5].O",
    "c1c2nsnc2cc2nsnc12",
)  # fmt: skip
VALID = (
    "c1cc[nH]c1", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "c1ccn2cccc2c1", "O=c1cccc1", "c1cc[cH-]c1", "c1cc[o+]cc1", "C[Sc]c1ccsc1",
    "N#Cc1cnc2cccc3ncnc1-n-3-2", "O=c1cc[nH]cc1", "[nH]1cnc2c1ncnc2", "Cc1ccc2nc3ccccc3[n+](C)c2c1", "[c]1ccccc1",
    "c1ccccc1-c1ccccc1", "c1ccc2c(c1)-c1ccccc1-2", "[13cH]1ccccc1", "[CH5+]",
    "F[P-](F)(F)(F)(F)F", "c1ccc[se]1", "o1cccc1", "n1ccccc1",
)  # fmt: skip


@pytest.mark.parametrize("smiles", INVALID)
def test_what_takes_another_hydrogen_to_be_a_molecule_is_refused(smiles: str) -> None:
    RDLogger.DisableLog("rdApp.*")
    assert Chem.MolFromSmiles(smiles) is None
    assert [issue.code for issue in toolkit.verdict(smiles)] == ["SMILES_INVALID"]
    computed = compute(smiles)
    assert computed.properties == {}
    assert [issue.code for issue in computed.issues] == ["STRUCTURE_NOT_COMPUTABLE"]
    with pytest.raises(structures.SmilesInvalid):
        list(identified({}, smiles.encode()))


@pytest.mark.parametrize("smiles", VALID)
def test_what_rdkit_takes_for_aromatic_is_a_molecule(smiles: str) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    assert toolkit.verdict(smiles) == ()
    if molecule is not None:  # It knows no CH5+.
        assert compute(smiles).properties["inchiKey"] == Chem.MolToInchiKey(molecule)


def test_a_ring_with_an_atom_of_no_element_stays_as_it_is_written() -> None:
    assert toolkit.verdict("c1cc*cc1") == ()


def test_a_reaction_with_such_a_molecule_fails() -> None:
    text = b"n1cccc1>>CCO\nC1CC.C1>>CCO\n"
    failed, joined = reaction_smiles.FORMAT.read(text, first_index=0, head=text)
    assert [issue.code for issue in failed.issues] == ["SMILES_INVALID"]
    assert joined.properties["reactionSmiles"].endswith(">>CCO")
