"""Molecules as Indigo reads and names them: one session per process, made on first use; Indigo is imported then.

Texts come in as files have them. Everything that asks Indigo may raise; `reason` says why, as a sentence's part.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from leanda.parsing import lone_pairs, molfiles
from leanda.parsing.smiles import flaw, odd_atom

TOOLKIT: Final = "Indigo 1.46.0"
MOLFILE: Final = "chemical/x-mdl-molfile"
SMILES: Final = "chemical/x-daylight-smiles"
CALL_MILLISECONDS: Final = 2000
"""Longest time of one call into Indigo; real records need a hundredth of it."""
MAX_CANONICAL_ATOMS: Final = 5000
"""Canonical numbering of larger structures takes Indigo longer than its own time limit."""
MAX_DROPPED_KEYWORDS: Final = 16

_LINE_END: Final = re.compile(r"[\r\n]")
_KEYWORD_UNKNOWN: Final = re.compile(r"unsupported property of CTAB3000(?: \(in (\w+) block\))?: (\S+)")
_INCHI: Final = "InChI="
_STANDARD_INCHI: Final = ""
_ABSOLUTE, _OR, _AND = 1, 2, 3
"""Kinds of stereocentres (Indigo API, `Stereocenter.stereocenterType`)."""
_GROUP_MARKS: Final = {_OR: "o", _AND: "&"}
_SMILES_ATOM: Final = re.compile(r"\[[^\[\]]*+\]|Br|Cl|[BCNOPSFI*cnops]")
_AROMATIC: Final = re.compile(r"[cnops]")
_WITHOUT_HYDROGEN: Final = frozenset("nops")
_FIVE_HYDROGENS: Final = re.compile(r"\[\d*CH[5-9]\]")


class TooManyAtoms(ValueError):
    """A structure is too large for a calculation."""


class AsksQuestion(ValueError):
    """A molfile is a query by something that Indigo reads over."""


class SmilesInvalid(ValueError):
    """A SMILES is no molecule as it stands; Indigo would add what is missing without a word."""


@cache
def session() -> Any:
    """The Indigo session of this process; options as in the original system."""
    from indigo import Indigo

    indigo = Indigo()
    indigo.setOption("ignore-stereochemistry-errors", True)
    # A molfile without chiral flag would be a racemate, and its canonical SMILES that of either hand. Nearly all programs write
    # none for what they mean as drawn; InChI and RDKit read it so. Groups that a file states (STERAC, STEREL) stay groups.
    indigo.setOption("ignore-no-chiral-flag", True)
    indigo.setOption("unique-dearomatization", False)
    indigo.setOption("ignore-noncritical-query-features", True)
    indigo.setOption("timeout", CALL_MILLISECONDS)
    # Else rings that are aromatic only because a SMILES says so (caffeine's) get no double bonds.
    indigo.setOption("dearomatize-verification", False)
    # The same structure gives the same text at any time.
    indigo.setOption("molfile-saving-skip-date", True)
    return indigo


@cache
def inchi_session() -> Any:
    """Indigo's InChI generator and reader of this process."""
    from indigo.inchi import IndigoInchi

    return IndigoInchi(session())


class Loaded(NamedTuple):
    """A molecule as Indigo has it.

    Attributes:
        dropped: what was left out of it: V3000 keywords that Indigo does not know, each behind its block.
        unsaid_bond: see `molfiles.Understood`.
    """

    molecule: Any
    dropped: tuple[tuple[str, str], ...]
    unsaid_bond: str | None


def load(text: str) -> Loaded:
    """The molecule of a molfile or a SMILES.

    Indigo would refuse the whole molecule for a keyword that it does not know, so it is asked again without it. Molecules of SMILES
    have single and double bonds.

    Raises:
        IndigoException: Indigo refuses the structure, or it is a query.
        AsksQuestion: it is a query that Indigo would take for a molecule.
        SmilesInvalid: a SMILES that Indigo would take for another molecule.
    """
    text, asked, unsaid_bond = _for_indigo(text)
    dropped: list[tuple[str, str]] = []
    if asked:
        raise AsksQuestion(f"it asks for {asked}")
    _refuse_flaw(text)
    while True:
        try:
            molecule = session().loadMolecule(lone_pairs.turned(text))
            break
        except Exception as refusal:
            unknown = _KEYWORD_UNKNOWN.search(reason(refusal))
            if unknown is None or len(dropped) == MAX_DROPPED_KEYWORDS:
                raise
            block, keyword = unknown[1] or "ATOM", unknown[2]
            text, count = _without_keyword(text, keyword)
            if not count:
                raise
            dropped.append((block, keyword))
    if "\n" not in text:
        _refuse_odd_atom(text)
        _set_double_bonds(molecule, text)
    return Loaded(molecule, tuple(dropped), unsaid_bond)


