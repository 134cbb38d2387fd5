"""What a molfile means where Indigo takes it otherwise. RDKit is the judge where it reads the table."""

from __future__ import annotations

import io
import random
import re

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from functions.parsers import toolkit
from functions.parsers.chemical.formats import cdxml
from functions.parsers.pictures.drawings import structure
from functions.parsers.reaction.formats import rxn
from functions.processor import completing
from functions.processor.properties import NEEDS_ELEMENTS, compute
from leanda import structures
from leanda.contracts.artefacts import Record
from tests.unit.parsers_chemical import drawings
from tests.unit.parsers_chemical.molfiles import molfile

V30 = "M  V30 "


def v3000(atoms: list[str], bonds: list[str], behind: list[str] | None = None) -> str:
    """A V3000 molfile; lines as behind `M  V30 `."""
    lines = ["BEGIN CTAB", f"COUNTS {len(atoms)} {len(bonds)} 0 0 0", "BEGIN ATOM", *atoms, "END ATOM"]
    lines += ["BEGIN BOND", *bonds, "END BOND"] if bonds else []
    table = "".join(f"{V30}{line}\n" for line in [*lines, *(behind or []), "END CTAB"])
    return f"name\n  Leanda\n\n  0  0  0     0  0            999 V3000\n{table}M  END\n"


def renumbered(block: str, seed: int) -> str:
    """A V3000 molfile of RDKit's whose atoms have other numbers, everywhere, at the same places of the table."""
    rng = random.Random(seed)
    count = int(re.findall(r"COUNTS (\d+)", block)[0])
    numbers = dict(zip(map(str, range(1, count + 1)), map(str, rng.sample(range(1, 900), count)), strict=True))
    lines, block_name = [], ""
    for line in block.split("\n"):
        if line.startswith(V30 + "BEGIN"):
            block_name = line.split()[3]
        words = line.split(" ")
        if block_name == "ATOM" and re.match(r"M  V30 \d", line):
            words[3] = numbers[words[3]]
        elif block_name == "BOND" and re.match(r"M  V30 \d", line):
            words[5:7] = [numbers[word] for word in words[5:7]]
        line = " ".join(words)
        line = re.sub(
            r"ATOMS=\((\d+) ([\d ]+)\)",
            lambda found: f"ATOMS=({found[1]} {' '.join(numbers[atom] for atom in found[2].split())})",
            line,
        )
        lines.append(line)
    return "\n".join(lines)


def smiles_of(text: str) -> str:
    return str(compute(text).properties["canonicalSmiles"])


def charged(atoms: list[tuple[str, int]], bonds: list[tuple[int, int, int]], *properties: str) -> str:
    """A V2000 molfile with charge columns."""
    lines = molfile([symbol for symbol, _ in atoms], bonds, properties=properties).split("\n")
    for at, (_, code) in enumerate(atoms, 4):
        lines[at] = f"{lines[at][:36]}{code:3}{lines[at][39:]}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        charged([("O", 5), ("C", 0)], [(1, 2, 1)], "M  CHG  1   2   1"),
        charged([("O", 5), ("C", 0), ("C", 0)], [(1, 2, 1), (2, 3, 1)], "M  RAD  1   3   2"),
        charged([("C", 4), ("C", 0), ("O", 0)], [(1, 2, 1), (2, 3, 1)], "M  CHG  1   3  -1"),
        charged([("O", 5), ("C", 0)], [(1, 2, 1)]),
        charged([("O", 5), ("C", 0)], [(1, 2, 1)], "M  ISO  1   2  13"),
        charged([("N", 3), ("C", 0), ("O", 5)], [(1, 2, 1), (2, 3, 1)], "M  CHG  2   1   1   3  -1"),
    ],
)
def test_charge_lines_replace_all_charges_of_the_atom_lines(text: str) -> None:
    for said in (text, text.replace("\n", "\r\n")):
        computed = compute(said).properties
        assert Chem.CanonSmiles(computed["canonicalSmiles"]) == Chem.MolToSmiles(Chem.MolFromMolBlock(text))
        assert computed["inchiKey"] == Chem.MolToInchiKey(Chem.MolFromMolBlock(text))


