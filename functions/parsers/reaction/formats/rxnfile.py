"""The reaction of an rxnfile, V2000 or V3000: its molecules by role, each checked strictly before the toolkit sees it.

BIOVIA "CTfile Formats" (2020), chapters "The rxnfile (V2000)" and "(V3000)".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from functions.parsers import toolkit
from functions.parsers.reactions import Participant
from leanda.contracts.artefacts import Issue
from leanda.parsing import ctab, molfiles
from leanda.parsing.records import decode, error, line_place, refused

HEADER_LINES: Final = 4
MAX_MOLECULES: Final = 999
"""Of one role, the most that the counts line of V2000 can say."""

_COLUMNS: Final = rb"(  \d| \d\d|\d{3})"
_COUNTS_FIXED: Final = re.compile(_COLUMNS + _COLUMNS + _COLUMNS + rb"?\s*")
_COUNTS_FREE: Final = re.compile(rb"\s*(\d{1,3})\s+(\d{1,3})(?:\s+(\d{1,3}))?\s*")
_COUNTS_V3000: Final = re.compile(rb"\s*(\d{1,9})\s+(\d{1,9})(?:\s+(\d{1,9}))?(?:\s.*)?")
_MOLECULE: Final = b"$MOL"
_V30: Final = b"M  V30 "
_BLOCK_ROLES: Final = {b"REACTANT": "reactant", b"PRODUCT": "product", b"AGENT": "agent"}
_COUNT_ROLES: Final = ("reactant", "product", "agent")
"""In the order of a counts line."""
_MOLFILE_HEADER: Final = (b"", b"", b"", b"  0  0  0     0  0            999 V3000")


@dataclass
class Reaction:
    """What an rxnfile says; an issue of severity Error means that it must not be believed."""

    name: str | None = None
    participants: list[Participant] = field(default_factory=list)
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class _Table:
    """A connection table as lines of a molfile; `first_line` is where they stand in the record."""

    role: str
    lines: list[bytes]
    first_line: int


class _Problem(Exception):
    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        self.issue = error(code, message, line_place(line) if line else None)
        super().__init__(message)


def read(lines: list[bytes], *, first_line: int = 1) -> Reaction:
    """The reaction of an rxnfile that is given as its lines, `$RXN` being the first.

    Args:
        lines: without what follows the reaction.
        first_line: number of the first line where places are counted from.
    """
    reaction = Reaction()
    if len(lines) > 1:
        reaction.name = decode(lines[1])[0].strip() or None
    try:
        if len(lines) <= HEADER_LINES:
            raise _Problem("RXN_TRUNCATED", f"A reaction starts with 5 lines, here are {len(lines)}.", first_line)
        split = _split_v3000 if b"V3000" in lines[0] else _split_v2000
        tables = list(split(lines, first_line))
    except _Problem as problem:
        reaction.issues = (problem.issue,)
        return reaction
    numbers = dict.fromkeys(_COUNT_ROLES, 0)
    for table in tables:
        numbers[table.role] += 1
        participant, issues = _participant(table, f"{table.role} {numbers[table.role]}")
        reaction.issues += issues
        if refused(issues):
            break
        reaction.participants.append(participant)
    return reaction


def _participant(table: _Table, place: str) -> tuple[Participant, tuple[Issue, ...]]:
    text, issues = decode(b"\n".join([*table.lines, b""]))
    name = decode(table.lines[0])[0].strip() or None if table.lines else None
    issues += ctab.check(table.lines, first_line=table.first_line)
    component: toolkit.Component | None = None
    if not refused(issues):
        molecule, said = toolkit.load(text)
        issues += said
        if molecule is not None:
            component = toolkit.component(molecule, unsaid_bond=molfiles.understood(text).unsaid_bond)
    placed = [
        issue.model_copy(update={"place": f"{place}, {issue.place}" if issue.place else place}) for issue in issues
    ]
    return Participant(table.role, component, name), tuple(placed)


def _split_v2000(lines: list[bytes], first_line: int) -> Iterator[_Table]:
    """The molfiles behind `$MOL` lines, in the order reactants, products, agents, as many as the counts line promises."""
    counts = _COUNTS_FIXED.fullmatch(lines[HEADER_LINES]) or _COUNTS_FREE.fullmatch(lines[HEADER_LINES])
    if counts is None:
        message = "The counts line must hold the numbers of reactants and products."
        raise _Problem("RXN_COUNTS_INVALID", message, first_line + HEADER_LINES)
    roles = [role for role, count in zip(_COUNT_ROLES, counts.groups(), strict=True) for _ in range(int(count or 0))]
    behind_counts = HEADER_LINES + 1
    marks = [at for at, line in enumerate(lines) if line.startswith(_MOLECULE) and line.rstrip() == _MOLECULE]
    starts: list[int] = []
    for at in marks:
        # A molecule may be called `$MOL`.
        if at >= (starts[-1] + ctab.HEADER_LINES if starts else behind_counts):
            starts.append(at + 1)
    for at in range(behind_counts, starts[0] - 1 if starts else len(lines)):
        if lines[at].strip():
            raise _Problem("RXN_LINE_UNKNOWN", "Only $MOL may follow the counts line.", first_line + at)
    if len(starts) != len(roles):
        message = f"The counts line promises {len(roles)} molecules, but there are {len(starts)}."
        raise _Problem("RXN_COUNT_MISMATCH", message, first_line + HEADER_LINES)
    ends = [*(start - 1 for start in starts[1:]), len(lines)]
    for role, start, end in zip(roles, starts, ends, strict=False):
        yield _Table(role, lines[start:end], first_line + start)


def _split_v3000(lines: list[bytes], first_line: int) -> Iterator[_Table]:
    """The CTAB blocks inside of REACTANT, PRODUCT and AGENT blocks, as molfiles."""
    promised: tuple[int, ...] | None = None
    found = dict.fromkeys(_COUNT_ROLES, 0)
    blocks: list[bytes] = []
    role, start = "", 0
    for at, line in enumerate(lines[HEADER_LINES:], HEADER_LINES):
        if line.startswith(b"M  END"):
            break
        if not line.startswith(_V30):
            if line.strip():
                raise _Problem("RXN_LINE_UNKNOWN", "A line of a V3000 reaction starts with `M  V30 `.", first_line + at)
            continue
        keyword, _, rest = line[len(_V30) :].strip().partition(b" ")
        name = (rest.split() or [b""])[0]
        if keyword == b"BEGIN":
            if not blocks:
                role = _BLOCK_ROLES.get(name, "")
            elif name == b"CTAB" and b"CTAB" not in blocks and role:
                start = at
            blocks.append(name)
        elif keyword == b"END":
            if not blocks or blocks.pop() != name:
                message = f"END {name.decode('latin-1')[:40]} closes no open block."
                raise _Problem("RXN_BLOCK_UNPAIRED", message, first_line + at)
            if name == b"CTAB" and b"CTAB" not in blocks and role and len(blocks) == 1:
                found[role] += 1
                if found[role] > MAX_MOLECULES:
                    raise _Problem("RXN_TOO_LARGE", f"There are more than {MAX_MOLECULES} molecules.", first_line + at)
                table = [*_MOLFILE_HEADER, *lines[start : at + 1], b"M  END"]
                yield _Table(role, table, first_line + start - len(_MOLFILE_HEADER))
        elif keyword == b"COUNTS" and not blocks:
            counts = _COUNTS_V3000.fullmatch(rest)
            if counts is None:
                raise _Problem("RXN_COUNTS_INVALID", "COUNTS must hold two or three numbers.", first_line + at)
            promised = tuple(int(count or 0) for count in counts.groups())
    else:
        raise _Problem(
            "RXN_UNTERMINATED", "The reaction has no M  END line; it may be cut off.", first_line + len(lines) - 1
        )
    if blocks:
        message = f"The block {blocks[-1].decode('latin-1')[:40]} has no END."
        raise _Problem("RXN_BLOCK_UNPAIRED", message, first_line + len(lines) - 1)
    if promised != tuple(found.values()):
        raise _Problem(
            "RXN_COUNT_MISMATCH", f"COUNTS promises {promised or 'nothing'}, there are {tuple(found.values())}."
        )
