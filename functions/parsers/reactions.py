"""What a reaction's record says, from whatever format it was read.

| Property | Meaning |
|---|---|
| `reactionSmiles` | `reactants>agents>products`, canonical SMILES of the molecules in the file's order, without atom mapping |
| `reactants`, `products`, `agents` | one entry a molecule, in the file's order: `smiles`, `inchiKey`, `name`, as far as known |
| `reactantCount`, `productCount`, `agentCount` | molecules of each role |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from functions.parsers.toolkit import Component
from leanda.contracts.artefacts import Issue
from leanda.parsing.records import warning

TYPE: Final = "reaction"
ROLES: Final = ("reactant", "agent", "product")
"""In the order of a reaction SMILES."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A molecule in its role; `component` is None for a query, of which nothing is computed."""

    role: str
    component: Component | None
    name: str | None = None


def properties(participants: Iterable[Participant]) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """The properties of the table above. What could not be computed is an issue, and an empty reaction is one too."""
    by_role: dict[str, list[Participant]] = {role: [] for role in ROLES}
    for participant in participants:
        by_role[participant.role].append(participant)
    found: dict[str, Any] = {}
    issues: list[Issue] = []
    sides: list[str] | None = []
    for role in ROLES:
        members = by_role[role]
        found[f"{role}Count"] = len(members)
        found[f"{role}s"] = [_entry(member) for member in members]
        smiles = [member.component.smiles for member in members if member.component and member.component.smiles]
        sides = None if sides is None or len(smiles) < len(members) else [*sides, ".".join(smiles)]
        for number, member in enumerate(members, 1):
            if member.component and member.component.problem:
                what = "InChIKey" if member.component.smiles else "SMILES"
                message = f"There is no {what} of {role} {number}: {member.component.problem}."
                issues.append(warning("COMPONENT_NOT_COMPUTED", message, f"{role} {number}"))
    if not by_role["reactant"] and not by_role["product"]:
        issues.append(warning("REACTION_EMPTY", "The reaction has neither reactants nor products."))
    elif sides is not None:
        found["reactionSmiles"] = ">".join(sides)
    return found, tuple(issues)


def _entry(member: Participant) -> dict[str, str]:
    component = member.component or Component()
    entry = {"smiles": component.smiles, "inchiKey": component.inchi_key, "name": member.name}
    return {name: value for name, value in entry.items() if value}
