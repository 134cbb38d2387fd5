"""Indigo, as the processor uses it: a structure's own text in, plain values out.

Everything here may raise; `properties.compute` turns what it raises into issues of a record.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any, Final

from functions.processor.isotopologues import mass_above_monoisotopic
from leanda.parsing import lone_pairs

TOOLKIT: Final = "Indigo 1.46.0"
CALL_MILLISECONDS: Final = 2000
"""Longest time of one call into Indigo; real records need a hundredth of it."""
MAX_CANONICAL_ATOMS: Final = 5000
"""Canonical numbering of larger structures takes Indigo longer than its own time limit."""
MAX_DROPPED_KEYWORDS: Final = 16
SMILES_MEDIA_TYPE: Final = "chemical/x-daylight-smiles"
MOLFILE_MEDIA_TYPE: Final = "chemical/x-mdl-molfile"

_KEYWORD_UNKNOWN: Final = re.compile(r"unsupported property of CTAB3000(?: \(in \w+ block\))?: (\S+)")
_ELEMENT: Final = re.compile(r"([A-Z][a-z]?) ?(\d*)")
_NAME_LINE: Final = re.compile(r"\A[^\r\n]*")
_STANDARD_INCHI: Final = ""
_ERROR: Final = -1.0


class TooManyAtoms(ValueError):
    """A structure is too large for a calculation."""


@cache
def _session() -> tuple[Any, Any]:
    """One Indigo session and its InChI generator per process, made on first use."""
    from indigo import Indigo
    from indigo.inchi import IndigoInchi

    indigo = Indigo()
    indigo.setOption("ignore-stereochemistry-errors", True)
    indigo.setOption("unique-dearomatization", False)
    indigo.setOption("ignore-noncritical-query-features", True)
    indigo.setOption("timeout", CALL_MILLISECONDS)
    # The check refuses rings that Indigo would not call aromatic itself, such as those of `N#Cc1cnc2cccc3ncnc1-n-3-2`.
    indigo.setOption("dearomatize-verification", False)
    return indigo, IndigoInchi(indigo)


def load(media_type: str, text: str) -> Any:
    """The molecule of a record.

    A molfile's name line is blanked: Indigo guesses formats, and a name such as `$RXN` would make it a reaction.
    V3000 keywords that Indigo does not know are left out, as the parser did when it accepted the record.

    Raises:
        IndigoException: Indigo refuses the structure, or it is a query.
    """
    if media_type == MOLFILE_MEDIA_TYPE:
        text = _NAME_LINE.sub("", text, count=1)
    for _ in range(MAX_DROPPED_KEYWORDS):
        try:
            return _loaded(text)
        except Exception as refusal:
            unknown = _KEYWORD_UNKNOWN.search(str(refusal))
            shorter = drop_keyword(text, unknown[1]) if unknown else text
            if shorter == text:
                raise
            text = shorter
    return _loaded(text)


def _loaded(text: str) -> Any:
    """The molecule with single and double bonds, however it was written.

    Rings that an aromatic SMILES calls aromatic, Indigo leaves as they are, although it would not call all of them so
    (caffeine): its canonical SMILES would be another one than from a drawing. Of some (benzobisthiadiazole) it would
    compute nothing. Where no double bonds can be set the molecule stays as it is.
    """
    molecule = _session()[0].loadMolecule(lone_pairs.turned(text))
    molecule.dearomatize()
    return molecule


def drop_keyword(molfile: str, keyword: str) -> str:
    """A V3000 molfile without a keyword and its value."""
    return re.sub(rf" {re.escape(keyword)}=(?:\([^)]*\)|\"[^\"]*\"|\S*)", "", molfile)


def reason(error: Exception) -> str:
    """What an error of Indigo says, as a sentence's part."""
    value = getattr(error, "value", None)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(error)
    return text.strip() or type(error).__name__


def canonical_smiles(molecule: Any) -> str:
    """Canonical SMILES, aromatic, the same for every drawing of a molecule.

    Component by component and sorted: Indigo's algorithm explodes on many equal components (water in a crystal).
    Aromatised: it numbers double bonds as they are drawn, so the two Kekulé forms of o-xylene would differ.
    Where Indigo appends a ` |…|` extension, whose atom numbers span all components, the molecule is taken whole.

    Raises:
        TooManyAtoms: over `MAX_CANONICAL_ATOMS`.
        IndigoException: it takes too long, or the structure has no SMILES (polymers).
    """
    if (atoms := molecule.countAtoms()) > MAX_CANONICAL_ATOMS:
        raise TooManyAtoms(f"the structure has {atoms:,} atoms; {MAX_CANONICAL_ATOMS:,} are accepted")
    parts = []
    for component in molecule.iterateComponents():
        part = component.clone()
        part.aromatize()
        parts.append(lone_pairs.turned(part.canonicalSmiles()))
    if len(parts) > 1 and any(" |" in part for part in parts):
        whole = molecule.clone()
        whole.aromatize()
        return lone_pairs.turned(whole.canonicalSmiles())
    return ".".join(sorted(parts))


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


def inchi(molecule: Any) -> str:
    """Standard InChI.

    The empty options are said explicitly: without them, one molecule with a racemic or relative stereo group switches
    this and all later InChIs of the process to non-standard ones (`InChI=1/…`).
    """
    return str(_session()[1].getInchi(molecule, _STANDARD_INCHI))


def leaves_out_double_bonds(smiles: str | None, inchi_of_molecule: str) -> bool:
    """Whether a canonical SMILES lost the configuration of double bonds that the InChI of the same molecule has.

    Indigo writes none of bonds in rings; InChI has those of rings of eight atoms and more.

    Raises:
        IndigoException: the SMILES cannot be read again.
    """
    stated = _double_bonds(inchi_of_molecule)
    return smiles is not None and bool(stated) and _double_bonds(inchi(_loaded(smiles))) != stated


def _double_bonds(inchi: str) -> list[str]:
    """The layers /b of an InChI: one, or two when isotopes make a difference."""
    return [layer for layer in inchi.split("/") if layer.startswith("b")]


def inchi_key(inchi: str) -> str:
    """InChIKey of an InChI; cheaper than from the molecule."""
    return str(_session()[1].getInchiKey(inchi))


def as_descriptors_see_it(molecule: Any) -> Any:
    """A copy that gives the same descriptors for every drawing of a molecule.

    Explicit hydrogens are folded: Indigo takes a bond to a methyl group whose hydrogens are drawn for a rotatable one. Rings get
    double bonds, without which hydrogens of aromatic N cannot be counted, and are then made aromatic as Daylight does it
    (`c(=O)` included), because the atom types of the polar surface and of logP are SMARTS of that model.
    """
    copy = molecule.clone()
    copy.foldHydrogens()
    copy.dearomatize()
    indigo, _ = _session()
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


def atoms_without_element(molecule: Any) -> int:
    """R groups, attachment points as atoms, `*` and named pseudoatoms: what no formula and no mass can count."""
    return int(molecule.countPseudoatoms()) + int(molecule.countRSites())