def test_formaldehyde_is_not_what_a_replaced_charge_makes() -> None:
    computed = compute(charged([("O", 5), ("C", 0)], [(1, 2, 1)], "M  CHG  1   2   1")).properties
    assert (computed["canonicalSmiles"], computed["molecularFormula"]) == ("[CH2+]O", "CH3O")


@pytest.mark.parametrize(
    ("atoms", "bonds", "smiles"),
    [
        (["2 C 0 0 0 0", "1 O 1.4 0 0 0", "3 N -1.4 0 0 0"], ["1 1 1 2", "2 1 2 3"], "NCO"),
        (["2 C 0 0 0 0", "1 O 1.4 0 0 0", "3 N -1.4 0 0 0"], ["1 1 1 2", "2 1 1 3"], "CON"),
        (["10 C 0 0 0 0", "20 O 1.4 0 0 0"], ["1 1 10 20"], "CO"),
        (
            ["2 C 0 0 0 0 -\nM  V30 MASS=13", "1 O 1.4 0 0 0", "3 N -1.4 0 0 0"],
            ["1 1 2 -\nM  V30 1", "2 1 1 -\nM  V30 3"],
            "[13CH3]ON",
        ),
    ],
)
def test_atoms_of_v3000_may_have_any_numbers(atoms: list[str], bonds: list[str], smiles: str) -> None:
    text = v3000(atoms, bonds)
    assert toolkit.verdict(text) == ()
    assert smiles_of(text) == smiles


@pytest.mark.parametrize("smiles", ["C[C@H](O)[C@@H](Cl)F", "CN1[C@H]2CC[C@@H]1[C@H]([C@H](C2)OC(=O)c1ccccc1)C(=O)OC"])
@pytest.mark.parametrize("seed", range(3))
def test_numbers_change_nothing_of_bonds_wedges_and_groups(smiles: str, seed: int) -> None:
    molecule = Chem.RWMol(Chem.MolFromSmiles(smiles))
    AllChem.Compute2DCoords(molecule)
    centres = [at for at, _ in Chem.FindMolChiralCenters(molecule, useLegacyImplementation=False)]
    molecule.SetStereoGroups([Chem.CreateStereoGroup(Chem.StereoGroupType.STEREO_AND, molecule, centres, readId=1)])
    text = Chem.MolToV3KMolBlock(molecule)
    other = renumbered(text, seed)
    assert other != text
    assert compute(other).properties == compute(text).properties


def test_the_atoms_of_haptic_bonds_and_s_groups_follow_their_numbers() -> None:
    atoms = ["30 Fe 0 0 0 0", "10 C 1.4 0 0 0", "20 C 1.4 1 0 0"]
    groups = ["BEGIN SGROUP", "1 SUP 1 ATOMS=(2 10 20) XBONDS=(1 2) LABEL=x SAP=(3 10 30 1)", "END SGROUP"]
    text = v3000(atoms, ["1 2 10 20", "2 9 20 30 ENDPTS=(2 10 20) ATTACH=ALL"], groups)
    told = structures.molfiles.understood(text).text
    assert f"{V30}2 9 3 1 ENDPTS=(2 2 3) ATTACH=ALL\n" in told
    assert f"{V30}1 SUP 1 ATOMS=(2 2 3) XBONDS=(1 2) LABEL=x SAP=(3 2 1 1)\n" in told


NUMBERED = v3000(["2 C 0 0 0 0", "1 O 1.4 0 0 0", "3 N -1.4 0 0 0"], ["1 1 1 2", "2 1 1 3"])
IN_ORDER = v3000(["1 C 0 0 0 0", "2 O 1.4 0 0 0", "3 N -1.4 0 0 0"], ["1 1 2 1", "2 1 2 3"])
REPLACED = charged([("O", 5), ("C", 0)], [(1, 2, 1)], "M  CHG  1   2   1")
STATED = charged([("O", 0), ("C", 0)], [(1, 2, 1)], "M  CHG  1   2   1")


