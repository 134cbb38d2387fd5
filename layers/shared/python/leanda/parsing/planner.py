"""The chunk plan: record boundaries grouped into chunks. Pure; one pass; memory bounded by one block (plan) or one chunk (cut).

What is planned depends on the bytes alone, never on time: a plan that goes on elsewhere, from the end of one of its chunks, gives
the chunks that one pass would have given. A plan is announced in parts of a fixed number of chunks, for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from leanda import limits
from leanda.contracts.events import ChunkRow
from leanda.errors import FileEmpty, FormatMismatch, NoRecords
from leanda.parsing.format import Format

RECORD_HOPELESS_BYTES: Final = 8 * limits.MAX_RECORD_BYTES
"""Longer than this without the end of a record, a file is not of its format: nobody could hold such a record."""
_CHUNKS_PER_DOUBLING: Final = 48
_WHOLE_CHUNKS_PER_DOUBLING: Final = 64


PART_CHUNKS: Final = 16
"""Chunks of one part of a plan: what is planned can be read while the rest of a big file is still looked through."""


@dataclass(frozen=True)
class Start:
    """Where planning begins or goes on: at the chunk of this number, offset and first record."""

    n: int = 0
    offset: int = 0
    first_index: int = 0


BEGINNING: Final = Start()


@dataclass(frozen=True)
class Part[T]:
    """Some consecutive chunks of a plan, or what was made of them."""

    number: int
    chunks: tuple[T, ...]
    last: bool


def parts_of[T](chunks: Iterable[T], *, first: int = 0) -> Iterator[Part[T]]:
    """A plan in parts, numbered from `first`; each but the last has `PART_CHUNKS` chunks. An empty plan is one empty part."""
    waiting: list[T] = []
    for chunk in chunks:
        if len(waiting) == PART_CHUNKS:  # only now it is known that this part is not the last
            yield Part(first, tuple(waiting), last=False)
            first, waiting = first + 1, []
        waiting.append(chunk)
    yield Part(first, tuple(waiting), last=True)


def plan(
    format: Format, blocks: Iterable[bytes], *, head: bytes, size: int | None, start: Start = BEGINNING
) -> Iterator[ChunkRow]:
    """Group a file's records into chunks: rows in file order, contiguous from offset 0, or from where planning goes on.

    A table with a header and no row is a good table: it gives no chunk row at all.

    Args:
        format: the file's format.
        blocks: the uncompressed file, from the start's offset on.
        head: its first bytes.
        size: its uncompressed size in bytes; None when it is not known (compressed input).
        start: the beginning, or the end of a chunk of the same plan after which another one follows.

    Raises:
        FileEmpty: there is not one byte.
        NoRecords: there is no record and the format calls that a failure.
        ParseFailure: what the format's `boundaries` raises.
    """
    tee = _Tee(blocks, keep=False)
    any_record = start.n > 0  # what was planned before has some
    for row in _group(_guarded(format.boundaries(tee, head=head, first_index=start.first_index), tee), size, start):
        any_record = True
        yield row
    _check_outcome(format, tee, any_record)


def cut(
    format: Format, blocks: Iterable[bytes], *, head: bytes, size: int | None, start: Start = BEGINNING
) -> Iterator[tuple[ChunkRow, bytes]]:
    """The same plan as `plan`, each row together with its chunk's bytes; for small files and compressed ones.

    Raises:
        ParseFailure: like `plan`.
    """
    tee = _Tee(blocks, keep=True)
    any_record = start.n > 0  # what was planned before has some
    for row in _group(_guarded(format.boundaries(tee, head=head, first_index=start.first_index), tee), size, start):
        any_record = True
        yield row, tee.take(row.length)
    _check_outcome(format, tee, any_record)


def smallest_chunk(n: int, size: int | None) -> int:
    """Bytes that chunk `n` must hold before it may be closed, so that `limits.MAX_CHUNKS` chunks hold the file.

    Known size: every closed chunk holds at least 1/(MAX_CHUNKS − 1) of the file, so at most MAX_CHUNKS − 1 can be closed
    and one more takes the remainder. Unknown size: the least doubles after every 48 chunks, starting so that all of
    them together hold `limits.MAX_INFLATED_BYTES`, the most that inflating ever gives; small files keep small chunks.
    """
    closable = limits.MAX_CHUNKS - 1
    if size is not None:
        return -(-size // closable)
    doublings, remainder = divmod(closable, _CHUNKS_PER_DOUBLING)
    first_chunks: int = _CHUNKS_PER_DOUBLING * ((1 << doublings) - 1) + (remainder << doublings)
    least: int = -(-limits.MAX_INFLATED_BYTES // first_chunks)
    return least << (n // _CHUNKS_PER_DOUBLING)


def whole_chunk_records(n: int) -> int:
    """Records of chunk `n` of a file that is read as a whole, whose number of records nobody knows before.

    Doubles after every 64 chunks, so that `limits.MAX_CHUNKS` of them hold 16 million records.
    """
    return limits.CHUNK_RECORDS << (n // _WHOLE_CHUNKS_PER_DOUBLING)


@dataclass
class _Open:
    """The chunk that is being filled."""

    n: int
    offset: int
    end: int
    first_index: int
    count: int = 0

    def row(self) -> ChunkRow:
        return ChunkRow(
            n=self.n,
            offset=self.offset,
            length=self.end - self.offset,
            first_index=self.first_index,
            count=self.count,
        )

    def next(self) -> _Open:
        return _Open(n=self.n + 1, offset=self.end, end=self.end, first_index=self.first_index + self.count)


def _group(ends: Iterable[int], size: int | None, start: Start) -> Iterator[ChunkRow]:
    chunk = _Open(start.n, start.offset, start.offset, start.first_index)
    least = smallest_chunk(chunk.n, size)
    most = _enough(chunk.n, least)
    for end in ends:
        chunk.end = end = start.offset + end
        chunk.count += 1
        length = end - chunk.offset
        full = length >= most or (chunk.count >= limits.CHUNK_RECORDS and length >= least)
        # The last permitted chunk takes all that is left, should the size have been announced too small.
        if full and chunk.n < limits.MAX_CHUNKS - 1:
            yield chunk.row()
            chunk = chunk.next()
            least = smallest_chunk(chunk.n, size)
            most = _enough(chunk.n, least)
    if chunk.count:
        yield chunk.row()


def _enough(n: int, least: int) -> int:
    """Bytes after which chunk `n` is closed; the first one, which is parsed at once, sooner, so that something is soon found."""
    return max(limits.CHUNK_BYTES if n else limits.PARSE_AT_ONCE_BYTES, least)


class _Tee:
    """Passes blocks on, counts their bytes and, when asked to, keeps what no chunk has taken yet."""

    def __init__(self, blocks: Iterable[bytes], *, keep: bool) -> None:
        self._blocks = blocks
        self._kept = bytearray()
        self._keep = keep
        self.passed = 0
        self.last_end = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            if self.passed - self.last_end > RECORD_HOPELESS_BYTES:
                raise FormatMismatch(
                    detail=f"no record ends within {RECORD_HOPELESS_BYTES} bytes after byte {self.last_end}"
                )
            self.passed += len(block)
            if self._keep:
                self._kept += block
            yield block

    def take(self, length: int) -> bytes:
        data = bytes(self._kept[:length])
        del self._kept[:length]
        return data


def _guarded(ends: Iterable[int], tee: _Tee) -> Iterator[int]:
    for end in ends:
        tee.last_end = end
        yield end


def _check_outcome(format: Format, tee: _Tee, any_record: bool) -> None:
    # A format may know its records without looking at a byte; whether there is one is asked here then.
    if tee.passed == 0 and not any(tee):
        raise FileEmpty
    if not any_record and format.empty_is_failure:
        raise NoRecords