def load_query(text: str) -> Any:
    """The query of a molfile or a SMILES.

    Raises:
        IndigoException: Indigo refuses it.
    """
    return session().loadQueryMolecule(_for_indigo(text).text)


def load_reaction(text: str) -> Any:
    """The reaction of an rxnfile or a reaction SMILES.

    Raises:
        IndigoException: Indigo refuses it, or it is a query.
        SmilesInvalid: a reaction SMILES that Indigo would take for another reaction.
    """
    if "\n" not in text:
        for side in text.split(" ", 1)[0].split(">"):
            _refuse_flaw(side)
            _refuse_odd_atom(side)
    return session().loadReaction(lone_pairs.turned(molfiles.reaction_understood(_with_line_feeds(text))))


def _for_indigo(text: str) -> molfiles.Understood:
    return molfiles.understood(_with_line_feeds(without_name(text)))


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _refuse_flaw(text: str) -> None:
    """Refuses a SMILES that is cut off or lacks a part, before anybody makes a molecule or a query of what is there."""
    if "\n" in text or text.startswith(_INCHI):
        return
    if found := flaw(_first_word(text)):
        raise SmilesInvalid(f"as a SMILES, {found}")


def _refuse_odd_atom(text: str) -> None:
    if found := odd_atom(_first_word(text)):
        raise SmilesInvalid(f"as a SMILES, it has an atom {found}")


def _first_word(text: str) -> str:
    return next(iter(text.split(None, 1)), "")


def _set_double_bonds(molecule: Any, smiles: str) -> None:
    """Gives the rings that a SMILES calls aromatic single and double bonds, if that takes nothing but bonds.

    An aromatic atom outside of rings gets a hydrogen from Indigo, and so does aromatic N without one where the double bonds do
    not come out even: pyrrole written `n1cccc1`, which may as well be meant for something else.

    Raises:
        SmilesInvalid: the molecule would not be the one that is written.
    """
    smiles, *_ = smiles.split(None, 1)
    if _FIVE_HYDROGENS.search(smiles):
        raise SmilesInvalid("the SMILES has a carbon atom with five hydrogens")
    if not _AROMATIC.search(smiles):
        return
    if "*" in smiles:  # It may stand for any atom, and have any bonds.
        molecule.dearomatize()
        return
    if smiles.count("c") > molecule.smiles().partition(" ")[0].count("c"):
        raise SmilesInvalid("the SMILES has an aromatic atom outside of rings")
    done = molecule.dearomatize()
    bare = [at for at, atom in enumerate(_SMILES_ATOM.findall(smiles)) if atom in _WITHOUT_HYDROGEN]
    if not done or any(molecule.getAtom(at).countImplicitHydrogens() for at in bare):
        raise SmilesInvalid("the rings that the SMILES calls aromatic have no double bonds without a further hydrogen")


def load_kekule(text: str) -> Any:
    """The molecule with single and double bonds, however it was written.

    Rings that an aromatic SMILES calls aromatic, Indigo leaves as they are, although it would not call all of them so
    (caffeine): its canonical SMILES would be another one than from a drawing. Of some (benzobisthiadiazole) it would
    compute nothing. Where no double bonds can be set the molecule stays as it is.

    Raises:
        IndigoException, AsksQuestion, SmilesInvalid: see `load`.
    """
    molecule = load(text).molecule
    molecule.dearomatize()
    return molecule


def without_name(text: str) -> str:
    """A molfile without its name, because Indigo guesses formats by it: `$RXN` as name would make it a reaction."""
    line_end = _LINE_END.search(text)
    return text[line_end.start() :] if line_end else text


def _without_keyword(molfile: str, keyword: str) -> tuple[str, int]:
    """A V3000 molfile without one keyword and its values, and how often it was there."""
    return re.subn(rf" {re.escape(keyword)}=(?:\([^)]*\)|\"[^\"]*\"|\S*)", "", molfile)


def reason(refusal: Exception) -> str:
    """What an error of Indigo says, as a sentence's part."""
    value = getattr(refusal, "value", None)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(refusal)
    return text.removeprefix("molecule auto loader: ").strip().rstrip(".") or type(refusal).__name__


