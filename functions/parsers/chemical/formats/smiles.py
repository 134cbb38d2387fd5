"""SMILES lists: `SMILES name` a line, with `#` comments and perhaps a header line.

Daylight Theory Manual, chapter 3 (SMILES); OpenSMILES 1.0; for `SMILES |…| name` ChemAxon Extended SMILES.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from functions.parsers import toolkit
from leanda import limits
from leanda.contracts.artefacts import FieldValue, Issue, Record, Structure
from leanda.parsing.format import Format
from leanda.parsing.lines import first_content, line_ends, lines, readable_head
from leanda.parsing.records import BOM, BOM_DROPPED, decode, error, failed, guarded, refused, too_large

SMILES: Final = "chemical/x-daylight-smiles"

MAX_SMILES_CHARACTERS: Final = 10_000
"""Indigo reads SMILES in quadratic time: 10,000 carbon atoms take seconds."""
_COLUMNS: Final = re.compile(r"(\S+(?:[ \t]+\|[^|]*\|)?)(?:[ \t]+(.*))?", re.DOTALL)
_HEADER_WORDS: Final = frozenset({b"smi", b"smile", b"structure", b"structures", b"molecule"})
_GRAMMAR: Final = re.compile(r"(?:\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\~.()]|%\d\d|%\(\d+\)|\d)*")
_REACTION: Final = re.compile(r"[^>]*>[^>]*>[^>]*")


class SmilesFormat:
    """See `leanda.parsing.format.Format`. A record is a line that is neither blank, comment nor header.

    Tab-separated columns behind the name become fields, named by the header line if there is one.
    """

    name = "smiles"
    version = "4"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        return line_ends(blocks, head=head, first_index=first_index, is_header=_is_header)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        read_line = partial(_record, columns=_header(head))
        found = lines(data, head=head, first_index=first_index, is_header=_is_header)
        for index, line in enumerate(found, first_index):
            yield guarded("molecule", read_line, line, index)


FORMAT: Format = SmilesFormat()


def _is_header(content: bytes) -> bool:
    """Whether the first line names columns. No SMILES reads `SMILES`: there is no atom M."""
    first = content.split(None, 1)[0].lower().strip(b'"')
    return b"smiles" in first or first in _HEADER_WORDS


def _header(head: bytes) -> tuple[str, ...]:
    first = first_content(readable_head(head))
    return tuple(name.strip() for name in decode(first)[0].split("\t")) if first and _is_header(first) else ()


def _record(raw: bytes, index: int, *, columns: tuple[str, ...]) -> Record:
    if len(raw) > limits.MAX_RECORD_BYTES:
        return failed("molecule", index, too_large("line", len(raw)))
    issues: tuple[Issue, ...] = (BOM_DROPPED,) if raw.startswith(BOM) else ()
    line, encoding_issues = decode(raw.removeprefix(BOM).strip())
    match = _COLUMNS.fullmatch(line)
    structure, rest = (match[1], match[2] or "") if match else (line, "")
    name, *values = rest.split("\t")
    issues += encoding_issues + (_check(structure) or toolkit.verdict(structure))
    if refused(issues):
        return failed("molecule", index, *issues, name=name.strip() or None)
    return Record(
        index=index,
        type="molecule",
        name=name.strip() or None,
        structure=Structure(media_type=SMILES, text=structure),
        fields=tuple(
            FieldValue(name=columns[at] if at < len(columns) else f"column {at + 1}", value=value)
            for at, value in enumerate(values, 2)
        ),
        issues=issues,
    )


def _check(structure: str) -> tuple[Issue, ...]:
    """Whether the text is written as a SMILES at all: toolkits guess the format and would take an InChI or base64 too."""
    if len(structure) > MAX_SMILES_CHARACTERS:
        message = f"The SMILES has {len(structure):,} characters; {MAX_SMILES_CHARACTERS:,} are accepted."
        return (error("STRUCTURE_TOO_LARGE", message),)
    smiles = structure.split(None, 1)[0]
    good = _GRAMMAR.match(smiles)
    end = good.end() if good else 0
    if end == len(smiles):
        return ()
    if _REACTION.fullmatch(smiles):
        return (error("REACTION_NOT_MOLECULE", "This is the SMILES of a reaction, not of a molecule."),)
    return (error("SMILES_INVALID", f"{smiles[end : end + 12]!r} cannot stand in a SMILES.", f"character {end + 1}"),)
