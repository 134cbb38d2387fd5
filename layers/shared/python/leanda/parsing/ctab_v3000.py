"""Strict checks of V3000 connection tables (BIOVIA "CTfile Formats", chapter "The Connection Table [CTAB] (V3000)").

Called by `ctab.check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from leanda.parsing.ctab_problem import CtabProblem

_PREFIX: Final = b"M  V30 "
_NUMBER: Final = rb"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?"
_SYMBOL: Final = rb'(?:"[^"]*"|(?:NOT\s*+)?\[[^\]]*\]|\S+)'
_ATOM: Final = re.compile(rb"\s*+(\d{1,9})\s++" + _SYMBOL + (rb"\s++" + _NUMBER) * 3 + rb"\s++(\d++)(?:\s.*)?")
_BOND: Final = re.compile(rb"\s*+(\d++)\s++(\d++)\s++(\d{1,9})\s++(\d{1,9})(?:\s.*)?")
_COUNTS: Final = re.compile(rb"COUNTS\s++(\d{1,9})\s++(\d{1,9})(?:\s.*)?")

# The usual form of a whole table: one blank where one is enough, numbers without leading zeros, no line that goes on in the next.
_REST: Final = rb"(?: [^\n]*[^-\s])?\n"
_USUAL_HEAD: Final = re.compile(
    rb"M  V30 BEGIN CTAB\nM  V30 COUNTS (\d{1,9}) (\d{1,9})" + _REST + rb"M  V30 BEGIN ATOM\n"
)
_USUAL_ATOM: Final = re.compile(
    rb"^M  V30 ([1-9]\d{0,8}) [A-Za-z*][\w*#]*+(?: " + _NUMBER + rb"){3} \d++" + _REST, re.MULTILINE
)
_END_ATOMS, _BEGIN_BONDS, _END_BONDS = b"\nM  V30 END ATOM\n", b"M  V30 BEGIN BOND\n", b"\nM  V30 END BOND\n"
_USUAL_BOND: Final = re.compile(rb"^M  V30 \d++ \d++ ([1-9]\d{0,8}) ([1-9]\d{0,8})" + _REST, re.MULTILINE)
_USUAL_TAIL: Final = re.compile(
    rb"(?:M  V30 BEGIN (SGROUP|COLLECTION|OBJ3D)\n(?:M  V30 (?!BEGIN|END)[^\n]*[^-\s]\n)*+M  V30 END \1\n)*+"
    rb"M  V30 END CTAB\nM  END"
)


@dataclass(slots=True)
class _Table:
    """One CTAB: a molecule, a member of an R group, or a template."""

    line: int
    atoms_promised: int = -1
    bonds_promised: int = -1
    atoms: set[int] = field(default_factory=set)
    bonds: int = 0


def check(lines: list[bytes]) -> None:
    """See `ctab.check`.

    Raises:
        CtabProblem: the table must not be read.
    """
    if _is_usual(lines):
        return
    blocks: list[tuple[bytes, int]] = []
    tables: list[_Table] = []
    seen = 0
    for number, text in _logical_lines(lines):
        keyword, _, rest = text.partition(b" ")
        if keyword == b"BEGIN":
            name = (rest.split() or [b""])[0]
            blocks.append((name, number))
            if name == b"CTAB":
                tables.append(_Table(number))
                seen += 1
        elif keyword == b"END":
            name = (rest.split() or [b""])[0]
            if not blocks or blocks[-1][0] != name:
                raise CtabProblem(
                    "CTAB_BLOCK_UNPAIRED",
                    f"END {name.decode('latin-1')} closes no open block.",
                    number,
                )
            blocks.pop()
            if name == b"CTAB":
                _close(tables.pop(), number)
        elif not blocks:
            continue
        elif blocks[-1][0] == b"ATOM" and tables:
            _add_atom(tables[-1], text, number)
        elif blocks[-1][0] == b"BOND" and tables:
            _add_bond(tables[-1], text, number)
        elif keyword == b"COUNTS" and blocks[-1][0] == b"CTAB":
            match = _COUNTS.fullmatch(text)
            if match is None:
                raise CtabProblem("COUNTS_LINE_INVALID", "COUNTS must name the numbers of atoms and bonds.", number)
            tables[-1].atoms_promised, tables[-1].bonds_promised = int(match[1]), int(match[2])
    if blocks:
        name, number = blocks[-1]
        raise CtabProblem("CTAB_BLOCK_UNPAIRED", f"The block {name.decode('latin-1')} has no END.", number)
    if not seen:
        raise CtabProblem("CTAB_TRUNCATED", "There is no CTAB block behind a V3000 counts line.", len(lines))


def _is_usual(lines: list[bytes]) -> bool:
    """Whether this is a sound table of the usual form, looked at as a whole; what is not is looked at line by line."""
    text = b"\n".join(lines[4:])
    head = _USUAL_HEAD.match(text)
    if head is None:
        return False
    atoms, at = _usual(text, _USUAL_ATOM, head.end(), _END_ATOMS)
    bonds: list[tuple[bytes, bytes]] = []
    if text.startswith(_BEGIN_BONDS, at):
        bonds, at = _usual(text, _USUAL_BOND, at + len(_BEGIN_BONDS), _END_BONDS)
    numbers = set(atoms)
    return (
        _USUAL_TAIL.match(text, at) is not None
        and len(numbers) == len(atoms) == int(head[1])
        and len(bonds) == int(head[2])
        and numbers.issuperset(chain.from_iterable(bonds))
    )


def _usual(text: bytes, line: re.Pattern[bytes], at: int, last: bytes) -> tuple[list[Any], int]:
    """The numbers in the lines from a place to a last one, and the place behind that; the text's end if a line is unusual."""
    end = text.find(last, at - 1)
    found = line.findall(text, at, end + 1)
    return (found, end + len(last)) if end >= 0 and len(found) == text.count(b"\n", at, end + 1) else ([], len(text))


