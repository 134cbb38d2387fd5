"""Molfiles as Indigo 1.46 must be told them, where it takes one otherwise than the format says.

- `M  CHG` and `M  RAD` replace all charges and radicals of the atom lines; Indigo replaces those of the atoms they list.
- Coordinates in space say the configuration, wedges are a convention of drawings; Indigo believes wedges even there.
- The atoms of V3000 have any numbers; Indigo takes them by their order.
- A template atom of V3000 (`CLASS=AA`) stands for a residue, as a pseudoatom does; Indigo counts nothing for it.
- What a query asks for (unsaturation, ring bonds, hydrogens) is no property of a molecule; Indigo reads over some of it.

Format: BIOVIA "CTfile Formats" (2020), chapters "The Connection Table [CTAB] (V2000)" and "(V3000)". Pure; it never raises:
what is no sound table stays as it is, for Indigo to refuse. Texts come without `\\r`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

_COUNTS: Final = 3
_FIRST_ATOM: Final = 4
_NO_NUMBER: Final = " 0"
_UP_AND_DOWN: Final = ("1", "6")
_CHARGES: Final = ("M  CHG", "M  RAD")
_UNSAID_BONDS: Final = {"9": "coordination", "10": "hydrogen"}
_QUERY_LINE: Final = re.compile(r"M  (UNS|RBC)[ \d]{3}((?: +\d+ +-?\d+)*)")
_QUERY_NAMES: Final = {"UNS": "unsaturation of atoms", "RBC": "ring bonds of atoms"}
_CXSMILES_BONDS: Final = re.compile(r" \|(?:[^|]*,)?([CH]):\d+\.\d+")
_CXSMILES_NAMES: Final = {"C": "coordination", "H": "hydrogen"}

_V30: Final = "M  V30 "
_TABLE: Final = re.compile(r"^M  V30 BEGIN CTAB\b.*?^M  V30 END CTAB\b", re.DOTALL | re.MULTILINE)
_USUAL_ATOM: Final = re.compile(r"^M  V30 (\d+) [A-Z]\S* \S+ \S+ (\S+)", re.MULTILINE)
_ATOM: Final = re.compile(r"^M  V30 +(\d+) +(?:\"[^\"]*\"|(?:NOT *)?\[[^\]]*\]|\S+) +\S+ +\S+ +(\S+)", re.MULTILINE)
_BOND_TYPE: Final = re.compile(r"^M  V30 +\d+ +(9|10) +\d", re.MULTILINE)
_BOND: Final = re.compile(r"(M  V30 +\d+ +\d+) +(\d+) +(\d+)(.*)")
_HYDROGENS_ASKED: Final = re.compile(r" HCOUNT=-?[1-9]")
_NOTHING_ASKED: Final = re.compile(r" HCOUNT=0\b")
_LISTED_ATOMS: Final = re.compile(r"\b(ATOMS|PATOMS|ENDPTS)=\( *+(\d++) ++([^()]*+)\)")
_ATTACHED: Final = re.compile(r"\b(SAP|ATTCHORD)=\(([^()]*+)\)")
_WEDGE: Final = re.compile(r" CFG=[13]\b")
_TEMPLATE: Final = re.compile(r"(M  V30 ++\d++ ++)(\S++)(.*?) CLASS=(\S++)(.*)", re.DOTALL)
_TEMPLATE_VALUES: Final = re.compile(r" (?:SEQID=\S+|ATTCHORD=\([^()]*+\)|SEQNAME=\S+)")


class Understood(NamedTuple):
    """A structure as Indigo must be told it.

    Attributes:
        asked: what it asks for and Indigo would read over, as words; None when there is nothing of that kind.
        unsaid_bond: the kind of a bond that a SMILES cannot say and Indigo writes as a single one.
    """

    text: str
    asked: str | None = None
    unsaid_bond: str | None = None


def understood(text: str) -> Understood:
    """What a molfile means; its text stays the same object if Indigo reads it so anyway. SMILES always stay as they are."""
    if "\n" not in text:
        said = _CXSMILES_BONDS.search(text) if " |" in text else None
        return Understood(text, None, _CXSMILES_NAMES[said[1]] if said else None)
    return _v3000(text) if "V3000" in _counts_line(text) else _v2000(text)


def reaction_understood(text: str) -> str:
    """An rxnfile whose molecules are told as `understood` tells them; reaction SMILES stay as they are."""
    if text.startswith("$RXN V3000"):
        return _tables_as_meant(text)
    head, *molecules = re.split(r"(?<=\n\$MOL\n)", text)
    return "".join([head, *(understood(molecule).text for molecule in molecules)])


def _counts_line(text: str) -> str:
    at = 0
    for _ in range(_COUNTS):
        at = text.find("\n", at) + 1
    return text[at : at + 80]


def _v2000(text: str) -> Understood:
    lines = text.split("\n")
    counts = lines[_COUNTS] if len(lines) > _COUNTS else ""
    try:
        first_bond = _FIRST_ATOM + int(counts[:3])
        behind = first_bond + int(counts[3:6])
    except ValueError:
        return Understood(text)
    if not _FIRST_ATOM <= first_bond <= behind <= len(lines):
        return Understood(text)
    atoms, bonds, rest = lines[_FIRST_ATOM:first_bond], lines[first_bond:behind], lines[behind:]
    # Most lines of a table are alike in these columns: z to hydrogens asked for, and type to topology.
    kinds, bond_kinds = {atom[20:45] for atom in atoms}, {bond[6:18] for bond in bonds}
    changed = False
    if any(line.startswith(_CHARGES) for line in rest) and any(kind[16:19].strip(_NO_NUMBER) for kind in kinds):
        atoms = [f"{atom[:36]}  0{atom[39:]}" if atom[36:39].strip() else atom for atom in atoms]
        changed = True
    if _differ({kind[:10] for kind in kinds}) and any(kind[3:6].strip() in _UP_AND_DOWN for kind in bond_kinds):
        bonds = [f"{bond[:9]}  0{bond[12:]}" if bond[9:12].strip() in _UP_AND_DOWN else bond for bond in bonds]
        changed = True
    asked = _asked_by_lines(rest)
    if any(kind[22:25].strip(_NO_NUMBER) for kind in kinds):
        asked = "hydrogens of atoms"
    if any(kind[9:12].strip(_NO_NUMBER) for kind in bond_kinds):
        asked = "bonds in rings or chains"
    unsaid = {kind[:3].strip() for kind in bond_kinds} & _UNSAID_BONDS.keys()
    return Understood(
        "\n".join([*lines[:_FIRST_ATOM], *atoms, *bonds, *rest]) if changed else text,
        asked,
        _UNSAID_BONDS[min(unsaid)] if unsaid else None,
    )


def _asked_by_lines(properties: list[str]) -> str | None:
    for line in properties:
        if (asked := _QUERY_LINE.match(line)) and any(value != "0" for value in asked[2].split()[1::2]):
            return _QUERY_NAMES[asked[1]]
    return None


def _differ(heights: set[str]) -> bool:
    """Whether atoms lie at several heights, so that they are a model in space; a drawing may call its height 0 or -0."""
    try:
        return len(heights) > 1 and len({float(height) for height in heights}) > 1
    except ValueError:
        return False


def _v3000(text: str) -> Understood:
    asked = None
    if "HCOUNT=" in text:
        asked = "hydrogens of atoms" if _HYDROGENS_ASKED.search(text) else None
        text = _NOTHING_ASKED.sub("", text)
    unsaid = _BOND_TYPE.search(text, text.find("\nM  V30 BEGIN BOND") + 1)
    if not _is_usual(text):
        text = _tables_as_meant(text)
    return Understood(text, asked, _UNSAID_BONDS[unsaid[1]] if unsaid else None)


def _tables_as_meant(text: str) -> str:
    joined = text.replace("-\nM  V30 ", "")
    changed = _TABLE.sub(_table, joined)
    return text if changed == joined else changed


def _is_usual(text: str) -> bool:
    """Whether there is one table, in the plane, of atoms 1, 2, … in their order; others are looked at line by line."""
    start = text.find("\nM  V30 BEGIN ATOM\n") + 19
    end = text.find("\nM  V30 END ATOM", start - 1)
    atoms = _USUAL_ATOM.findall(text, start, end) if end >= start else []
    return (
        [number for number, _ in atoms] == list(map(str, range(1, text.count("\n", start, end) + 2)))
        and not _differ({z for _, z in atoms})
        and text.find(" CLASS=", start, end) < 0
        and text.find("\nM  V30 BEGIN ATOM", end) < 0
    )


def _table(found: re.Match[str]) -> str:
    """A table whose atoms have the numbers 1, 2, … in their order, without wedges in space, with pseudoatoms for templates."""
    table = found[0]
    start, end = table.find("\nM  V30 BEGIN ATOM\n") + 1, table.find("\nM  V30 END ATOM")
    if not 0 < start < end:
        return table
    read = _ATOM.findall(table, start, end)
    in_order = all(number == str(at) for at, (number, _) in enumerate(read, 1))
    in_space = _differ({z for _, z in read})
    if in_order and " CLASS=" not in table[start:end] and not (in_space and " CFG=" in table):
        return table
    atoms = table[start:end].split("\n")
    atoms = [_pseudoatom(line) if " CLASS=" in line else line for line in atoms]
    rest = table[end:].split("\n")
    if in_space:
        rest = [_WEDGE.sub("", line) if _BOND.fullmatch(line) else line for line in rest]
    if not in_order:
        numbers = {number: str(at) for at, (number, _) in enumerate(read, 1)}
        atoms = [_renumbered_atom(line, numbers) for line in atoms]
        rest = [_renumbered(line, numbers) for line in rest]
    return table[:start] + "\n".join([*atoms, *rest[1:]])


def _pseudoatom(line: str) -> str:
    """The line of a pseudoatom for that of a template atom; a short name could be an element's, so its class stays with it."""
    atom = _TEMPLATE.fullmatch(line)
    if atom is None:
        return line
    name = atom[2] if len(atom[2]) > 2 else f"{atom[2]}_{atom[4]}"
    return _TEMPLATE_VALUES.sub("", f"{atom[1]}{name}{atom[3]}{atom[5]}")


