"""Chirality of atoms with a lone pair, wherever a SMILES begins: RDKit writes, RDKit and Indigo read."""

from __future__ import annotations

import pytest
from rdkit import Chem

from leanda import structures
from leanda.parsing.lone_pairs import turned

MOLECULES = (
    "C[S@](=O)CC",
    "C[S@+]([O-])CC",
    "CC[P@](C)c1ccccc1",
    "C[C@@H]1CCC[S@]1=O",
    "O=[S@]1CC[C@H](C)C1.C[S@@](=O)c1ccccc1",
    "C[P@](=O)(O)CC",
    "C[C@H](N)C(=O)O",
    "Cc1ccc([S@](=O)N=C)cc1",
)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_a_molecule_is_the_same_from_whichever_atom_it_is_written(smiles: str) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    expected = Chem.MolToInchiKey(molecule)
    for atom in range(molecule.GetNumAtoms()):
        written = Chem.MolToSmiles(molecule, rootedAtAtom=atom, canonical=False)
        loaded = structures.load_kekule(written)
        assert structures.inchi_key(structures.inchi(loaded)) == expected, written
        assert Chem.MolToInchiKey(Chem.MolFromSmiles(structures.canonical_smiles(loaded))) == expected, written
        assert Chem.MolToInchiKey(Chem.MolFromSmiles(turned(loaded.smiles()))) == expected, written


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("[S@](=O)(C)CC", "[S@@](=O)(C)CC"),
        ("[S@@+]([O-])(C(C)(C)C)CC", "[S@+]([O-])(C(C)(C)C)CC"),
        ("[S@]1(=O)CCCC1", "[S@@]1(=O)CCCC1"),
        ("[P@]%10(C)C=CC=C%10", "[P@@]%10(C)C=CC=C%10"),
        ("CC.[S@:1](=O)(C)CC", "CC.[S@@:1](=O)(C)CC"),
        ("CO>>[S@](=O)(C)CC", "CO>>[S@@](=O)(C)CC"),
        ("[S@](=O)(C)CC |r|", "[S@@](=O)(C)CC |r|"),
        ("[34S@](=O)(C)CC", "[34S@@](=O)(C)CC"),
    ],
)
def test_a_first_atom_with_three_neighbours_is_turned_and_turned_back(smiles: str, expected: str) -> None:
    assert turned(smiles) == expected
    assert turned(expected) == smiles


@pytest.mark.parametrize(
    "text",
    [
        "C[S@](=O)CC",
        "[C@H](F)(Cl)Br",
        "[C@](F)(Cl)(Br)I",
        "[P@](=O)(O)(C)CC",
        "[S@](",
        "[S@]",
        "CCO",
        "",
        "\n[S@](=O)(C)CC\n",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert turned(text) == text
