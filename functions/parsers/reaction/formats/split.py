"""Files of reactions whose records start with a certain line: each ends where the next one starts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from functions.parsers.reaction.formats import rdfile
from functions.parsers.reactions import TYPE
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.parsing.records import BOM, one_by_one

_LONGEST_LINE: Final = 64 * limits.KIB


@dataclass
class SplitFormat:
    """See `leanda.parsing.format.Format`. A file without a line that starts a record has none.

    Attributes:
        start: as for `boundaries`.
    """

    name: str
    start: bytes
    version: str = "3"
    empty_is_failure: bool = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        return boundaries(blocks, self.start)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:  # noqa: ARG002
        return one_by_one(TYPE, rdfile.record, data, boundaries([data], self.start), first_index)


def boundaries(blocks: Iterable[bytes], start: bytes) -> Iterator[int]:
    """End offset of each record of a file that is given in blocks of any size.

    What stands before the first record (the file's header) belongs to it.

    Args:
        blocks: the file.
        start: a pattern that matches from the beginning of a record's first line, perhaps into its second.
    """
    pattern = _at_line_start(start)
    buffer, base = b"\n", -1  # The file begins as a line does.
    position, opened = 1, False
    for block in blocks:
        buffer += block
        if base < 0 and BOM.startswith(buffer[1 : 1 + len(BOM)]):
            continue  # Is there a byte-order mark, or only its beginning so far?
        if base < 0 and buffer.startswith(BOM, 1):
            buffer, base = b"\n" + buffer[1 + len(BOM) :], base + len(BOM)
        # A start may take two lines, so the last two are looked at again with the next block.
        stop = _two_lines_before(buffer)
        for found in pattern.finditer(buffer, position):
            if found.start() >= stop:
                break
            if opened:
                yield base + found.start()
            opened, position = True, found.end()
        position = max(position, stop)
        dropped = position - 1
        buffer, base, position = buffer[dropped:], base + dropped, 1
    if buffer.startswith(BOM, 1) and base < 0:
        buffer, base = b"\n" + buffer[1 + len(BOM) :], base + len(BOM)
    for found in pattern.finditer(buffer, position):
        if opened:
            yield base + found.start()
        opened = True
    if opened:
        yield base + len(buffer)


@cache
def _at_line_start(start: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?<=[\r\n])(?:" + start + rb")")


def _two_lines_before(buffer: bytes) -> int:
    """Before the last two lines, however they end; of very long ones only the end is kept."""
    at, least = len(buffer), max(0, len(buffer) - _LONGEST_LINE)
    for _ in range(5):
        at = max(buffer.rfind(b"\n", least, at), buffer.rfind(b"\r", least, at), least)
    return at
