"""Chiral atoms with a lone pair at the beginning of a SMILES, as Indigo 1.46 needs and writes them.

A lone pair counts as a neighbour that one looks from when the atom comes first, like an implicit hydrogen does
(http://opensmiles.org/opensmiles.html section 3.8.1; RDKit and Open Babel agree). Indigo puts it last, which is the other
hand: `[S@](=O)(C)CC` would be read as the mirror image of `O=[S@](C)CC`. Three neighbours make an odd permutation of
this, so turning `@` and `@@` is what sets it right, in both directions.
"""

from __future__ import annotations

import re
from typing import Final

_FIRST_CHIRAL: Final = re.compile(r"(?:\A|(?<=[.>]))(\[\d*(?:[A-Z][a-z]?|[a-z]{1,2}))(@@?)((?:[+-]+\d*)?(?::\d+)?\])")
_RING_BONDS: Final = re.compile(r"[-=#$:/\\]?(?:\d|%\d\d)")
_OTHER: Final = {"@": "@@", "@@": "@"}


def turned(smiles: str) -> str:
    """A SMILES for Indigo from everybody's, or everybody's from Indigo's; other texts, molfiles too, come back as they are."""
    if "@" not in smiles or "\n" in smiles:
        return smiles

    def turn(atom: re.Match[str]) -> str:
        chirality = _OTHER[atom[2]] if _neighbours(smiles, atom.end()) == 3 else atom[2]
        return atom[1] + chirality + atom[3]

    return _FIRST_CHIRAL.sub(turn, smiles)


def _neighbours(smiles: str, at: int) -> int:
    """Neighbours of a first atom whose ring bonds, branches and chain start at a position."""
    count = 0
    while ring := _RING_BONDS.match(smiles, at):
        count, at = count + 1, ring.end()
    while smiles.startswith("(", at):
        count, at = count + 1, _behind_branch(smiles, at)
    return count + (at < len(smiles) and smiles[at] not in ".> \t|")


def _behind_branch(smiles: str, at: int) -> int:
    depth = 0
    for position in range(at, len(smiles)):
        depth += (smiles[position] == "(") - (smiles[position] == ")")
        if not depth:
            return position + 1
    return len(smiles)
