"""The most abundant isotopologue of a composition.

Isotopes are distributed independently, so each element has its own most likely choice: the mode of a multinomial
distribution. It is found by giving the atoms one by one to the isotope with the greatest p / (k + 1), where p is its
abundance and k the atoms that it has (Finucan, Biometrika 51 (1964) 513). Indigo rounds the expected numbers instead: it
gives C50 one carbon-13 atom, although 58 % of such molecules have none.

Masses and abundances: molmass, which has those of the Commission on Isotopic Abundances and Atomic Weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

type Isotopes = tuple[tuple[float, float], ...]
"""Mass in Da and abundance (0 to 1) of each isotope, the most abundant first."""


def mass_above_monoisotopic(counts: Mapping[str, int]) -> float:
    """How much heavier the most abundant isotopologue is than the monoisotopic one, in Da; negative where it is lighter.

    Args:
        counts: atoms of each element, those with a stated isotope left out.

    Raises:
        KeyError: an element that does not exist.
    """
    return sum(_above(count, _isotopes(element)) for element, count in counts.items())


def mode(count: int, abundances: Sequence[float]) -> list[int]:
    """The most likely number of atoms of each isotope among `count` atoms; of equally likely ones, more of the earlier."""
    chosen = [0] * len(abundances)
    for _ in range(count):
        best = max(range(len(abundances)), key=lambda at: abundances[at] / (chosen[at] + 1))
        chosen[best] += 1
    return chosen


def _above(count: int, isotopes: Isotopes) -> float:
    masses, abundances = zip(*isotopes, strict=True)
    if len(isotopes) == 1 or count * abundances[1] <= abundances[0]:
        return 0.0  # Not even one atom of the next isotope is more likely than none.
    chosen = mode(count, abundances)
    return float(sum(number * (mass - masses[0]) for number, mass in zip(chosen, masses, strict=True)))


@cache
def _isotopes(element: str) -> Isotopes:
    from molmass.elements import ELEMENTS  # takes a while, so not before there is a molecule

    found = ((isotope.mass, isotope.abundance) for isotope in ELEMENTS[element].isotopes.values())
    return tuple(sorted(found, key=lambda isotope: isotope[1], reverse=True))
