"""Strict checks of an MDL connection table, before any toolkit sees it.

Toolkits read damaged tables leniently: Indigo takes the coordinate `0.000j98k0` for 0.000 and the bond field `0k9` for 0,
and the chemistry changes silently. Here every column that carries chemistry must be what the format says.

Format: BIOVIA "CTfile Formats" (2020), chapters "The Connection Table [CTAB] (V2000)" and "(V3000)".
"""

from __future__ import annotations

import re
from itertools import pairwise
from struct import unpack
from typing import Final

from leanda.contracts.artefacts import Issue
from leanda.parsing import ctab_v3000
from leanda.parsing.ctab_problem import CtabProblem
from leanda.parsing.records import error, line_place, warning

HEADER_LINES: Final = 3
COUNTS: Final = HEADER_LINES
FIRST_ATOM: Final = COUNTS + 1

_COORDINATE: Final = re.compile(rb" *[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)? *")
_INTEGER: Final = re.compile(rb" *[-+]?\d+ *")
_ATOM_VALUES: Final = re.compile(rb"M  (?:CHG|RAD|ISO) *+(\d{1,9})((?: ++\d{1,9} ++-?\d{1,9})*+) *+")
_PROPERTY_LINES: Final = (b"M  ", b"A  ", b"V  ", b"G  ", b"S  ")
_COORDINATE_CHARACTERS: Final = b"0123456789 .-"
_BOND_CHARACTERS: Final = b"0123456789 "
_EMPTY_COLUMNS: Final = b" 0"
_COLUMNS_OF_THREE: Final = re.compile(rb"(?:[ ]{2}[ \d]|[ ]\d[ \d]|\d\d[ \d]|\d[ ]{2})*+")
"""Columns that are blank or hold one number without a sign."""


def check(lines: list[bytes], *, first_line: int = 1) -> tuple[Issue, ...]:
    """What is wrong with a molfile block, given as its lines; nothing means a sound table.

    An issue of severity Error means that the table must not be read.

    Args:
        lines: from the header's first line on.
        first_line: number of the block's first line where places are counted from.
    """
    try:
        warnings = _check(lines)
    except CtabProblem as problem:
        return (error(problem.code, problem.message, _place(problem.line, first_line)),)
    return tuple([warning(found.code, found.message, _place(found.line, first_line)) for found in warnings])


def _place(line: int | None, first_line: int) -> str | None:
    return line_place(line + first_line - 1) if line else None


def _check(lines: list[bytes]) -> tuple[CtabProblem, ...]:
    """What is odd but harmless; what is not is raised."""
    if len(lines) <= COUNTS:
        raise CtabProblem(
            "CTAB_TRUNCATED",
            f"A molfile starts with 4 lines, here are {len(lines)}.",
            len(lines),
        )
    counts = lines[COUNTS]
    if b"V3000" in counts:
        ctab_v3000.check(lines)
        return ()
    atoms, bonds, lists = _counts(counts)
    first_bond = FIRST_ATOM + atoms
    first_property = first_bond + bonds
    if len(lines) < first_property:
        raise CtabProblem(
            "CTAB_TRUNCATED",
            f"The counts line promises {atoms} atoms and {bonds} bonds, but only {len(lines) - FIRST_ATOM} lines follow it.",
            len(lines),
        )
    _check_atoms(lines[FIRST_ATOM:first_bond])
    _check_bonds(lines[first_bond:first_property], atoms, first_bond)
    return _check_properties(lines, first_property, atoms, lists)


def _counts(line: bytes) -> tuple[int, int, int]:
    """Atoms, bonds and atom lists that the counts line `aaabbblll…` promises."""
    version = line[33:39].strip()
    if version not in (b"", b"V2000"):
        raise CtabProblem(
            "COUNTS_LINE_INVALID", f"The table's version is {_shown(version)}, not V2000 or V3000.", FIRST_ATOM
        )
    for columns in (line[0:3], line[3:6]):
        if not _INTEGER.fullmatch(columns) or b"-" in columns:
            raise CtabProblem(
                "COUNTS_LINE_INVALID",
                f"The counts line starts with two numbers, not {_shown(line[:6])}.",
                FIRST_ATOM,
            )
    lists = line[6:9]
    return int(line[0:3]), int(line[3:6]), int(lists) if _INTEGER.fullmatch(lists) else 0


def _check_atoms(lines: list[bytes]) -> None:
    """Atom lines `xxxxx.xxxxyyyyy.yyyyzzzzz.zzzz aaaddcccssshhhbbbvvvHHHrrriiimmmnnneee`.

    All lines are first tried at once, because that is the usual case and takes a few microseconds; only what does not
    pass so is looked at line by line.
    """
    count = len(lines)
    coordinates = b"".join([line[:31] for line in lines])
    sound = (
        len(coordinates) == 31 * count
        and coordinates[30::31].isspace()
        and not coordinates.translate(None, _COORDINATE_CHARACTERS)
    ) or not count
    if sound:
        try:
            for _ in map(float, unpack("10s10s10sx" * count, coordinates)):
                pass
        except ValueError:
            sound = False
    if sound:
        rest = [line[34:69] for line in lines]
        # The first of these columns, the mass difference, has two characters.
        if not b"".join(rest).translate(None, _EMPTY_COLUMNS) or _are_numbers(rest, b" %-35b"):
            return
    for number, line in enumerate(lines, FIRST_ATOM + 1):
        if not sound:
            _check_coordinates(line, number)
        if line[34:69].strip(_EMPTY_COLUMNS):
            _check_integers(line, number, (34, 36, *range(39, 70, 3)), "ATOM_LINE_INVALID", "atom")


