"""A molecule's hand, whatever says it: wedges, coordinates in space, groups of centres. RDKit writes the molfiles and judges."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from functions.parsers.reaction.formats import rxn
from functions.processor.identifying import identified
from functions.processor.properties import compute
from leanda import structures

CHIRAL = (
    "C[C@H](N)C(=O)O",
    "C[C@@H](N)C(=O)O",
    "C[C@@]1(N)CCOC1",
    "C[C@H](O)[C@@H](Cl)F",
    "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
    "CN1[C@H]2CC[C@@H]1[C@H]([C@H](C2)OC(=O)c1ccccc1)C(=O)OC",
    "CC[S@](=O)C",
    "C[C@H](N)C(=O)O.Cl",
)
L_ALANINE, D_ALANINE = "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"
type Write = Callable[[Chem.Mol], str]
GROUPS = {
    "&": Chem.StereoGroupType.STEREO_AND,
    "o": Chem.StereoGroupType.STEREO_OR,
    "abs": Chem.StereoGroupType.STEREO_ABSOLUTE,
}


def drawn(smiles: str) -> Chem.Mol:
    molecule = Chem.MolFromSmiles(smiles)
    AllChem.Compute2DCoords(molecule)
    return molecule


def in_space(smiles: str, *, hydrogens: bool, seed: int) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(molecule, randomSeed=seed) == 0
    return molecule if hydrogens else Chem.RemoveHs(molecule)


def with_flag(molblock: str, flag: int) -> str:
    """A molfile, V2000 or V3000, with this chiral flag."""
    lines = molblock.split("\n")
    if "V3000" in lines[3]:
        at = next(at for at, line in enumerate(lines) if line.startswith("M  V30 COUNTS"))
        lines[at] = f"{lines[at].rsplit(' ', 1)[0]} {flag}"
    else:
        lines[3] = f"{lines[3][:12]}{flag:3}{lines[3][15:]}"
    return "\n".join(lines)


def is_molecule(computed: str, molecule: str) -> bool:
    return bool(Chem.CanonSmiles(computed) == Chem.CanonSmiles(molecule))


def grouped(smiles: str, kind: str) -> str:
    """A V3000 molfile whose centres are one group."""
    molecule = Chem.RWMol(drawn(smiles))
    centres = [at for at, _ in Chem.FindMolChiralCenters(molecule, useLegacyImplementation=False)]
    molecule.SetStereoGroups([Chem.CreateStereoGroup(GROUPS[kind], molecule, centres, readId=1)])
    return Chem.MolToV3KMolBlock(molecule)


@pytest.mark.parametrize("smiles", CHIRAL)
@pytest.mark.parametrize("flag", [0, 1])
@pytest.mark.parametrize("write", [Chem.MolToMolBlock, Chem.MolToV3KMolBlock])
def test_a_drawing_has_the_hand_that_is_drawn_with_and_without_chiral_flag(
    smiles: str, flag: int, write: Write
) -> None:
    computed = compute(with_flag(write(drawn(smiles)), flag))
    assert is_molecule(computed.properties["canonicalSmiles"], smiles), computed.properties
    assert computed.properties["canonicalSmiles"] == compute(smiles).properties["canonicalSmiles"]
    assert computed.properties["inchiKey"] == Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))
    assert computed.issues == []


@pytest.mark.parametrize("smiles", CHIRAL)
@pytest.mark.parametrize("hydrogens", [True, False])
@pytest.mark.parametrize("write", [Chem.MolToMolBlock, Chem.MolToV3KMolBlock])
@pytest.mark.parametrize("seed", [1, 7])
def test_a_model_in_space_has_the_hand_of_its_coordinates_though_it_carries_wedges(
    smiles: str, hydrogens: bool, write: Write, seed: int
) -> None:
    text = write(in_space(smiles, hydrogens=hydrogens, seed=seed))
    for flag in (0, 1):
        assert is_molecule(compute(with_flag(text, flag)).properties["canonicalSmiles"], smiles), text


@pytest.mark.parametrize("heights", [("    0.0000", "   -0.0000"), ("    1.0000", "    1.0000")])
def test_a_drawing_at_one_height_is_a_drawing_whatever_its_height(heights: tuple[str, str]) -> None:
    lines = Chem.MolToMolBlock(drawn(L_ALANINE)).split("\n")
    for at in range(4, 10):
        lines[at] = f"{lines[at][:20]}{heights[at % 2]}{lines[at][30:]}"
    assert is_molecule(compute("\n".join(lines)).properties["canonicalSmiles"], L_ALANINE)


@pytest.mark.parametrize("kind", ["&", "o"])
@pytest.mark.parametrize("smiles", [smiles for smiles in CHIRAL if "S" not in smiles])
def test_both_hands_of_a_racemate_have_one_canonical_smiles_which_says_so(smiles: str, kind: str) -> None:
    mirrored = smiles.replace("@@", "?").replace("@", "@@").replace("?", "@")
    texts = [grouped(smiles, kind), grouped(mirrored, kind)]
    ours = {compute(text).properties["canonicalSmiles"] for text in texts}
    assert len(ours) == 1
    read = Chem.MolFromSmiles(ours.pop())
    (group,) = read.GetStereoGroups()
    assert group.GetGroupType() == GROUPS[kind]
    centres = [at for at, _ in Chem.FindMolChiralCenters(read, useLegacyImplementation=False)]
    assert sorted(atom.GetIdx() for atom in group.GetAtoms()) == sorted(centres)
    assert Chem.MolToInchiKey(read) in {Chem.MolToInchiKey(Chem.MolFromSmiles(one)) for one in (smiles, mirrored)}


def test_a_group_of_absolute_centres_is_no_group() -> None:
    assert compute(grouped(L_ALANINE, "abs")).properties["canonicalSmiles"] == "C[C@H](N)C(O)=O"


@pytest.mark.parametrize(
    ("smiles", "canonical"),
    [
        ("N[C@@H](C)C(=O)O |&1:1|", "C[C@@H](N)C(O)=O |&1:1|"),
        ("N[C@H](C)C(=O)O |&1:1|", "C[C@@H](N)C(O)=O |&1:1|"),
        ("N[C@H](C)C(=O)O |o1:1|", "C[C@@H](N)C(O)=O |o1:1|"),
        ("[CH2][C@H](N)C(=O)O |&1:1,^1:0|", "[CH2][C@@H](N)C(O)=O |&1:1|"),
    ],
)
def test_a_racemate_as_smiles_is_what_it_is_as_a_drawing_and_is_found_again(smiles: str, canonical: str) -> None:
    assert compute(smiles).properties["canonicalSmiles"] == canonical
    assert compute(canonical).properties["canonicalSmiles"] == canonical
    (answer,) = identified({}, smiles.encode())
    assert canonical.encode() in answer


def test_the_racemate_of_a_meso_form_is_the_meso_form() -> None:
    assert (
        compute("C[C@H](O)[C@@H](C)O |&1:1,3|").properties["canonicalSmiles"]
        == compute("C[C@H](O)[C@@H](C)O").properties["canonicalSmiles"]
    )


@pytest.mark.parametrize("groups", ["&1:1", "&1:1,&2:3", "o1:1,&1:3"])
def test_of_several_groups_the_smiles_is_as_drawn_and_says_what_it_lacks(groups: str) -> None:
    smiles = "C[C@H](O)[C@@H](Cl)F"
    computed = compute(f"{smiles} |{groups}|")
    assert is_molecule(computed.properties["canonicalSmiles"], smiles)
    (issue,) = computed.issues
    assert (issue.code, issue.place) == ("PROPERTY_INCOMPLETE", "canonicalSmiles")
    assert "racemic" in issue.message


def test_the_molecules_of_a_reaction_have_the_hand_that_is_drawn() -> None:
    blocks = [Chem.MolToMolBlock(drawn(smiles)) for smiles in (L_ALANINE, D_ALANINE)]
    text = "$RXN\n\n  Leanda\n\n  1  1\n" + "".join(f"$MOL\n{block}" for block in blocks)
    (record,) = rxn.FORMAT.read(text.encode(), first_index=0, head=text.encode())
    assert record.properties["reactionSmiles"] == "C[C@H](N)C(O)=O>>C[C@@H](N)C(O)=O"


def test_an_inchi_of_a_racemate_gives_a_smiles_that_says_so() -> None:
    skeleton = "InChI=1/C3H7NO2/c1-2(4)3(5)6/h2H,4H2,1H3,(H,5,6)/t2-"
    said = [
        structures.canonical_smiles(structures.inchi_session().loadMolecule(text))
        for text in (f"{skeleton}/m0/s2", f"{skeleton}/s3", f"{skeleton.replace('=1', '=1S')}/m0/s1")
    ]
    extensions = [text.partition(" ")[2] for text in said]
    assert extensions == ["|o1:1|", "|&1:1|", ""]
    assert all(one != other for one, other in pairwise(said))
