"""XYZ: a number of atoms, a comment, then a line for each atom: element, x, y and z in ångström. Frames follow one another.

The layout is that of XMol (Minnesota Supercomputer Center), which has no standard; the comments that state a lattice and columns
are "extended XYZ" (https://github.com/libAtoms/extxyz, "Extended XYZ specification").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from functions.parsers.geometry.formats.comments import Comment, comment_of
from leanda import limits
from leanda.contracts.artefacts import Issue, Record, Structure
from leanda.parsing.format import Format
from leanda.parsing.records import BOM, BOM_DROPPED, decode, error, failed, line_place, one_by_one, too_large, warning
from leanda.parsing.xyz import USUAL, Columns, element_of, is_count_line

TYPE: Final = "geometry"
XYZ: Final = "chemical/x-xyz"

_BEGINNING_BYTES: Final = 4096
_NAMED: Final = 10
"""Unknown elements that an issue names."""
_USUAL_ATOM: Final = re.compile(
    r"^[ \t]*+([A-Z][a-z]?)(?:[ \t]++[+-]?[0-9]{1,15}(?:\.[0-9]{0,30})?){3}[ \t]*+$", re.MULTILINE
)
"""A symbol and three numbers that no float could take for infinite."""


class XyzFormat:
    """See `leanda.parsing.format.Format`. A record is a frame: one geometry, or one step of a trajectory.

    A line that holds nothing but a whole number begins a frame wherever a line of an atom is due: no such line looks like
    it. A frame whose number of atoms is wrong therefore fails alone.
    """

    name = "xyz"
    version = "2"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        return ends(blocks)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:  # noqa: ARG002
        return one_by_one(TYPE, _record, data, ends([data]), first_index)


FORMAT: Format = XyzFormat()


def ends(blocks: Iterable[bytes]) -> Iterator[int]:
    """End offset of each frame; text that no number of atoms announces is one frame, up to the next number."""
    at = due = 0  # Where the line begins; lines that the frame still needs.
    open, comment_due = False, False
    for length, line in _lines(blocks):
        begins = not comment_due and is_count_line(line)
        if begins:
            if open:
                yield at
            open, comment_due, due = True, True, int(line.removeprefix(BOM)) + 1
        elif open or line.strip():
            open, comment_due = True, False
            due -= 1
        at += length
        if due == 0 and open and not begins:
            yield at
            open = False
    if open:
        yield at


def _lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Length and text of each line with its end; of a very long line only the beginning is kept."""
    rest, dropped = b"", 0
    for block in blocks:
        lines = (rest + block).splitlines(keepends=True)
        # The next block may go on with the last line, or tell CR from CR LF.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        for line in lines:
            yield dropped + len(line), line
            dropped = 0
        if len(rest) > 2 * _BEGINNING_BYTES:
            kept = rest[:_BEGINNING_BYTES] + rest[-1:]
            dropped, rest = dropped + len(rest) - len(kept), kept
    for line in rest.splitlines(keepends=True):
        yield dropped + len(line), line
        dropped = 0


@dataclass(frozen=True)
class _Refused(Exception):
    issue: Issue


def _record(raw: bytes, index: int) -> Record:
    if len(raw) > limits.MAX_RECORD_BYTES:
        return failed(TYPE, index, too_large("frame", len(raw)))
    issues: tuple[Issue, ...] = (BOM_DROPPED,) if raw.startswith(BOM) else ()
    text, encoding_issues = decode(raw.removeprefix(BOM).lstrip())
    issues += encoding_issues
    count_line, *lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not is_count_line(count_line.encode()):
        message = f"{count_line[:40]!r} is no number of atoms."
        return failed(TYPE, index, *issues, error("ATOM_COUNT_INVALID", message, line_place(1)))
    count = int(count_line)
    comment = comment_of(lines[0] if lines else "")
    issues += comment.issues
    try:
        names = _names(lines[1 : 1 + count], count, comment.columns)
    except _Refused as refused:
        return failed(TYPE, index, *issues, refused.issue, name=comment.name, fields=comment.fields)
    if unknown := sorted(name for name in names if element_of(name) is None):
        named = ", ".join(name[:20] for name in unknown[:_NAMED])
        issues += (warning("ELEMENT_UNKNOWN", f"Atoms are kept that are no element's: {named}."),)
    if not count:
        issues += (warning("GEOMETRY_EMPTY", "The frame announces no atom."),)
    return Record(
        index=index,
        type=TYPE,
        name=comment.name,
        structure=Structure(media_type=XYZ, text=text),
        fields=comment.fields,
        properties=_properties(names, comment),
        issues=issues,
    )


def _names(lines: list[str], count: int, columns: Columns) -> Counter[str]:
    """How many atoms there are of each name.

    Raises:
        _Refused: a line is no atom's, or lines are missing.
    """
    if columns == USUAL and len(found := _USUAL_ATOM.findall("\n".join(lines))) == len(lines) == count:
        return Counter(found)  # nearly always; otherwise each line is looked at, to say which one is no atom's
    names: Counter[str] = Counter()
    for number, line in enumerate(lines, 3):
        cells = line.split()
        if columns.place_of(cells) is None:
            if not any(map(str.strip, lines[number - 3 :])):
                break  # Blank lines at the file's end are no atoms.
            message = f"{line.strip()[:60]!r} is no element with three finite coordinates."
            raise _Refused(error("ATOM_LINE_INVALID", message, line_place(number)))
        names[columns.name_of(cells)] += 1
    if names.total() < count:
        message = f"{count:,} atoms are announced, there are {names.total():,}."
        raise _Refused(error("ATOMS_MISSING", message, line_place(names.total() + 2)))
    return names


def _properties(names: Counter[str], comment: Comment) -> dict[str, Any]:
    elements: Counter[str] = Counter()
    for name, count in names.items():
        elements[element_of(name) or ""] += count
    found: dict[str, Any] = {"atomCount": names.total()}
    if elements and "" not in elements:
        found["formula"] = hill(elements)
    return found | comment.cell


def hill(elements: Mapping[str, int]) -> str:
    """A formula in Hill's order: carbon, hydrogen, then by the alphabet; without carbon all by the alphabet.

    E. A. Hill, J. Am. Chem. Soc. 22 (1900) 478.
    """
    first = ("C", "H") if "C" in elements else ()
    order = sorted(elements, key=lambda symbol: (first.index(symbol) if symbol in first else len(first), symbol))
    return "".join(symbol + (str(elements[symbol]) if elements[symbol] > 1 else "") for symbol in order)
