"""What a format module is: bytes in, records out; pure, without SDK, clock or environment.

Two shapes: a `Format` is a sequence of records that can be cut into chunks and streamed; a `WholeFormat` needs the file as a
whole, because its parts point at each other (a PDF, an image, a spreadsheet).

A format of many small records may also write them down itself: `WritingFormat`, `WritingWholeFormat`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Protocol, runtime_checkable

from leanda.contracts.artefacts import Record

WITH_POSITION: Final = "+position"
"""Behind a format's name: the format for those who asked where a picture was taken. Without it that is never read."""


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

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        """End offset (exclusive, in bytes of the uncompressed file) of each record, in file order.

        One pass, memory bounded by one block and one record. What stands before the first record (a table's header)
        belongs to the first record's range; what follows the last (blank lines) to nobody.

        Args:
            blocks: the uncompressed file, in blocks of any size.
            head: its first bytes (up to `limits.HEAD_BYTES`).
            first_index: where not 0, the blocks begin at a boundary, that before the record of this index; offsets count from
                there, and are those that the whole file would give from there on.

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


@runtime_checkable
class WholeFormat(Protocol):
    """A format that is read with random access. Attributes as in `Format`."""

    name: str
    version: str
    empty_is_failure: bool

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """All records of a file, in order, indices from 0 without gaps; memory is bounded by what one record needs.

        A part that cannot be read is yielded as failed, with an issue that says why and where; it never stops the others.

        Args:
            file: seekable, at its beginning, uncompressed; it has a `name` when it lies on disk.

        Raises:
            ParseFailure: the file as a whole cannot be read.
        """
        ...


type Written = Record | bytes
"""A record, or a parsed one as a line of an artefact, as `leanda.persistence.artefacts.json_line` gives it."""


@runtime_checkable
class WritingFormat(Format, Protocol):
    """A `Format` that spares the detour over records, which costs a table more than reading it does.

    Attributes:
        together: whether several lines may be handed over as one result. It spares rows of tables most of their way; when a reader
            dies, those of one result are read once more, one by one.
    """

    together: bool

    def written(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Written]:
        """What `read` gives, with the good records written down already; everything else as `read`."""
        ...


@runtime_checkable
class WritingWholeFormat(WholeFormat, Protocol):
    """The same of a `WholeFormat`."""

    def written(self, file: BinaryIO) -> Iterator[Written]:
        """What `records` gives, with the good records written down already; everything else as `records`."""
        ...


def records_of(written: Iterable[Written]) -> Iterator[Record]:
    """The records of a format that writes them down itself."""
    return (one if isinstance(one, Record) else Record.model_validate_json(one) for one in written)
