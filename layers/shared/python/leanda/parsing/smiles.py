"""Whether a text could be a SMILES or a reaction SMILES, without any toolkit: what the signature table needs.

Grammar: http://opensmiles.org/opensmiles.html section 2; reactions: Daylight Theory Manual, section 3.5.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Final

from leanda import limits

_SMILES_TOKENS = re.compile(
    r"(?:\[\d*(?:[A-Z][a-z]?|[a-z]{1,2}|\*)[^\[\]\s]*\]|Br|Cl|[BCNOPSFI]|[bcnops]|\*"
    r"|[-=#$:/\\~.()]|%\d\d|\d)++"
)
_BRACKETED = re.compile(r"\[[^\[\]]*+\]")
_RING = re.compile(r"%\(\d+\)|%\d\d|\d")
_BOND: Final = r"[-=#$:/\\~]"
_MISPLACED: Final = (
    (re.compile(rf"(?:{_BOND}|\.)(?:[.)]|$)|^(?:{_BOND}|\.)"), "a bond or a dot that joins nothing"),
    (re.compile(rf"{_BOND}{{2}}"), "two bonds side by side"),
    (re.compile(rf"(?<!%)\((?:[()]|{_BOND}?[\d%])"), "a branch without a beginning"),
)
_BRACKET_ATOM: Final = re.compile(
    r"\[\d*(?:[A-Z][a-z]?|[a-z]{1,2}|\*)(?:@@|@(?:(?:TH|AL|SP|TB|OH)\d{1,2})?)?(?:H\d?)?(?:\++|-+|[-+]\d{1,2})?(?::\d+)?\]"
)
_ARROWS: Final = re.compile(r"([^>\s]*)>([^>\s]*)>([^>\s]*)(?:\s+\|[^|]*\|)?")
_DELIMITERS: Final = ("\t", ",", ";")
_SAMPLE_LINES: Final = 200
_LEAST_SHARE: Final = 0.9
MAX_CELL_CHARACTERS: Final = 10_000


def plausible_smiles(token: str) -> bool:
    """True when a text could be a SMILES: only its symbols, starts with an atom, and `flaw` finds nothing."""
    if not _SMILES_TOKENS.fullmatch(token) or token[0] in "-=#$:/\\~.()%0123456789":
        return False
    return flaw(token) is None


def flaw(smiles: str) -> str | None:
    """What is wrong with how a SMILES is put together, as a sentence's part; None when there is nothing.

    Toolkits make a molecule of what was cut off (`CC(=O)Oc1ccccc1C(=O`) or lost a part (`C..C`, `C()C`, `N.`), without a word.
    OpenSMILES 1.0, section 2: a branch holds a chain, a dot and a bond have an atom on either side; that a branch may begin with
    a dot, and that a ring may close in another part (`C1.C1`), is said there. What stands in brackets is not looked at, so it may
    as well be asked of a query (SMARTS).
    """
    bare = _BRACKETED.sub("*", smiles)
    for misplaced, what in _MISPLACED:
        if misplaced.search(bare):
            return f"it has {what}"
    depth = 0
    for mark in bare:
        depth += (mark == "(") - (mark == ")")
        if depth < 0:
            return "a branch ends that did not begin"
    if depth:
        return "a branch does not end"
    open_rings: set[str] = set()
    for ring in _RING.findall(bare):
        open_rings ^= {ring}
    return "a ring is not closed" if open_rings else None


def odd_atom(smiles: str) -> str | None:
    """The first atom in brackets whose parts are not in the order that OpenSMILES 1.0 gives them (section 3.1.1), or come twice.

    In `[N+H4]` and `[Na+-1]`, a toolkit takes what it likes. Queries (`[C,N]`, `[#6]`) have atoms of other forms.
    """
    return next((atom for atom in _BRACKETED.findall(smiles) if not _BRACKET_ATOM.fullmatch(atom)), None)


def telling_smiles(token: str) -> bool:
    """True when a plausible SMILES holds something that words and codes do not."""
    return len(token) >= 4 and any(mark in token for mark in "=#([123@")


def plausible_reaction(text: str) -> bool:
    """True when a text could be a reaction SMILES: `reactants>agents>products`, not all empty, perhaps with ` |…|` behind."""
    parts = _ARROWS.fullmatch(text) if len(text) <= MAX_CELL_CHARACTERS else None
    if parts is None:
        return False
    sides = [side for side in parts.groups() if side]
    return bool(sides) and all(map(plausible_smiles, sides))


@dataclass(frozen=True, slots=True)
class ReactionLayout:
    """How the lines of a list hold their reactions.

    Attributes:
        delimiter: between cells; None when a line is `reaction name`.
        column: of the reaction SMILES, from 0.
        header: the columns' names, if the first line gives them.
    """

    delimiter: str | None
    column: int = 0
    header: tuple[str, ...] = ()

    def cells(self, line: str) -> list[str]:
        """The cells of a line; without a delimiter: the reaction, and what stands behind it."""
        if self.delimiter is None:
            match = _ARROWS.match(line)
            return [match[0], line[match.end() :].strip()] if match else line.split(None, 1)
        csv.field_size_limit(limits.MAX_RECORD_BYTES)  # for the whole process: see `delimited.read_rows`
        try:
            return next(csv.reader([line], delimiter=self.delimiter, strict=True), [])
        except csv.Error:
            return line.split(self.delimiter)


def reaction_layout(lines: list[str]) -> ReactionLayout | None:
    """The layout of a list of reaction SMILES; None when the lines are no such list.

    Nine lines in ten must have a reaction in the same place, so one bad line does not change what the file is. The first
    line may be a header.

    Args:
        lines: the beginning of the file; blank lines and comments are skipped.
    """
    said = [line.strip("\ufeff\r\n") for line in lines[: 4 * _SAMPLE_LINES]]
    said = [line for line in said if line.strip() and not line.lstrip().startswith("#")][:_SAMPLE_LINES]
    if not said or sum(line.count(">") >= 2 for line in said[1:] or said) < _LEAST_SHARE * (len(said[1:]) or 1):
        return None
    for delimiter in (*_DELIMITERS, None):
        layout = ReactionLayout(delimiter)
        rows = [layout.cells(line) for line in said]
        found = [column for row in rows for column, cell in enumerate(row) if plausible_reaction(cell.strip())]
        if not found:
            continue
        column = max(set(found), key=found.count)
        good = [len(row) > column and plausible_reaction(row[column].strip()) for row in rows]
        header = not good[0] and len(rows) > 1 and ">" not in said[0]
        data = good[1:] if header else good
        if sum(data) >= _LEAST_SHARE * len(data):
            return ReactionLayout(delimiter, column, tuple(cell.strip() for cell in rows[0]) if header else ())
    return None
