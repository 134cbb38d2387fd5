"""SMILES that are no molecule as they stand are refused, as RDKit refuses them, and not made into another one."""

from __future__ import annotations

import pytest
from rdkit import Chem, RDLogger

from functions.parsers import toolkit
from functions.parsers.reaction.formats import smiles as reaction_smiles
from functions.parsers.tabular.formats.structures import smiles_column
from functions.processor.identifying import identified
from functions.processor.properties import compute
from functions.search.queries import smiles_of
from leanda import structures

INVALID = (
    "cc", "CccC", "c1ccc(cc1)c", "n1cccc1", "c1ccnc1", "n1ccnc1C", "[nH]1ccccc1", "c1cccc1", "[CH5]", "CC[13CH5].O",
    "c1c2nsnc2cc2nsnc12",
    "CC(=O)Oc1ccccc1C(=O", "C(C", "C(", "C((", "C..C", "N.", ".N", "C(C.)C", "C()C", "C()()C", "C((C))C", "C((C)C)C", "C(1)CC1",
    "C==C", "C=-C", "C//C", "C=", "C(=)C", "C(C)=", "C-.C", "C1CC", "c1ccccc", "C)C", "C1CC.C2",
    "[NH4++-]", "[N+H4]", "[Na+-1]", "[C@@@H](N)(O)C", "[C2H]", "[CHH]C", "C[C@+H](N)O", "[+Na].[Cl-]", "[O-H]", "[Fe2+]",
)  # fmt: skip
VALID = (
    "c1cc[nH]c1", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "c1ccn2cccc2c1", "O=c1cccc1", "c1cc[cH-]c1", "c1cc[o+]cc1", "C[Sc]c1ccsc1",
    "N#Cc1cnc2cccc3ncnc1-n-3-2", "O=c1cc[nH]cc1", "[nH]1cnc2c1ncnc2", "Cc1ccc2nc3ccccc3[n+](C)c2c1", "[c]1ccccc1",
    "c1ccccc1-c1ccccc1", "c1ccc2c(c1)-c1ccccc1-2", "[13cH]1ccccc1", "[CH5+]",
    "C1.C1", "C(C).C", "C(.C)C", "N1.C1", "C%12.C%12", "C(C)1CC1", "[13CH3][C@@H:2](F)Cl", "C[Pt@SP1](F)(Cl)[Br:7]",
    "[Fe+++]", "[O--]", "[2H][2H]", "C/1=C/CCCCCC1", "[NH4+:3]", "[SiH4]", "C(/F)=C/F",
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


@pytest.mark.parametrize("side", ["C.", "C..N", "CC(=O", "C()C", "C1CC", "C==C", "C("])
@pytest.mark.parametrize("extension", ["", " |f:0.1|"])
def test_a_reaction_that_is_cut_off_fails(side: str, extension: str) -> None:
    for text in (f"{side}>>CCO", f"CCO>>{side}", f"CCO>{side}>CCO"):
        (record,) = reaction_smiles.FORMAT.read((text + extension).encode(), first_index=0, head=b"CC>>CC")
        assert [issue.code for issue in record.issues] == ["REACTION_SMILES_INVALID"]


@pytest.mark.parametrize("extension", ["", " |f:0.1|"])
def test_a_reaction_with_an_atom_out_of_order_fails(extension: str) -> None:
    text = f"[N+H4].C>>CCO{extension}".encode()
    (record,) = reaction_smiles.FORMAT.read(text, first_index=0, head=text)
    assert [issue.code for issue in record.issues] == ["SMILES_INVALID"]


def test_branches_of_a_reaction_may_hold_dots() -> None:
    (record,) = reaction_smiles.FORMAT.read(b"C(.N)C>>CCN", first_index=0, head=b"CC>>CC")
    assert record.issues == ()
    assert record.properties["reactionSmiles"] == "CC.N>>CCN"


@pytest.mark.parametrize("query", ["C~C", "[C,N]CC", "[#6]-!@[#6]", "[$(C(=O)O)]C", "C-,=C"])
def test_a_query_is_still_one(query: str) -> None:
    assert [issue.code for issue in toolkit.verdict(query)] == ["QUERY_STRUCTURE"]


@pytest.mark.parametrize("query", ["CC(=O", "C..C", "N.", "C()C", "C==C", "C)(C"])
def test_a_search_does_not_take_what_is_cut_off_for_a_molecule(query: str) -> None:
    assert smiles_of(query) is None


def test_a_column_of_what_is_cut_off_holds_no_molecules() -> None:
    assert smiles_column(["a"], [["CC(=O)O."], ["C()C"], ["C==CC"]]) is None
    assert smiles_column(["a"], [["CC(=O)O"], ["C(C)C"], ["C=CC"]]) == 0