def _logical_lines(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines behind `M  V30 ` with their numbers; a line that ends with `-` goes on in the next."""
    start = 0
    parts: list[bytes] = []  # Of a line that goes on.
    for number, line in enumerate(lines[4:], 5):
        if line.startswith(b"M  END"):
            if parts:
                break
            return
        if not line.startswith(_PREFIX):
            if line.strip() == b"M  V30" or not line.strip():
                continue
            raise CtabProblem("CTAB_INVALID", "A line of a V3000 table must start with `M  V30 `.", number)
        text = line[len(_PREFIX) :].rstrip()
        start = start if parts else number
        if text.endswith(b"-"):
            parts.append(text[:-1])
            continue
        yield start, b"".join([*parts, text]).lstrip()
        parts = []
    raise CtabProblem("CTAB_UNTERMINATED", "The connection table has no M  END line; it may be cut off.", len(lines))


def _add_atom(table: _Table, text: bytes, number: int) -> None:
    match = _ATOM.fullmatch(text)
    if match is None:
        raise CtabProblem("ATOM_LINE_INVALID", "An atom line is: number, symbol, x, y, z, atom mapping.", number)
    atom = int(match[1])
    if atom in table.atoms:
        raise CtabProblem("ATOM_LINE_INVALID", f"There are two atoms with the number {atom}.", number)
    table.atoms.add(atom)


def _add_bond(table: _Table, text: bytes, number: int) -> None:
    match = _BOND.fullmatch(text)
    if match is None:
        raise CtabProblem("BOND_LINE_INVALID", "A bond line is: number, type, and the numbers of two atoms.", number)
    for atom in (int(match[3]), int(match[4])):
        if atom not in table.atoms:
            raise CtabProblem("BOND_LINE_INVALID", f"The bond names atom {atom}, which does not exist.", number)
    table.bonds += 1


def _close(table: _Table, number: int) -> None:
    if table.atoms_promised < 0:
        raise CtabProblem("COUNTS_LINE_INVALID", "The CTAB block has no COUNTS line.", table.line)
    for what, promised, found in (
        ("atoms", table.atoms_promised, len(table.atoms)),
        ("bonds", table.bonds_promised, table.bonds),
    ):
        if promised != found:
            raise CtabProblem(
                "CTAB_COUNT_MISMATCH", f"COUNTS promises {promised} {what}, but there are {found}.", number
            )