def _renumbered_atom(line: str, numbers: dict[str, str]) -> str:
    atom = _ATOM.match(line)
    if atom is None:
        return line
    rest = _ATTACHED.sub(_in_pairs(numbers), line[atom.end(1) :])
    return f"{_V30}{numbers[atom[1]]}{rest}"


def _renumbered(line: str, numbers: dict[str, str]) -> str:
    """A line behind the atoms: a bond, an S-group or a collection."""

    def listed(found: re.Match[str]) -> str:
        members = " ".join(numbers.get(atom, atom) for atom in found[3].split())
        return f"{found[1]}=({found[2]} {members})"

    if bond := _BOND.fullmatch(line):
        line = f"{bond[1]} {numbers.get(bond[2], bond[2])} {numbers.get(bond[3], bond[3])}{bond[4]}"
    return _ATTACHED.sub(_in_pairs(numbers), _LISTED_ATOMS.sub(listed, line)) if "(" in line else line


def _in_pairs(numbers: dict[str, str]) -> Callable[[re.Match[str]], str]:
    """Renumbers `SAP=(3 atom leaving id)` and `ATTCHORD=(n atom order …)`."""

    def renumbered(found: re.Match[str]) -> str:
        count, *values = found[2].split()
        places = (0, 1) if found[1] == "SAP" else range(0, len(values), 2)
        values = [numbers.get(value, value) if at in places else value for at, value in enumerate(values)]
        return f"{found[1]}=({' '.join([count, *values])})"

    return renumbered
