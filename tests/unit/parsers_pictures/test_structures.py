"""Molecules and reactions, drawn: letters, lines, wedges, and where they stand."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter

import pytest

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import sketch, structure
from functions.parsers.pictures.drawings.sketch import Atom, Bond, Line, Sketch
from leanda import structures
from tests.samples import manifest
from tests.unit.parsers_pictures.drawn import Seen

CAFFEINE = "Cn1cnc2c1c(=O)n(C)c(=O)n2C"
MODEL_OF_ALANINE = """L-alanine
  model

  7  6  0  0  0  0  0  0  0  0999 V2000
   -0.9660    0.4930    1.5000 N   0  0
    0.2570    0.4180    0.6920 C   0  0
   -0.0940    0.0170   -0.7160 C   0  0
   -1.0560   -0.6820   -0.9230 O   0  0
    1.2040   -0.6200    1.2960 C   0  0
    0.6610    0.4390   -1.7420 O   0  0
    0.7460    1.3920    0.6820 H   0  0
  1  2  1  0
  2  3  1  0
  2  5  1  0
  2  7  1  0
  3  4  2  0
  3  6  1  0
M  END
"""


def molecule(text: str) -> Seen:
    return Seen(structure.molecule(text))


@pytest.mark.parametrize(
    ("smiles", "letters"),
    [
        ("CCO", "O H"),
        ("O", "O H 2"),
        ("Cl", "Cl H"),
        ("[NH4+]", "N H 4 +"),
        ("[O-]C=O", "O − O"),
        ("[Fe+3]", "Fe 3+"),
        ("[13CH4]", "C H 4 13"),
        ("C[CH2]", "C H 2 •"),
        ("C", "C H 4"),
        ("CC", ""),
        ("O=C=O", "O C O"),
        ("C=C=C", "C"),
        ("*C", "*"),
        (CAFFEINE, "N N O N O N"),
    ],
)
def test_letters_stand_for_hetero_atoms_with_hydrogens_charge_and_isotope(smiles: str, letters: str) -> None:
    assert Counter(molecule(smiles).texts) == Counter(letters.split())


@pytest.mark.parametrize(
    ("smiles", "lines"),
    [("CC", 1), ("C=C", 2), ("C#C", 3), ("c1ccccc1", 9), ("C1=CC=CC=C1", 9), ("CC(C)=O", 4), (CAFFEINE, 19)],
)
def test_every_bond_has_as_many_lines_as_its_order(smiles: str, lines: int) -> None:
    seen = molecule(smiles)
    assert seen.count("line") == lines
    assert not [line for line in seen.all("line") if line.get("stroke-dasharray")], "Kekulé, not dashed rings"


@pytest.mark.parametrize(("smiles", "solid"), [("C[C@H](N)C(=O)O", "either"), ("C[C@@H](N)C(=O)O", "either")])
def test_a_stereocentre_has_one_wedge(smiles: str, solid: str) -> None:
    seen = molecule(smiles)
    hashes = seen.count("line") - 5
    assert (seen.count("polygon"), hashes >= 4) in ((1, False), (0, True))


def test_enantiomers_are_drawn_with_opposite_wedges() -> None:
    one, other = (molecule(smiles).count("polygon") for smiles in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"))
    assert {one, other} == {0, 1}


def test_a_model_in_space_is_laid_out_and_keeps_its_handedness() -> None:
    """The drawing of the model is that of the SMILES which Indigo reads from the same atoms."""
    seen = molecule(MODEL_OF_ALANINE)
    found = structures.session().loadMolecule(MODEL_OF_ALANINE)
    found.foldHydrogens()
    found.layout()
    assert "@" in found.smiles()
    assert seen.count("polygon") + (seen.count("line") > 8) == 1
    assert Counter(seen.texts) == Counter(["N", "H", "2", "O", "O", "H"])


def test_a_drawing_in_the_file_stays_as_it_is_drawn() -> None:
    """Ethanol from right to left and upright: nobody lays it out anew."""
    molfile = (
        "\n\n\n  3  2  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 O   0  0\n"
        "    0.0000    1.0000    0.0000 C   0  0\n    1.0000    1.0000    0.0000 C   0  0\n  1  2  1  0\n  2  3  1  0\nM  END\n"
    )
    first, second = molecule(molfile).all("line")
    assert first.get("x1") == first.get("x2") == second.get("x1")
    assert second.get("y1") == second.get("y2")


def test_a_query_is_drawn_too() -> None:
    row = next(row for row in manifest("mol") if "query" in row.path)
    assert any("N,O" in text for text in molecule(row.read_bytes().decode()).texts)


@pytest.mark.parametrize("text", ["", "C1CC", "not a structure", "C" * (structure.MAX_ATOMS + 1)])
def test_what_cannot_be_drawn_says_why(text: str) -> None:
    with pytest.raises(NotDrawable) as refused:
        structure.molecule(text)
    assert refused.value.message.strip()


def test_the_same_molecule_gives_the_same_picture() -> None:
    assert structure.molecule(CAFFEINE) == structure.molecule(CAFFEINE)


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of a process are listed by Linux")
def test_no_library_of_the_system_is_needed_for_letters() -> None:
    """Lambda has neither fontconfig nor fonts; a developer's machine has, so it would not be noticed here otherwise."""
    look = (
        "from functions.parsers.pictures.drawings import structure; from pathlib import Path; "
        "structure.molecule('CCO'); print(Path('/proc/self/maps').read_text())"
    )
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    loaded = subprocess.run([sys.executable, "-c", look], env=environment, check=True, capture_output=True, text=True)
    assert "libindigo.so" in loaded.stdout
    assert "fontconfig" not in loaded.stdout
    assert "freetype" not in loaded.stdout