def reaction(molecule: str) -> str:
    """An rxnfile of a molecule that stays as it is, V3000 or V2000 as its table is."""
    if "V3000" not in molecule:
        return f"$RXN\n\n  Leanda\n\n  1  1\n$MOL\n{molecule}$MOL\n{molecule}"
    lines = ["$RXN V3000", "", "  Leanda", "", f"{V30}COUNTS 1 1"]
    for role in ("REACTANT", "PRODUCT"):
        lines += [f"{V30}BEGIN {role}", *molecule.split("\n")[4:-2], f"{V30}END {role}"]
    return "\n".join([*lines, "M  END", ""])


@pytest.mark.parametrize(("molecule", "smiles"), [(NUMBERED, "CON"), (REPLACED, "[CH2+]O")])
def test_the_molecules_of_a_reaction_are_read_as_they_are_alone(molecule: str, smiles: str) -> None:
    text = reaction(molecule).encode()
    (record,) = rxn.FORMAT.read(text, first_index=0, head=text)
    assert record.properties["reactionSmiles"] == f"{smiles}>>{smiles}"


@pytest.mark.parametrize(("said", "meant"), [(NUMBERED, IN_ORDER), (REPLACED, STATED)])
def test_pictures_show_what_is_meant(said: str, meant: str) -> None:
    assert structure.molecule(said) == structure.molecule(meant)
    assert structure.reaction(reaction(said)) == structure.reaction(reaction(meant))
    assert structure.reaction(reaction(said).replace("\n", "\r\n")) == structure.reaction(reaction(meant))


def query_columns(atom: str = "  0", topology: str = "  0") -> str:
    lines = molfile(["C", "C"], [(1, 2, 1)]).split("\n")
    lines[4] = f"{lines[4][:42]}{atom}{lines[4][45:]}"
    lines[6] = f"{lines[6][:15]}{topology}{lines[6][18:]}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        molfile(["C", "C"], [(1, 2, 1)], properties=["M  UNS  1   1   1"]),
        molfile(["C", "C"], [(1, 2, 1)], properties=["M  RBC  1   1   2"]),
        molfile(["C", "C"], [(1, 2, 1)], properties=["M  RBC  1   1  -1"]),
        query_columns(atom="  2"),
        query_columns(topology="  1"),
        v3000(["1 C 0 0 0 0 HCOUNT=3"], []),
        v3000(["1 C 0 0 0 0 HCOUNT=-1"], []),
        # These Indigo knows itself.
        molfile(["C", "C"], [(1, 2, 1)], properties=["M  SUB  1   1   2"]),
        v3000(["1 C 0 0 0 0 UNSAT=1"], []),
    ],
)
def test_what_asks_for_something_is_a_query(text: str) -> None:
    assert [issue.code for issue in toolkit.verdict(text)] == ["QUERY_STRUCTURE"]
    computed = compute(text)
    assert computed.properties == {}
    assert [issue.code for issue in computed.issues] == ["STRUCTURE_NOT_COMPUTABLE"]


@pytest.mark.parametrize(
    "text",
    [
        molfile(["C", "C"], [(1, 2, 1)], properties=["M  UNS  1   1   0"]),
        query_columns(),
        query_columns(atom="   ", topology="   "),
        v3000(["1 C 0 0 0 0 HCOUNT=0"], []),
    ],
)
def test_what_asks_for_nothing_is_a_molecule(text: str) -> None:
    assert toolkit.verdict(text) == ()
    assert compute(text).issues == []


def cdxml_records(element: str) -> list[Record]:
    return list(cdxml.FORMAT.records(io.BytesIO(drawings.cdxml(element).encode())))


