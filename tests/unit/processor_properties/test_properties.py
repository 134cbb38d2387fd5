from __future__ import annotations

import csv

import pytest

from functions.processor.properties import NEEDS_ELEMENTS, compute
from leanda import structures
from tests.samples import samples_root

KEKULE_FORMS = ("CC1=CC=CC=C1C", "CC1=C(C)C=CC=C1", "Cc1ccccc1C")
"""o-Xylene, drawn in three ways."""
DESCRIPTORS = ("tpsa", "logP", "hydrogenBondDonors", "hydrogenBondAcceptors", "rotatableBonds", "rings")


def test_aspirin_has_all_properties() -> None:
    result = compute("CC(=O)Oc1ccccc1C(=O)O")
    assert result.issues == []
    numbers = {name: value for name, value in result.properties.items() if isinstance(value, float | int)}
    assert numbers == {
        "molecularWeight": pytest.approx(180.159, abs=0.002),
        "monoisotopicMass": pytest.approx(180.04226, abs=1e-5),
        "mostAbundantMass": pytest.approx(180.04226, abs=1e-5),
        "tpsa": pytest.approx(63.6),
        "logP": pytest.approx(1.3101),
        "hydrogenBondDonors": 1,
        "hydrogenBondAcceptors": 4,
        "rotatableBonds": 3,
        "rings": 1,
    }
    assert {name: value for name, value in result.properties.items() if name not in numbers} == {
        "canonicalSmiles": "CC(=O)Oc1ccccc1C(O)=O",
        "molecularFormula": "C9H8O4",
        "inchi": "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)",
        "inchiKey": "BSYNRYMUTXBXSQ-UHFFFAOYSA-N",
    }


def test_the_installed_toolkit_is_the_one_that_records_name() -> None:
    from indigo import Indigo

    assert f"Indigo {Indigo().version().split('-')[0]}".startswith(structures.TOOLKIT)


def test_known_molecules_have_their_published_identity() -> None:
    with (samples_root() / "oracle" / "known_molecules.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    for row in rows:
        computed = compute(row["smiles"]).properties
        assert (computed["inchiKey"], computed["inchi"]) == (row["inchikey"], row["inchi"]), row["name"]
        assert computed["molecularFormula"] == row["formula"], row["name"]
        assert computed["molecularWeight"] == pytest.approx(float(row["mol_weight"]), abs=0.02), row["name"]


def test_the_canonical_smiles_does_not_depend_on_the_drawing() -> None:
    assert {compute(smiles).properties["canonicalSmiles"] for smiles in KEKULE_FORMS} == {"Cc1ccccc1C"}
    salts = {compute(smiles).properties["canonicalSmiles"] for smiles in ("CCO.[Na+].[Cl-].O", "O.[Cl-].OCC.[Na+]")}
    assert salts == {"CCO.O.[Cl-].[Na+]"}


@pytest.mark.parametrize(
    "drawings",
    [
        KEKULE_FORMS,
        ("Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CN1C(=O)C2=C(N=CN2C)N(C)C1=O"),  # caffeine
        ("CCO", "[H]C([H])([H])C([H])([H])O[H]"),
        ("c1ccc2[nH]ccc2c1", "C1=CC=C2NC=CC2=C1"),
        ("N#Cc1cnc2cccc3ncnc1-n-3-2", "C1C=C2N3C(=NC=N2)C(=CN=C3C=1)C#N"),
    ],
)
def test_the_descriptors_do_not_depend_on_the_drawing(drawings: tuple[str, ...]) -> None:
    computed = [{name: compute(smiles).properties[name] for name in DESCRIPTORS} for smiles in drawings]
    assert computed == [computed[0]] * len(drawings)


@pytest.mark.parametrize(
    ("smiles", "log_p"),
    [("OS(=O)(=O)CCS(=O)(=O)O", -1.238), ("[Na+].[Cl-]", -3.3768), ("CN(C)N", -0.5783), ("C", 0.6361)],
)
def test_a_molecule_may_like_water_better_than_octanol(smiles: str, log_p: float) -> None:
    assert compute(smiles).properties["logP"] == pytest.approx(log_p, abs=1e-4)


def test_a_descriptor_that_takes_too_long_is_left_out_alone() -> None:
    chain = "C" * 3000
    indigo = structures.session()
    indigo.setOption("timeout", 100)
    try:
        result = compute(chain)
    finally:
        indigo.setOption("timeout", structures.CALL_MILLISECONDS)
    assert result.properties["tpsa"] == 0
    assert "logP" not in result.properties
    assert {issue.place for issue in result.issues if "timeout" in issue.message} >= {"logP"}


def test_many_equal_components_take_no_longer_than_their_number() -> None:
    computed = compute(".".join(["O"] * 1000)).properties
    assert computed["canonicalSmiles"] == ".".join(["O"] * 1000)
    assert computed["molecularFormula"] == "H2000O1000"


def test_a_racemic_molecule_has_a_standard_inchi_and_leaves_later_ones_standard() -> None:
    plain = compute("CCO").properties["inchi"]
    racemic = compute("C[C@H](O)N |&1:1|").properties["inchi"]
    assert racemic.startswith("InChI=1S/")
    assert compute("CCO").properties["inchi"] == plain == "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"


def test_a_property_that_fails_is_named_and_the_others_stay() -> None:
    result = compute("CFC")
    assert result.properties["molecularFormula"] == "C2H6F"
    failed = {issue.place: issue for issue in result.issues}
    assert set(failed) == {"monoisotopicMass", "mostAbundantMass", "logP"}
    assert {issue.code for issue in result.issues} == {"PROPERTY_FAILED"}
    assert "bad valence on F" in failed["mostAbundantMass"].message


def test_a_structure_with_an_r_group_has_neither_formula_nor_mass() -> None:
    result = compute("*CCO")
    assert set(result.properties) == {"canonicalSmiles", "rotatableBonds", "rings"}
    assert {issue.place for issue in result.issues} == {*NEEDS_ELEMENTS, "inchi"}


def test_a_structure_too_large_for_canonical_numbering_keeps_its_formula() -> None:
    atoms = structures.MAX_CANONICAL_ATOMS + 1
    result = compute(".".join(["O"] * atoms))
    assert result.properties["molecularFormula"] == f"H{2 * atoms}O{atoms}"
    assert "5,001 atoms" in result.issues[0].message


def test_a_query_is_not_computed() -> None:
    result = compute("CC~CC")
    assert result.properties == {}
    assert [issue.code for issue in result.issues] == ["STRUCTURE_NOT_COMPUTABLE"]


def test_a_molfile_is_computed_whatever_its_name_and_unknown_v3000_keywords() -> None:
    molfile = (
        "$RXN\n  Leanda\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\nM  V30 COUNTS 2 1 0 0 0\n"
        "M  V30 BEGIN ATOM\nM  V30 1 C 0 0 0 0 COLOUR=RED\nM  V30 2 O 1.5 0 0 0\nM  V30 END ATOM\n"
        "M  V30 BEGIN BOND\nM  V30 1 1 1 2 SHADE=(1 2)\nM  V30 END BOND\nM  V30 END CTAB\nM  END\n"
    )
    assert compute(molfile).properties["canonicalSmiles"] == "CO"
