"""One record of an RD file, or the reaction of an rxnfile: registry numbers, structure, data.

BIOVIA "CTfile Formats" (2020), chapter "RDfiles (Reaction-Data files)".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from functions.parsers import reactions, toolkit
from functions.parsers.reaction.formats import rxnfile
from leanda import limits, structures
from leanda.contracts.artefacts import FieldValue, Issue, Record, Structure
from leanda.parsing import ctab
from leanda.parsing.records import BOM, BOM_DROPPED, decode, error, failed, information, refused, too_large, warning

RXNFILE: Final = "chemical/x-mdl-rxn"
MOLECULE: Final = "molecule"
MAX_DATA_ITEMS: Final = 10_000
DATUM_LINE: Final = 80
"""A data line of this length with a `+` behind it goes on in the next line without a break."""

_REGISTRY: Final = re.compile(rb"\$([RM][IE]REG)\b((?:(?![ \t]\$[RM][IE]REG\b).)*+)")
_START: Final = re.compile(rb"\$([RM])(?:FMT|IREG|EREG)\b")
_LINES: Final = re.compile(rb"\r\n|\r|\n")


@dataclass
class _Parts:
    """The lines of a record by what they are; numbers count from the record's first line, from 1."""

    type: str = reactions.TYPE
    registry: list[FieldValue] = field(default_factory=list)
    structure: list[bytes] = field(default_factory=list)
    structure_line: int = 0
    data: list[bytes] = field(default_factory=list)


def record(raw: bytes, index: int) -> Record:
    """The record that a byte range holds; places are its lines, from 1 (in the first record these are the file's)."""
    if len(raw) > limits.MAX_RECORD_BYTES:
        return failed(reactions.TYPE, index, too_large("record", len(raw)))
    issues: tuple[Issue, ...] = ()
    if raw.startswith(BOM):
        raw, issues = raw[len(BOM) :], (BOM_DROPPED,)
    parts = _parts(_LINES.split(raw))
    fields, data_issues = _data(parts.data)
    fields = (*parts.registry, *fields)
    issues += data_issues
    if not parts.structure:
        return _record(
            parts.type, index, None, fields, (*issues, warning("STRUCTURE_MISSING", "There is no structure."))
        )
    text, guessed = decode(b"\n".join([*parts.structure, b""]))
    issues += guessed
    if parts.type == MOLECULE:
        name = decode(parts.structure[0])[0].strip() or None
        issues += ctab.check(parts.structure, first_line=parts.structure_line)
        if not refused(issues):
            issues += toolkit.verdict(text)
        structure = Structure(media_type=structures.MOLFILE, text=text)
        return _record(parts.type, index, structure, fields, issues, name)
    reaction = rxnfile.read(parts.structure, first_line=parts.structure_line)
    issues += reaction.issues
    if refused(issues):
        return _record(parts.type, index, None, fields, issues, reaction.name)
    properties, said = reactions.properties(reaction.participants)
    made = _record(parts.type, index, Structure(media_type=RXNFILE, text=text), fields, (*issues, *said), reaction.name)
    return made.model_copy(update={"properties": properties, "toolkit": structures.TOOLKIT})


def _record(
    type: str,
    index: int,
    structure: Structure | None,
    fields: tuple[FieldValue, ...],
    issues: tuple[Issue, ...],
    name: str | None = None,
) -> Record:
    if refused(issues):
        return failed(type, index, *issues, name=name, fields=fields)
    return Record(index=index, type=type, name=name, structure=structure, fields=fields, issues=issues)


def _parts(lines: list[bytes]) -> _Parts:
    """Tells the record's lines apart: file header, registry numbers, structure, data.

    A molfile follows `$MFMT [$MIREG internal [$MEREG external]]`; the numbers may also stand on the next line.
    """
    parts = _Parts()
    at = 0
    promised = False
    while at < len(lines):
        line = lines[at]
        if line.startswith((b"$RXN", b"$DTYPE", b"$MOL")):
            break
        if match := _START.match(line):
            if match[1] == b"M":
                parts.type = MOLECULE
            for registry in _REGISTRY.finditer(line):
                value = decode(registry[2])[0].strip()
                parts.registry.append(FieldValue(name=decode(registry[1])[0], value=value or None))
            promised = promised or line.startswith(b"$MFMT")
            if promised and not _opens(lines[at + 1 : at + 2]):
                at += 1
                break
        at += 1
    marked = (n for n, line in enumerate(lines) if line[:2] == b"$D" and n >= at)
    data = next((n for n in marked if lines[n].startswith((b"$DTYPE", b"$DATUM"))), len(lines))
    structure = lines[at:data]
    if parts.type == MOLECULE and structure and structure[0].startswith(b"$MOL"):
        at, structure = at + 1, structure[1:]
    while structure and not structure[-1].strip():
        structure.pop()
    parts.structure, parts.structure_line, parts.data = structure, at + 1, lines[data:]
    return parts


def _opens(lines: list[bytes]) -> bool:
    """Whether a line says itself what it starts, so that no molfile starts there without a keyword."""
    return bool(lines) and lines[0].startswith((b"$MOL", b"$MIREG", b"$MEREG", b"$DTYPE"))


def _data(lines: list[bytes]) -> tuple[tuple[FieldValue, ...], tuple[Issue, ...]]:
    """Data as fields, in file order: `$DTYPE name` and `$DATUM value`, which may go on over lines."""
    items: list[tuple[str, list[str] | None]] = []
    issues: tuple[Issue, ...] = ()
    wrapped = False
    for raw in lines:
        line, guessed = decode(raw)
        issues = issues or guessed
        if len(items) > MAX_DATA_ITEMS:
            return (), (error("TOO_MANY_FIELDS", f"The record has more than {MAX_DATA_ITEMS:,} data items."),)
        if line.startswith("$DTYPE"):
            items.append((line[len("$DTYPE") :].strip(), None))
            wrapped = False
            continue
        if line.startswith("$DATUM"):
            if not items or items[-1][1] is not None:
                items.append(("", None))
            items[-1] = (items[-1][0], [])
            line, wrapped = line.removeprefix("$DATUM").removeprefix(" "), False
        value = items[-1][1] if items else None
        if value is None:
            continue
        goes_on = len(raw) == DATUM_LINE + 1 and line.endswith("+")
        line = line[:-1] if goes_on else line
        value.append(line if wrapped or not value else f"\n{line}")
        wrapped = goes_on
    unnamed = sum(not name for name, _ in items)
    if unnamed:
        issues += (information("DATA_UNNAMED", f"{unnamed} data have no $DTYPE, or one without a name."),)
    fields = [FieldValue(name=name or "DATUM", value=_text(value)) for name, value in items]
    return tuple(fields), issues


def _text(value: list[str] | None) -> str | None:
    return None if value is None else "".join(value).rstrip()