@pytest.mark.parametrize(
    "asked", ['Unsaturation="MustBePresent"', 'SubstituentsUpTo="2"', 'SubstituentsExactly="2"', 'FreeSites="1"']
)
def test_a_drawing_that_asks_for_something_is_a_query_of_which_nothing_is_computed(asked: str) -> None:
    element = drawings.cdxml_fragment().replace("<n ", f"<n {asked} ", 1)
    (record,) = cdxml_records(element)
    assert [issue.code for issue in record.issues] == ["QUERY_STRUCTURE"]
    done = completing.with_properties(record.to_json_dict())
    assert done["properties"] == {}
    (plain,) = cdxml_records(drawings.cdxml_fragment().replace("<n ", '<n Unsaturation="Unspecified" ', 1))
    assert plain.issues == ()


@pytest.mark.parametrize("order", ["4", "2.5", "ionic", "threecenter"])
def test_a_bond_of_a_drawing_that_becomes_a_single_one_is_told_of(order: str) -> None:
    (record,) = cdxml_records(drawings.cdxml_fragment().replace("<b ", f'<b Order="{order}" ', 1))
    assert [issue.code for issue in record.issues] == ["BOND_SIMPLIFIED"]
    assert order in record.issues[0].message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (molfile(["N", "B"], [(1, 2, 9)]), "coordination"),
        (molfile(["O", "O"], [(1, 2, 10)]), "hydrogen"),
        (v3000(["1 N 0 0 0 0", "2 B 1.4 0 0 0"], ["1 9 1 2"]), "coordination"),
        (v3000(["1 O 0 0 0 0", "2 O 1.4 0 0 0"], ["1 10 1 2"]), "hydrogen"),
        ("[NH3][BH3] |C:0.0|", "coordination"),
        ("O.O |H:0.0|", "hydrogen"),
    ],
)
def test_no_smiles_says_that_a_coordination_or_hydrogen_bond_is_a_single_one(text: str, kind: str) -> None:
    computed = compute(text)
    assert "canonicalSmiles" not in computed.properties
    (issue,) = [issue for issue in computed.issues if issue.place == "canonicalSmiles"]
    assert issue.code == "PROPERTY_FAILED"
    assert kind in issue.message
    assert "molecularFormula" in computed.properties


def test_a_reaction_says_of_which_molecule_there_is_no_smiles() -> None:
    text = f"$RXN\n\n  Leanda\n\n  1  1\n$MOL\n{molfile(['N', 'B'], [(1, 2, 9)])}$MOL\n{molfile()}".encode()
    (record,) = rxn.FORMAT.read(text, first_index=0, head=text)
    assert "reactionSmiles" not in record.properties
    (issue,) = record.issues
    assert (issue.code, issue.place) == ("COMPONENT_NOT_COMPUTED", "reactant 1")


@pytest.mark.parametrize(
    "atoms",
    [
        ["1 Ala 0 0 0 0 CLASS=AA SEQID=1 ATTCHORD=(2 2 Br)", "2 Gly 1.4 0 0 0 CLASS=AA SEQID=2 ATTCHORD=(2 1 Al)"],
        ["1 Ala 0 0 0 0 CLASS=AA SEQID=1 ATTCHORD=(2 2 Br)", "2 O 1.4 0 0 0"],
        ["1 C 0 0 0 0 CLASS=AA SEQID=1", "2 O 1.4 0 0 0"],
    ],
)
def test_template_atoms_are_counted_as_what_has_no_element(atoms: list[str]) -> None:
    text = v3000(atoms, ["1 1 1 2"])
    computed = compute(text)
    assert not set(NEEDS_ELEMENTS) & set(computed.properties)
    assert {"molecularFormula", "molecularWeight"} <= {issue.place for issue in computed.issues}
    assert structures.atoms_without_element(structures.load(text).molecule) == sum("CLASS" in atom for atom in atoms)
