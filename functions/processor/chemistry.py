"""What the processor computes with Indigo beyond names: a molecule in, plain values out.

Everything here may raise; `properties.compute` turns what it raises into issues of a record.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from functions.processor.isotopologues import mass_above_monoisotopic
from leanda import structures

_ELEMENT: Final = re.compile(r"([A-Z][a-z]?) ?(\d*)")
_ERROR: Final = -1.0


def most_abundant_mass(molecule: Any) -> float:
    """Mass of the most abundant isotopologue in Da; atoms whose isotope is stated keep it.

    Raises:
        IndigoException: the molecule has no mass (an impossible valence).
        KeyError: it has an atom of no element.
    """
    counts = Counter({name: int(count or 1) for name, count in _ELEMENT.findall(molecule.grossFormula())})
    mass = float(molecule.monoisotopicMass())
    if not (more := mass_above_monoisotopic(counts)):
        return mass  # Nor would it be with fewer atoms to choose for, so nobody needs to look at each of them.
    labelled = Counter(atom.symbol() for atom in molecule.iterateAtoms() if atom.isotope())
    return mass + (mass_above_monoisotopic(counts - labelled) if labelled else more)


def leaves_out_double_bonds(smiles: str | None, inchi: str) -> bool:
    """Whether a canonical SMILES lost the configuration of double bonds that the InChI of the same molecule has.

    Indigo writes none of bonds in rings (InChI has those of rings of eight atoms and more), of cumulated ones, and of those
    whose end is told apart by far away centres only (4-methylcyclohexylidene). No cheap test knows all of them.

    Raises:
        IndigoException: the SMILES cannot be read again.
    """
    stated = _double_bonds(inchi)
    if smiles is None or not stated:
        return False
    return _double_bonds(structures.inchi(structures.load_kekule(smiles))) != stated


def _double_bonds(inchi: str) -> list[str]:
    """The layers /b of an InChI: one, or two when isotopes make a difference."""
    return [layer for layer in inchi.split("/") if layer.startswith("b")]


def as_descriptors_see_it(molecule: Any) -> Any:
    """A copy that gives the same descriptors for every drawing of a molecule.

    Explicit hydrogens are folded: Indigo takes a bond to a methyl group whose hydrogens are drawn for a rotatable one. Rings get
    double bonds, without which hydrogens of aromatic N cannot be counted, and are then made aromatic as Daylight does it
    (`c(=O)` included), because the atom types of the polar surface and of logP are SMARTS of that model.
    """
    copy = molecule.clone()
    copy.foldHydrogens()
    copy.dearomatize()
    indigo = structures.session()
    indigo.setOption("aromaticity-model", "generic")
    try:
        copy.aromatize()
    finally:
        indigo.setOption("aromaticity-model", "basic")
    return copy


def log_p(molecule: Any) -> float:
    """Wildman-Crippen logP.

    Asked of Indigo's library itself: its Python wrapper takes every value below -0.5 for an error. The library's own sign of
    an error is -1, which may also be a value; the molar refractivity, from the same atom types, tells which.

    Raises:
        IndigoException: it takes too long, or an atom's valence is impossible.
    """
    value = float(molecule._lib().indigoLogP(molecule.id))
    if value == _ERROR:
        molecule.molarRefractivity()
    return value