def test_drawing_leaves_the_toolkit_as_it_was() -> None:
    """Other structures of this process are still computed by the model that the original system used."""
    structure.molecule(CAFFEINE)
    assert structures.session().getOption("aromaticity-model") == "basic"


def test_everything_lies_inside_of_the_picture() -> None:
    for smiles in ("CCO", "[13CH3]C#N", CAFFEINE, "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCC(=O)O", "[NH4+].[Cl-]", "O"):
        seen = molecule(smiles)
        for element in (*seen.all("text"), *seen.all("line")):
            for name in ("x", "y", "x1", "y1", "x2", "y2"):
                assert 0 <= float(element.get(name, "1")) <= structure.SIDE


# --- the pure part --------------------------------------------------------------------------------------------------------


def hexagon(*, inside: bool) -> Sketch:
    atoms = [Atom(math.cos(n * math.pi / 3), math.sin(n * math.pi / 3)) for n in range(6)]
    bonds = [Bond(n, (n + 1) % 6, 2 - n % 2, inside=(0.0, 0.0) if inside else None) for n in range(6)]
    return Sketch(atoms, bonds)


def test_the_second_line_of_a_ring_bond_runs_inside() -> None:
    seen = Seen(sketch.molecule(hexagon(inside=True), side=200, label="ring"))
    ends = [(float(line.get(f"x{n}", "")), float(line.get(f"y{n}", ""))) for line in seen.all("line") for n in (1, 2)]
    distances = sorted(math.dist(end, (100, 100)) for end in ends)
    assert distances[5] < distances[6] - 3, "six ends of short lines inside"
    assert distances[6] == pytest.approx(distances[-1], abs=0.1)


def test_a_wedge_is_broad_at_its_far_end() -> None:
    drawing = sketch.molecule(Sketch([Atom(0, 0), Atom(1, 0)], [Bond(0, 1, line=Line.UP)]), side=100, label="wedge")
    (wedge,) = Seen(drawing).all("polygon")
    point, one, other = (tuple(map(float, pair.split(","))) for pair in wedge.get("points", "").split())
    assert point[0] < one[0] == other[0]
    assert one[1] != other[1]


@pytest.mark.parametrize(
    ("bond", "kind"),
    [(Bond(0, 1, line=Line.EITHER), "path"), (Bond(0, 1, line=Line.ANY), "line"), (Bond(0, 1, 2, Line.EITHER), "line")],
)
def test_what_is_not_known_is_drawn_as_not_known(bond: Bond, kind: str) -> None:
    seen = Seen(sketch.molecule(Sketch([Atom(0, 0), Atom(1, 0)], [bond]), side=100, label="either"))
    assert seen.count(kind)
    if bond.line is Line.ANY:
        assert seen.all("line")[0].get("stroke-dasharray")
    if bond.order == 2:
        first, second = seen.all("line")
        crossed = (float(first.get("y1", "")) - float(second.get("y1", ""))) * (
            float(first.get("y2", "")) - float(second.get("y2", ""))
        )
        assert crossed < 0


def test_hydrogens_stand_on_the_side_without_a_bond() -> None:
    for x, left in ((1.0, True), (-1.0, False)):
        seen = Seen(sketch.molecule(Sketch([Atom(0, 0, "O", 1), Atom(x, 0)], [Bond(0, 1)]), side=100, label="OH"))
        assert (seen.place("H")[0] < seen.place("O")[0]) is left


@pytest.mark.parametrize("atoms", [[Atom(0, 0)], [Atom(0, 0), Atom(0, 0)], [Atom(1e6, -1e6, "Xyz"), Atom(1e6, -1e6)]])
def test_atoms_in_one_place_are_drawn_nevertheless(atoms: list[Atom]) -> None:
    bonds = [Bond(0, 1)] if len(atoms) > 1 else []
    assert Seen(sketch.molecule(Sketch(atoms, bonds), side=100, label="one place")).root is not None


# --- reactions ------------------------------------------------------------------------------------------------------------


def test_a_scheme_runs_from_reactants_over_the_arrow_to_products() -> None:
    seen = Seen(structure.reaction("CCCl.[NH3]>[Pd]>CCN.Br"))
    places = {text: seen.place(text) for text in ("Cl", "Pd", "Br")}
    assert places["Cl"][0] < places["Pd"][0] < places["Br"][0]
    (arrow,) = seen.all("polygon")
    tip = tuple(map(float, arrow.get("points", "").split()[0].split(",")))
    assert places["Pd"][0] < tip[0] < places["Br"][0]
    assert places["Pd"][1] < tip[1], "agents stand above the arrow"


def test_reactions_without_one_side_are_drawn() -> None:
    for text in (">>CCO", "CCO>>", ">[Pd]>"):
        assert Seen(structure.reaction(text)).count("polygon") == 1


def test_an_empty_reaction_has_no_picture() -> None:
    with pytest.raises(NotDrawable, match="no molecules"):
        structure.reaction("$RXN\n\n\n\n  0  0\n")
    with pytest.raises(NotDrawable):
        structure.reaction("")


def test_a_long_scheme_fits_its_picture() -> None:
    seen = Seen(structure.reaction(".".join(["c1ccccc1"] * 12) + ">>" + ".".join(["CCO"] * 6)))
    for line in seen.all("line"):
        assert 0 <= float(line.get("x1", "")) <= structure.WIDTH
