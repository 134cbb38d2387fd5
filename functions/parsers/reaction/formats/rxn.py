"""rxnfile: one reaction, V2000 or V3000. Programs write several into one file too; then each `$RXN` starts a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from functions.parsers.reaction.formats import rdfile
from functions.parsers.reaction.formats.split import boundaries
from functions.parsers.reactions import TYPE
from leanda.contracts.artefacts import Record
from leanda.parsing.format import Format
from leanda.parsing.records import guarded

_START: Final = rb"\$RXN\b"


class RxnFormat:
    """See `leanda.parsing.format.Format`. A file without `$RXN` has no record."""

    name = "rxn"
    version = "1"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        return boundaries(blocks, _START)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:  # noqa: ARG002
        start = 0
        for index, end in enumerate(boundaries([data], _START), first_index):
            yield guarded(TYPE, rdfile.record, data[start:end], index)
            start = end


FORMAT: Final[Format] = RxnFormat()
