"""What a format module is: bytes in, records out; pure, streaming, without SDK, clock or environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from leanda.contracts.artefacts import Record


class Format(Protocol):
    """One file format of one parser.

    Attributes:
        name: the format's name in events and API (`sdf`, `csv`).
        version: raised whenever the same bytes would give other records.
        empty_is_failure: True when a file without a record is a failed file (a table without rows is a good table).
    """

    name: str
    version: str
    empty_is_failure: bool

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes) -> Iterator[int]:
        """End offset (exclusive, in bytes of the uncompressed file) of each record, in file order.

        One pass, memory bounded by one block and one record. What stands before the first record (a table's header)
        belongs to the first record's range; what follows the last (blank lines) to nobody.

        Args:
            blocks: the uncompressed file, in blocks of any size.
            head: its first bytes (up to `limits.HEAD_BYTES`).

        Raises:
            ParseFailure: the file as a whole cannot be read.
        """
        ...

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        """The records of a byte range that starts and ends at boundaries.

        A record that cannot be read is yielded as failed, with an issue of severity Error that says why and where;
        it never stops its neighbours. Exactly one record is yielded for every boundary in the range.

        Args:
            data: the range's bytes; it is the file's beginning when `first_index` is 0.
            first_index: index of its first record.
            head: the file's first bytes, for formats whose header describes all records.

        Raises:
            ParseFailure: only what `boundaries` would raise too.
        """
        ...
