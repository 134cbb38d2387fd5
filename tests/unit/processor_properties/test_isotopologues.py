"""The most abundant isotopologue, against every possible choice of isotopes and against known molecules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from molmass.elements import ELEMENTS

from functions.processor import isotopologues, properties


def choices(count: int, kinds: int) -> Iterator[tuple[int, ...]]:
    """All ways to share `count` atoms among `kinds` isotopes."""
    if kinds == 1:
        yield (count,)
        return
    for first in range(count + 1):
        for rest in choices(count - first, kinds - 1):
            yield first, *rest


def likelihood(chosen: Sequence[int], abundances: Sequence[float]) -> float:
    """The multinomial probability of a choice, as a logarithm."""
    ways = math.lgamma(sum(chosen) + 1) - sum(math.lgamma(number + 1) for number in chosen)
    return ways + sum(number * math.log(abundance) for number, abundance in zip(chosen, abundances, strict=True))


@given(count=st.integers(0, 12), abundances=st.lists(st.floats(0.001, 1), min_size=1, max_size=4))
def test_no_other_choice_is_more_likely(count: int, abundances: list[float]) -> None:
    best = max(likelihood(chosen, abundances) for chosen in choices(count, len(abundances)))
    chosen = isotopologues.mode(count, abundances)
    assert sum(chosen) == count
    assert likelihood(chosen, abundances) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "above"),
    [
        ({"C": 50, "H": 62, "O": 3}, 0.0),
        ({"C": 93}, 13.0033548351 - 12),  # From 93 atoms on one carbon-13 is more likely than none.
        ({"C": 92}, 0.0),
        ({"Cl": 3}, 0.0),
        ({"Cl": 4}, 36.9659026 - 34.9688527),
        ({"Br": 1}, 0.0),
        ({"Br": 2}, 80.9162897 - 78.9183376),
        ({"Li": 3, "F": 100}, 0.0),
        ({}, 0.0),
    ],
)
def test_known_compositions(counts: dict[str, int], above: float) -> None:
    assert isotopologues.mass_above_monoisotopic(counts) == pytest.approx(above, abs=1e-6)


def test_an_element_that_does_not_exist_has_no_mass() -> None:
    with pytest.raises(KeyError):
        isotopologues.mass_above_monoisotopic({"Qq": 1})


def test_rdkit_knows_the_same_isotopes() -> None:
    from rdkit import Chem

    table = Chem.GetPeriodicTable()
    for element in ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "Sn", "I", "Pt", "Hg"):
        for number, isotope in ELEMENTS[element].isotopes.items():
            assert isotope.mass == pytest.approx(table.GetMassForIsotope(element, number), abs=1e-4)
            assert isotope.abundance * 100 == pytest.approx(table.GetAbundanceForIsotope(element, number), abs=0.2)


@pytest.mark.parametrize(
    ("smiles", "mono", "most"),
    [
        ("ClC(Cl)(Cl)Cl", 151.875411, 151.875411 + 1.99705),
        ("BrCBr", 171.852327, 173.850280),
        ("Br[79Br]", 157.836675, 157.836675),  # Where the isotope is stated there is nothing to choose.
        ("[81Br]Br", 159.834628, 159.834628),
        ("CCO.[Na+].[Cl-]", 104.000487, 104.000487),
        ("O", 18.010565, 18.010565),
    ],
)
def test_masses_of_molecules(smiles: str, mono: float, most: float) -> None:
    found = properties.compute(smiles).properties
    assert found["mostAbundantMass"] == pytest.approx(most, abs=1e-3)
    assert found["monoisotopicMass"] == pytest.approx(mono, abs=1e-3)