def _check_coordinates(line: bytes, number: int) -> None:
    if line.startswith(b"M  ") or not line.strip():
        raise CtabProblem(
            "CTAB_COUNT_MISMATCH", "The counts line promises more atoms than there are atom lines.", number
        )
    for axis, start in zip("xyz", (0, 10, 20), strict=True):
        if not _COORDINATE.fullmatch(line[start : start + 10]):
            raise CtabProblem(
                "ATOM_LINE_INVALID",
                f"{axis} is not a number: {_shown(line[start : start + 10])}.",
                number,
            )
    if line[30:31] != b" " or not line[31:34].strip():
        raise CtabProblem("ATOM_LINE_INVALID", "There is no atom symbol in columns 32 to 34.", number)


def _check_bonds(lines: list[bytes], atoms: int, first: int) -> None:
    """Bond lines `111222tttsssxxxrrrccc`: two atoms, type, stereo."""
    count = len(lines)
    columns = b"".join([line[:12] for line in lines])
    if len(columns) != 12 * count:
        columns = b"".join([line[:12].ljust(12) for line in lines])
    rest = [line[12:21] for line in lines]
    if not columns.translate(None, _BOND_CHARACTERS) and (
        not b"".join(rest).translate(None, _EMPTY_COLUMNS) or _are_numbers(rest, b"%-9b")
    ):
        try:
            numbers = list(map(int, unpack("3s3s3s3x" * count, columns)))
        except ValueError:
            pass
        else:
            begins, ends = numbers[0::3], numbers[1::3]
            if not count or (
                min(begins) > 0
                and min(ends) > 0
                and max(begins) <= atoms
                and max(ends) <= atoms
                and _columns_aligned(columns)
            ):
                return
    for number, line in enumerate(lines, first + 1):
        if line.startswith(b"M  ") or not line.strip():
            raise CtabProblem(
                "CTAB_COUNT_MISMATCH", "The counts line promises more bonds than there are bond lines.", number
            )
        if not all(_INTEGER.fullmatch(line[start : start + 3]) for start in (0, 3, 6)):
            raise CtabProblem(
                "BOND_LINE_INVALID", f"A bond line starts with three numbers, not {_shown(line[:9])}.", number
            )
        _check_integers(line, number, tuple(range(9, 22, 3)), "BOND_LINE_INVALID", "bond")
        for atom in (int(line[0:3]), int(line[3:6])):
            if not 1 <= atom <= atoms:
                raise CtabProblem(
                    "BOND_LINE_INVALID", f"The bond names atom {atom}, but there are atoms 1 to {atoms}.", number
                )


def _are_numbers(lines: list[bytes], form: bytes) -> bool:
    """Whether these columns, brought into a form whose length is a multiple of three, are blank or a number each."""
    return _COLUMNS_OF_THREE.fullmatch(b"".join([form % line for line in lines])) is not None


def _columns_aligned(columns: bytes) -> bool:
    """Whether the fourth number (stereo) of no bond line is split over columns, as in ` 1 ` or `1 0`."""
    return (
        columns[11::12].replace(b" ", b"0").isdigit()
        and not columns[9::12].strip(b" ")
        and not columns[10::12].strip(b" ")
    )


def _check_integers(line: bytes, number: int, edges: tuple[int, ...], code: str, what: str) -> None:
    for start, end in pairwise(edges):
        columns = line[start:end]
        if columns.strip() and not _INTEGER.fullmatch(columns):
            raise CtabProblem(
                code, f"Columns {start + 1} to {end} of the {what} line are not a number: {_shown(columns)}.", number
            )


def _check_properties(lines: list[bytes], first: int, atoms: int, lists: int) -> tuple[CtabProblem, ...]:
    """The lines behind the bonds, to `M  END`."""
    odd: list[CtabProblem] = []
    at = first + lists  # Atom lists of the time before `M  ALS`: one line each.
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"M  END"):
            return tuple(odd)
        if line.startswith((b"M  CHG", b"M  RAD", b"M  ISO")):
            _check_atom_values(line, at, atoms)
        elif line.startswith((b"A  ", b"G  ")):
            at += 1  # The text of an alias or group abbreviation is a line of its own.
        elif line.startswith(b"S  SKP"):
            at += int(line[6:9]) if _INTEGER.fullmatch(line[6:9]) else 0
        elif line.startswith(_PROPERTY_LINES) or not line.strip():
            continue
        elif not line[:9].translate(None, _COORDINATE_CHARACTERS):
            raise CtabProblem("CTAB_COUNT_MISMATCH", "There are more atom or bond lines than the counts line says.", at)
        elif not odd:  # One of them says enough.
            message = f"No line of a connection table: {_shown(line[:40])}."
            odd.append(CtabProblem("CTAB_LINE_UNKNOWN", message, at))
    raise CtabProblem("CTAB_UNTERMINATED", "The connection table has no M  END line; it may be cut off.", len(lines))


def _check_atom_values(line: bytes, number: int, atoms: int) -> None:
    """`M  CHGnn8 aaa vvv …`: charges, radicals and isotopes of atoms."""
    match = _ATOM_VALUES.fullmatch(line)
    values = match[2].split() if match else []
    if match is None or len(values) != 2 * int(match[1]):
        raise CtabProblem(
            "PROPERTY_LINE_INVALID", f"Not a count and as many pairs of atom and value: {_shown(line[:60])}.", number
        )
    if any(not 1 <= int(atom) <= atoms for atom in values[0::2]):
        raise CtabProblem(
            "PROPERTY_LINE_INVALID", f"The line names an atom outside of 1 to {atoms}: {_shown(line[:60])}.", number
        )


def _shown(columns: bytes) -> str:
    return repr(columns.decode("latin-1"))
