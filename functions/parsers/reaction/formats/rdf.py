"""RD file: reactions and molecules with data, in any order.

BIOVIA "CTfile Formats" (2020), chapter "RDfiles (Reaction-Data files)". Each record starts with `$RFMT`, `$MFMT`, or a
registry number without one of them. Indigo's own reader fails on molecule records and on `$REREG` without `$RFMT`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from functions.parsers.reaction.formats import rdfile
from functions.parsers.reaction.formats.split import boundaries
from functions.parsers.reactions import TYPE
from leanda.contracts.artefacts import Record
from leanda.parsing.format import Format
from leanda.parsing.records import guarded

_START: Final = rb"\$[RM]FMT\b[^\r\n]*+(?:(?:\r\n|\r|\n)\$[RM][IE]REG\b)?|\$[RM][IE]REG\b"


class RdfFormat:
    """See `leanda.parsing.format.Format`."""

    name = "rdf"
    version = "1"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        return boundaries(blocks, _START)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:  # noqa: ARG002
        start = 0
        for index, end in enumerate(boundaries([data], _START), first_index):
            yield guarded(TYPE, rdfile.record, data[start:end], index)
            start = end


FORMAT: Final[Format] = RdfFormat()
