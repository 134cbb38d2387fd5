"""What a parser asks of the toolkit: the verdict that makes a record parsed or failed, and the molecules of a reaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leanda import structures
from leanda.contracts.artefacts import Issue
from leanda.parsing.records import error, warning


def verdict(text: str) -> tuple[Issue, ...]:
    """What Indigo says of a structure (a molfile or a SMILES); an issue of severity Error means it refuses.

    Queries (atom lists, any bonds) are no molecules, but they are good records: they come with a Warning. So do molecules
    of which V3000 keywords were left out.
    """
    return load(text)[1]


def load(text: str) -> tuple[Any, tuple[Issue, ...]]:
    """Indigo's molecule of a molfile or a SMILES, and what is to be said of it; None for a query and what it refuses.

    Raises:
        MemoryError: there was not enough, which Indigo tells as if it refused the structure.
    """
    if "\0" in text:
        return None, (error("STRUCTURE_HOLDS_NUL", "There is a NUL character in the structure."),)
    try:
        molecule, dropped, _ = structures.load(text)
    except structures.SmilesInvalid as refusal:
        return None, (error("SMILES_INVALID", f"This is no molecule as it stands: {structures.reason(refusal)}."),)
    # Indigo also raises plain exceptions (bad UTF-8, its own wrapper): one record's matter.
    except Exception as refusal:
        message = structures.reason(refusal)
        if "std::bad_alloc" in message:
            raise MemoryError(message) from refusal
        return None, (_no_molecule(text, message),)
    return molecule, tuple(
        warning("KEYWORD_DROPPED", f"The V3000 keyword {keyword} is not known; it was ignored.", f"{block} block")
        for block, keyword in dropped
    )


def _no_molecule(text: str, message: str) -> Issue:
    try:
        structures.load_query(text)
    except Exception:
        return error("TOOLKIT_REFUSED", f"Indigo cannot read the structure: {message}.")
    return warning("QUERY_STRUCTURE", f"A query, not a molecule; nothing is computed from it: {message}.")


@dataclass(frozen=True, slots=True)
class Component:
    """A molecule of a reaction. What could not be computed is None, and `problem` says why, as a sentence's part."""

    smiles: str | None = None
    inchi_key: str | None = None
    problem: str | None = None


def component(molecule: Any, *, unsaid_bond: str | None = None) -> Component:
    """Canonical SMILES (aromatic, without atom mapping, parts sorted) and standard InChIKey of a molecule.

    Both from single and double bonds: rings that an aromatic SMILES calls aromatic, Indigo would leave as they are.
    The molecule itself is brought into that form.

    Args:
        unsaid_bond: the kind of a bond that no SMILES can say; see `molfiles`.
    """
    if unsaid_bond:
        return Component(problem=f"a SMILES would say that its {unsaid_bond} bonds are single")
    molecule.dearomatize()
    try:
        smiles = structures.canonical_smiles(molecule)
    except Exception as refusal:
        return Component(problem=structures.reason(refusal))
    if unspecified := structures.atoms_without_element(molecule):
        return Component(smiles, problem=f"{unspecified} of its atoms without an element (R group, * or abbreviation)")
    try:
        return Component(smiles, structures.inchi_key(structures.inchi(molecule)))
    except Exception as refusal:
        return Component(smiles, problem=structures.reason(refusal))
