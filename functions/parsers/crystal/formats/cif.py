"""CIF: every data block is a record, whatever its dialect (core CIF, mmCIF, magnetic CIF).

Syntax: IUCr, "CIF syntax specification" 1.1; tags: core dictionary 2.4 and 3, mmCIF dictionary 5, magCIF dictionary.
Fields are the tags that have one value, as the file spells them; loops of one row count as such, and `?` and `.` as no
value. An uncertainty in brackets becomes a field of its own, named with the dictionaries' suffix `_su`. Longer loops
(coordinates, reflections) are in the structure only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from functions.parsers.crystal.formats import blocks as data_blocks
from functions.parsers.crystal.formats import crystal, document
from functions.parsers.crystal.formats.values import NULLS, NUMBER_STARTS, number, text
from leanda import limits
from leanda.contracts.artefacts import Issue, Record, Structure
from leanda.parsing.format import Format
from leanda.parsing.records import failed, information, one_by_one, too_large, warning

CIF: Final = "chemical/x-cif"
TYPE: Final = "crystal"

MAX_BLOCK_BYTES: Final = 32 * limits.MIB
"""gemmi needs up to 25 times the size of a block that is one loop of short values."""
MAX_FIELDS: Final = 10_000
MAX_VALUE_CHARACTERS: Final = 64 * limits.KIB
"""Longer texts (instruction files and reflections inside of the CIF) are in the structure only."""


class CifFormat:
    """See `leanda.parsing.format.Format`."""

    name = "cif"
    version = "3"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        return data_blocks.boundaries(blocks)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:  # noqa: ARG002
        return one_by_one(TYPE, _record, data, data_blocks.boundaries([data]), first_index)


FORMAT: Final[Format] = CifFormat()


def _record(raw: bytes, index: int) -> Record:
    if len(raw) > MAX_BLOCK_BYTES:
        return failed(TYPE, index, too_large("data block", len(raw), most=MAX_BLOCK_BYTES))
    try:
        block = document.read(raw, wanted=crystal.WANTED, counted=crystal.COUNTED)
    except document.Unreadable as reason:
        return failed(TYPE, index, reason.issue)
    issues = block.issues
    structure = None
    if len(raw) <= limits.MAX_RECORD_BYTES:
        structure = Structure(media_type=CIF, text=block.text)
    else:
        message = (
            f"The data block has {len(raw):,} bytes; texts up to {limits.MAX_RECORD_BYTES:,} are kept with a record."
        )
        issues.append(warning("STRUCTURE_NOT_KEPT", message))
    told = {
        "index": index,
        "type": TYPE,
        "name": block.name or None,
        "structure": structure,
        "fields": _fields(block.scalars, issues),
        "properties": crystal.properties(block, issues),
        "issues": issues,
        "toolkit": _toolkit(),
    }
    # Validating a record and its hundreds of fields in one call takes half the time of building them one by one.
    return Record.model_validate(told)


def _fields(scalars: list[tuple[str, str]], issues: list[Issue]) -> list[dict[str, Any]]:
    scalars = [(tag, value) for tag, value in scalars if value not in NULLS]
    if len(scalars) > MAX_FIELDS:
        message = f"There are {len(scalars):,} tags with a value; the first {MAX_FIELDS:,} are shown as fields."
        issues.append(warning("FIELDS_LEFT_OUT", message))
    fields: list[dict[str, Any]] = []
    for tag, value in scalars[:MAX_FIELDS]:
        # Most values are texts, and their first character shows it.
        if value[0] in NUMBER_STARTS and (numeric := number(value)) and numeric.is_as_written:
            written = value.partition("(")[0]
            spelled = {"written": written} if written != str(numeric.value) else {}
            fields.append({"name": tag, "value": numeric.value, **spelled})
            if numeric.uncertainty is not None:
                fields.append({"name": f"{tag}_su", "value": numeric.uncertainty})
        elif len(value) > MAX_VALUE_CHARACTERS:
            issues.append(information("FIELD_NOT_COPIED", f"The text has {len(value):,} characters.", tag))
        else:
            fields.append({"name": tag, "value": text(value)})
    return fields


@cache
def _toolkit() -> str:
    import gemmi

    library: Any = gemmi  # Its stubs do not know the version.
    return f"gemmi {library.__version__}"