def canonical_smiles(molecule: Any) -> str:
    """Canonical SMILES, aromatic, the same for every drawing of a molecule that has single and double bonds.

    Component by component and sorted: Indigo's algorithm explodes on many equal components (water in a crystal).
    Aromatised: it numbers double bonds as they are drawn, so the two Kekulé forms of o-xylene would differ.
    Where Indigo appends a ` |…|` extension, whose atom numbers span all components, the molecule is taken whole.

    A racemate, and an enantiomer of unknown hand, say so (` |&1:1|`, ` |o1:1|`) behind the first of its two hands in
    alphabetical order, so that both drawings have the same text. Molecules of several such groups, or of some centres of known
    hand and some of unknown, are written as drawn; see `has_unsaid_groups`.

    Raises:
        TooManyAtoms: over `MAX_CANONICAL_ATOMS`.
        IndigoException: it takes too long, or the structure has no SMILES (polymers).
    """
    if (atoms := molecule.countAtoms()) > MAX_CANONICAL_ATOMS:
        raise TooManyAtoms(f"the structure has {atoms:,} atoms; {MAX_CANONICAL_ATOMS:,} are accepted")
    groups = _stereo_groups(molecule)
    if groups <= {(_ABSOLUTE, 0)}:
        return _canonical_smiles(molecule)
    drawn = molecule.clone()
    for centre in drawn.iterateStereocenters():
        if centre.stereocenterType() in _GROUP_MARKS:
            centre.changeStereocenterType(_ABSOLUTE)
    smiles = _canonical_smiles(drawn)
    if len(groups) > 1:
        return smiles
    for centre in drawn.iterateStereocenters():
        if centre.stereocenterType() == _ABSOLUTE:
            centre.invertStereo()
    other = _canonical_smiles(drawn)
    if smiles == other:  # a meso form, which is its own mirror image
        return smiles
    ((kind, _),) = groups
    return _with_group(min(smiles, other), _GROUP_MARKS[kind])


def has_unsaid_groups(molecule: Any) -> bool:
    """Whether the canonical SMILES says less of racemic and relative centres than the molecule."""
    return molecule.countStereocenters() > 1 and len(_stereo_groups(molecule)) > 1


def _stereo_groups(molecule: Any) -> set[tuple[int, int]]:
    """The groups of stereocentres, each as its kind and number; centres that are as drawn make one group, (`_ABSOLUTE`, 0)."""
    if not molecule.countStereocenters():
        return set()
    kinds = [(centre, centre.stereocenterType()) for centre in molecule.iterateStereocenters()]
    return {
        (kind, centre.stereocenterGroup() if kind in _GROUP_MARKS else 0)
        for centre, kind in kinds
        if kind == _ABSOLUTE or kind in _GROUP_MARKS
    }


def _with_group(smiles: str, mark: str) -> str:
    """A SMILES that says of all its centres that they are one group."""
    written = session().loadMolecule(lone_pairs.turned(smiles))
    centres = ",".join(str(at) for at in sorted(centre.index() for centre in written.iterateStereocenters()))
    text, _, extension = smiles.partition(" |")
    return f"{text} |{f'{extension[:-1]},' if extension else ''}{mark}1:{centres}|"


def _canonical_smiles(molecule: Any) -> str:
    if molecule.countComponents() == 1:  # most have but one, and a copy costs less than a part
        return _aromatic_smiles(molecule.clone())
    parts = [_aromatic_smiles(component.clone()) for component in molecule.iterateComponents()]
    if any(" |" in part for part in parts):
        return _aromatic_smiles(molecule.clone())
    return ".".join(sorted(parts))


def _aromatic_smiles(molecule: Any) -> str:
    molecule.aromatize()
    return lone_pairs.turned(molecule.canonicalSmiles())


def inchi(molecule: Any) -> str:
    """Standard InChI.

    The empty options are said explicitly: without them, one molecule with a racemic or relative stereo group switches
    this and all later InChIs of the process to non-standard ones (`InChI=1/…`).
    """
    return str(inchi_session().getInchi(molecule, _STANDARD_INCHI))


def inchi_key(inchi: str) -> str:
    """InChIKey of an InChI; cheaper than from the molecule."""
    return str(inchi_session().getInchiKey(inchi))


def atoms_without_element(molecule: Any) -> int:
    """R groups, attachment points as atoms, `*` and named pseudoatoms: what no formula, mass or InChI can count."""
    return int(molecule.countPseudoatoms()) + int(molecule.countRSites())
