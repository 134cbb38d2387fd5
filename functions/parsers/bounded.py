"""A bound on what a file may make of itself: parts that many records point at are told once for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb
from leanda.parsing.format import WholeFormat, Written
from leanda.persistence.artefacts import json_line

GRACE_BYTES: Final = 64 * limits.MIB
RATIO: Final = 10
"""The records of a file may have this many times its size, beyond the grace."""


@dataclass
class Bounded:
    """A format whose records are refused when they say far more than the file holds. See `WritingWholeFormat`."""

    format: WholeFormat

    def __post_init__(self) -> None:
        self.name = self.format.name
        self.version = self.format.version
        self.empty_is_failure = self.format.empty_is_failure

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """The format's records.

        Raises:
            FileBomb: they are too large together, or reading them needs more memory than there is.
            ParseFailure: what the format raises.
        """
        return (record for record, _ in self._weighed(file))

    def written(self, file: BinaryIO) -> Iterator[Written]:
        """The same, the parsed ones as the lines that were weighed."""
        return (line if record.status is RecordStatus.PARSED else record for record, line in self._weighed(file))

    def _weighed(self, file: BinaryIO) -> Iterator[tuple[Record, bytes]]:
        left = GRACE_BYTES + RATIO * file.seek(0, 2)
        file.seek(0)
        try:
            for record in self.format.records(file):
                line = json_line(record)
                left -= len(line)
                if left < 0:
                    detail = f"record {record.index + 1} passes the bound"
                    raise FileBomb("The file's records say far more than the file holds.", detail=detail)
                yield record, line
        except (MemoryError, RecursionError) as error:
            raise FileBomb("Reading the file needs more memory than there is.", detail=type(error).__name__) from error
