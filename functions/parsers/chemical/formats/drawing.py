"""Chemical drawings (CDX, CDXML) as records: each molecule of the page, then the reaction of its scheme, if there is one.

A molecule is a `fragment` of a page, perhaps inside of groups; fragments inside of atoms are abbreviations, not molecules.
Each is read from a small drawing that holds it alone, so one that cannot be read costs one record. The structure that is
kept is a molfile with the drawing's coordinates. What the arrows of a page connect is decided by Indigo, which sees the
whole drawing and gives one reaction at most, with several steps taken together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from functions.parsers import reactions, toolkit
from functions.parsers.reactions import ROLES, Participant
from leanda import limits, structures
from leanda.contracts.artefacts import Issue, Record, Structure
from leanda.errors import ParseFailure
from leanda.parsing import ctab
from leanda.parsing.records import error, failed, information, too_large, warning

RXNFILE: Final = "chemical/x-mdl-rxn"
MOLECULE: Final = "molecule"
MAX_BYTES: Final = 64 * limits.MIB
MAX_FRAGMENTS: Final = 100_000
MAX_DEPTH: Final = 100
"""Objects inside of objects; ChemDraw needs about ten."""
_QUERY_BONDS: Final = frozenset({5, 6, 7, 8})
"""Bond types 5 to 8 of a molfile: single or double, single or aromatic, double or aromatic, any (CTfile formats, bond block)."""


class DrawingTooLarge(ParseFailure):
    code, summary = "DRAWING_TOO_LARGE", f"Drawings are read up to {MAX_BYTES} bytes only; the file is kept."


@dataclass(frozen=True, slots=True)
class Fragment:
    """A molecule of a drawing: a drawing of its own as Indigo's loaders take it, or an issue that says why there is none.

    Attributes:
        asked: a property that makes it a query, which Indigo reads over.
        unknown_order: the order of a bond that Indigo takes for a single one.
    """

    drawing: str = ""
    place: str | None = None
    issue: Issue | None = None
    asked: str | None = None
    unknown_order: str | None = None


@dataclass
class Drawing:
    """What was found while the fragments were told apart.

    Attributes:
        arrows: reaction arrows, steps and schemes.
        whole: the whole drawing as Indigo's loaders take it.
    """

    arrows: int = 0
    whole: str = ""
    fragments: list[Fragment] = field(default_factory=list)


def content_of(file: BinaryIO) -> bytes:
    """All bytes of a file.

    Raises:
        DrawingTooLarge: there are more than `MAX_BYTES`.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DrawingTooLarge
    return content


def records(drawing: Drawing) -> Iterator[Record]:
    """The records of a drawing, in its own order; its reaction comes last."""
    index = -1
    for index, fragment in enumerate(drawing.fragments):
        yield _molecule(fragment, index)
    if drawing.arrows and not any(fragment.issue for fragment in drawing.fragments):
        reaction = _reaction(drawing, index + 1)
        if reaction is not None:
            yield reaction


def _molecule(fragment: Fragment, index: int) -> Record:
    if fragment.issue is not None:
        return failed(MOLECULE, index, fragment.issue)
    if len(fragment.drawing) > limits.MAX_RECORD_BYTES:
        return failed(MOLECULE, index, too_large("fragment", len(fragment.drawing), fragment.place))
    molecule, why = _loaded("loadMolecule", fragment.drawing)
    issues: tuple[Issue, ...] = ()
    if molecule is None:
        molecule, still = _loaded("loadQueryMolecule", fragment.drawing)
        if still is not None:
            said = f"Indigo cannot read the fragment: {why}."
            return failed(MOLECULE, index, error("TOOLKIT_REFUSED", said, fragment.place))
        said = f"A query, not a molecule; nothing is computed from it: {why}."
        issues = (warning("QUERY_STRUCTURE", said, fragment.place),)
    if molecule.countAtoms() == 0:
        return failed(MOLECULE, index, error("STRUCTURE_EMPTY", "The fragment has no atoms.", fragment.place))
    try:
        molfile = molecule.molfile()
    except Exception as refusal:
        said = f"Indigo cannot write it as a molfile: {structures.reason(refusal)}."
        return failed(MOLECULE, index, error("STRUCTURE_NOT_WRITTEN", said, fragment.place))
    if not issues and _has_query_bonds(molecule, molfile):
        # Indigo takes an undefined bond of a drawing for one of a molecule, and says nothing.
        said = "A query, not a molecule; nothing is computed from it: it has bonds of no definite order."
        issues = (warning("QUERY_STRUCTURE", said, fragment.place),)
    if not issues and fragment.asked:
        said = f"A query, not a molecule; nothing is computed from it: it asks for {fragment.asked}."
        issues = (warning("QUERY_STRUCTURE", said, fragment.place),)
    if fragment.unknown_order:
        said = f"A bond of the order {fragment.unknown_order} is kept as a single one: a molfile has no such bond."
        issues += (warning("BOND_SIMPLIFIED", said, fragment.place),)
    return Record(
        index=index, type=MOLECULE, structure=Structure(media_type=structures.MOLFILE, text=molfile), issues=issues
    )


def _has_query_bonds(molecule: Any, molfile: str) -> bool:
    """Whether a molecule has bonds of no definite order. Its molfile tells at a hundredth of the cost of asking for each bond."""
    lines = molfile.split("\n")
    counts = lines[ctab.COUNTS]
    if not counts.endswith("V2000"):
        return any(bond.bondOrder() in _QUERY_BONDS for bond in molecule.iterateBonds())
    first = ctab.FIRST_ATOM + int(counts[:3])
    return any(int(line[6:9]) in _QUERY_BONDS for line in lines[first : first + int(counts[3:6])])


def _reaction(drawing: Drawing, index: int) -> Record | None:
    """The drawing's reaction; None when its arrows connect nothing that Indigo takes for one."""
    reaction, message = _loaded("loadReaction", drawing.whole)
    if reaction is None:
        return failed(reactions.TYPE, index, error("TOOLKIT_REFUSED", f"Indigo cannot read the reaction: {message}."))
    try:
        sides = (reaction.iterateReactants(), reaction.iterateCatalysts(), reaction.iterateProducts())
        participants = [
            Participant(role, toolkit.component(molecule.clone()))
            for role, side in zip(ROLES, sides, strict=True)
            for molecule in side
        ]
        if not participants:
            return None
        structure = Structure(media_type=RXNFILE, text=reaction.rxnfile())
    except Exception as refusal:
        message = f"Indigo cannot take the reaction apart: {structures.reason(refusal)}."
        return failed(reactions.TYPE, index, error("TOOLKIT_REFUSED", message))
    properties, issues = reactions.properties(participants)
    outside = len(drawing.fragments) - len(participants)
    if outside > 0:
        message = f"{outside} of the drawing's {len(drawing.fragments)} molecules were not found to take part."
        issues += (information("REACTION_PARTIAL", message),)
    return Record(
        index=index,
        type=reactions.TYPE,
        structure=structure,
        properties=properties,
        issues=issues,
        toolkit=structures.TOOLKIT,
    )


def _loaded(load: str, text: str) -> tuple[Any, str | None]:
    try:
        return getattr(structures.session(), load)(text), None
    except Exception as refusal:
        return None, structures.reason(refusal)
