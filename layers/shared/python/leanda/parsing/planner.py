"""The chunk plan: record boundaries grouped into chunks. Pure; one pass; memory bounded by one block (plan) or one chunk (cut).

A plan of `limits.MAX_CHUNKS` rows, the most there can be, fits into one event (a test keeps that true), so a plan is
never split.
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


def plan(format: Format, blocks: Iterable[bytes], *, head: bytes, size: int | None) -> Iterator[ChunkRow]:
    """Group a file's records into chunks: rows in file order, contiguous from offset 0.

    A table with a header and no row is a good table: it gives no chunk row at all.

    Args:
        format: the file's format.
        blocks: the uncompressed file.
        head: its first bytes.
        size: its uncompressed size in bytes; None when it is not known (compressed input).

    Raises:
        FileEmpty: there is not one byte.
        NoRecords: there is no record and the format calls that a failure.
        ParseFailure: what the format's `boundaries` raises.
    """
    tee = _Tee(blocks, keep=False)
    any_record = False
    for row in _group(_guarded(format.boundaries(tee, head=head), tee), size):
        any_record = True
        yield row
    _check_outcome(format, tee, any_record)


def cut(format: Format, blocks: Iterable[bytes], *, head: bytes, size: int | None) -> Iterator[tuple[ChunkRow, bytes]]:
    """The same plan as `plan`, each row together with its chunk's bytes; for small files and compressed ones.

    Raises:
        ParseFailure: like `plan`.
    """
    tee = _Tee(blocks, keep=True)
    any_record = False
    for row in _group(_guarded(format.boundaries(tee, head=head), tee), size):
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


@dataclass
class _Open:
    """The chunk that is being filled."""

    n: int = 0
    offset: int = 0
    end: int = 0
    first_index: int = 0
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


def _group(ends: Iterable[int], size: int | None) -> Iterator[ChunkRow]:
    chunk = _Open()
    least = smallest_chunk(0, size)
    most = max(limits.CHUNK_BYTES, least)
    for end in ends:
        chunk.end = end
        chunk.count += 1
        length = end - chunk.offset
        full = length >= most or (chunk.count >= limits.CHUNK_RECORDS and length >= least)
        # The last permitted chunk takes all that is left, should the size have been announced too small.
        if full and chunk.n < limits.MAX_CHUNKS - 1:
            yield chunk.row()
            chunk = chunk.next()
            least = smallest_chunk(chunk.n, size)
            most = max(limits.CHUNK_BYTES, least)
    if chunk.count:
        yield chunk.row()


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
