"""Chunk plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.contracts.events import ChunkRow, ChunksPlanned
from leanda.errors import FileEmpty, FormatMismatch, NoRecords
from leanda.parsing import planner
from leanda.parsing.planner import PART_CHUNKS, Start, cut, parts_of, plan, smallest_chunk, whole_chunk_records


@dataclass
class Lines:
    """A format whose records are lines that end with LF."""

    name: str = "lines"
    version: str = "1"
    empty_is_failure: bool = True
    seen: list[int] = field(default_factory=list)

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        offset = 0
        for block in blocks:
            at = 0
            while (at := block.find(b"\n", at) + 1) > 0:
                yield offset + at
            offset += len(block)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        for n in range(data.count(b"\n")):
            yield Record(index=first_index + n, type="line")


@dataclass
class Ends:
    """A format whose boundaries are given: plans of files that nobody could hold in a test."""

    ends: Iterable[int]
    name: str = "ends"
    version: str = "1"
    empty_is_failure: bool = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        assert list(blocks)
        yield from self.ends

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        raise NotImplementedError


def planned(ends: Iterable[int], size: int | None) -> list[ChunkRow]:
    return list(plan(Ends(ends), [b"x"], head=b"x", size=size))


def check(rows: list[ChunkRow], records: int, end: int) -> None:
    """What is true of every plan."""
    offset = index = 0
    for n, row in enumerate(rows):
        assert (row.n, row.offset, row.first_index) == (n, offset, index)
        assert row.count
        offset += row.length
        index += row.count
    assert (offset, index) == (end, records)
    assert 0 < len(rows) <= limits.MAX_CHUNKS


@given(lengths=st.lists(st.integers(1, 9_000_000), min_size=1, max_size=200), known=st.booleans())
def test_rows_are_contiguous_and_count_every_record(lengths: list[int], known: bool) -> None:
    ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
    check(planned(ends, ends[-1] if known else None), len(lengths), ends[-1])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("length", "records"),
    [
        (1_000_000, 4_294),  # 4 GiB of big records
        (9_000, 477_000),  # 4 GiB of small ones
        (40, 1_000_000),
        (limits.MAX_RECORD_BYTES, 512),
        (1, 1),
    ],
)
def test_no_plan_has_more_rows_than_permitted(length: int, records: int, known: bool) -> None:
    end = length * records
    rows = planned(range(length, end + 1, length), end if known else None)
    check(rows, records, end)
    most = max(limits.CHUNK_BYTES, smallest_chunk(limits.MAX_CHUNKS - 1, end if known else None))
    assert max(row.length for row in rows) < most + length


def test_the_unknown_size_rule_holds_all_that_inflating_ever_gives() -> None:
    closable = sum(smallest_chunk(n, None) for n in range(limits.MAX_CHUNKS - 1))
    assert closable >= limits.MAX_INFLATED_BYTES
    assert smallest_chunk(0, None) < 64 * limits.KIB
    assert smallest_chunk(limits.MAX_CHUNKS - 1, None) <= 64 * limits.MIB


def test_the_largest_file_has_a_plan() -> None:
    length = 20_000
    records = limits.MAX_FILE_BYTES // length
    rows = planned(range(length, length * records + 1, length), limits.MAX_FILE_BYTES)
    check(rows, records, length * records)


def test_a_size_that_was_announced_too_small_does_not_break_the_limit() -> None:
    check(planned(range(5_000, 5_000 * 700_000 + 1, 5_000), 1000), 700_000, 5_000 * 700_000)


def test_small_files_have_chunks_of_a_thousand_records() -> None:
    rows = planned(range(48, 48 * 2_500 + 1, 48), 48 * 2_500)
    assert [row.count for row in rows] == [1000, 1000, 500]


def test_a_chunk_is_closed_by_its_bytes_too_and_the_first_one_sooner() -> None:
    length = 500_000
    rows = planned(range(length, length * 20 + 1, length), length * 20)
    # The record that makes it enough is the last one.
    assert [row.length for row in rows[:-1]] == [1_000_000, 4_500_000]
    assert sum(row.count for row in rows) == 20


@given(sizes=st.lists(st.integers(1, 400), min_size=1), count=st.integers(1, 300), known=st.booleans())
def test_cutting_gives_the_plan_and_the_bytes_of_each_row(sizes: list[int], count: int, known: bool) -> None:
    data = b"".join(b"%d%s\n" % (n, b"x" * (n % 37)) for n in range(count))
    blocks, at = [], 0
    while at < len(data):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(data[at : at + size])
        at += size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "CHUNK_RECORDS", 7)
        patch.setattr(limits, "CHUNK_BYTES", 150)
        size_hint = len(data) if known else None
        rows = list(plan(Lines(), iter(blocks), head=data, size=size_hint))
        pieces = list(cut(Lines(), iter(blocks), head=data, size=size_hint))
        assert list(plan(Lines(), [data], head=data, size=size_hint)) == rows
    assert [row for row, _ in pieces] == rows
    assert b"".join(piece for _, piece in pieces) == data
    assert all(len(piece) == row.length and piece.count(b"\n") == row.count for row, piece in pieces)


def test_what_follows_the_last_record_belongs_to_nobody() -> None:
    ((row, data),) = cut(Lines(), [b"a\nb\n", b"rest"], head=b"", size=8)
    assert (row.length, data) == (4, b"a\nb\n")


def test_a_file_of_no_bytes_is_empty_for_every_format() -> None:
    for format in (Lines(), Lines(empty_is_failure=False)):
        with pytest.raises(FileEmpty):
            list(plan(format, [], head=b"", size=0))
        with pytest.raises(FileEmpty):
            list(cut(format, [b""], head=b"", size=0))


def test_no_record_is_a_failure_only_where_the_format_says_so() -> None:
    with pytest.raises(NoRecords):
        list(plan(Lines(), [b"header"], head=b"", size=6))
    assert list(plan(Lines(empty_is_failure=False), [b"header"], head=b"", size=6)) == []
    assert list(cut(Lines(empty_is_failure=False), [b"header"], head=b"", size=6)) == []


def test_a_format_may_know_its_records_without_looking() -> None:
    @dataclass
    class Opaque(Ends):
        def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
            return iter(self.ends)

    opaque = Opaque([], empty_is_failure=False)
    assert list(plan(opaque, iter([b"", b"anything"]), head=b"anything", size=8)) == []
    with pytest.raises(FileEmpty):
        list(plan(opaque, iter([b""]), head=b"", size=0))


def test_a_record_without_an_end_is_given_up_in_bounded_memory() -> None:
    passed = 0

    def endless() -> Iterator[bytes]:
        nonlocal passed
        yield b"a\n"
        while True:
            passed += 1
            yield b"x" * limits.MIB

    with pytest.raises(FormatMismatch):
        list(cut(Lines(), endless(), head=b"", size=None))
    assert passed <= planner.RECORD_HOPELESS_BYTES // limits.MIB + 2


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.booleans())
def test_a_plan_that_goes_on_behind_any_chunk_is_the_plan_of_one_pass(lengths: list[int], known: bool) -> None:
    content = b"".join(b"x" * (length - 1) + b"\n" for length in lengths)
    size = len(content) if known else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "CHUNK_RECORDS", 2)
        patch.setattr(planner, "smallest_chunk", lambda n, size: 3 * n if size is None else 5)
        rows = list(plan(Lines(), [content], head=content, size=size))
        for done, row in enumerate(rows):
            start = Start(row.n, row.offset, row.first_index)
            rest = list(plan(Lines(), [content[row.offset :]], head=content, size=size, start=start))
            assert rest == rows[done:]
            again = list(cut(Lines(), [content[row.offset :]], head=content, size=size, start=start))
            assert [found for found, _ in again] == rows[done:]
            assert b"".join(data for _, data in again) == content[row.offset :]


@given(st.integers(0, 5 * PART_CHUNKS), st.integers(0, 3))
def test_parts_hold_every_chunk_once_and_only_the_last_is_the_last(chunks: int, first: int) -> None:
    parts = list(parts_of(range(chunks), first=first))
    assert [chunk for part in parts for chunk in part.chunks] == list(range(chunks))
    assert [part.number for part in parts] == list(range(first, first + len(parts)))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(len(part.chunks) == PART_CHUNKS for part in parts[:-1])


def test_the_chunks_of_a_whole_file_hold_more_records_than_any_worksheet_has_rows() -> None:
    assert whole_chunk_records(0) == limits.CHUNK_RECORDS
    assert sum(whole_chunk_records(n) for n in range(limits.MAX_CHUNKS)) > 15 * 1_048_576


def test_the_largest_plan_fits_into_one_event() -> None:
    rows = tuple(
        ChunkRow(
            n=n,
            offset=limits.MAX_FILE_BYTES,
            length=limits.MAX_FILE_BYTES,
            first_index=10**12,
            count=10**12,
            input_sha="f" * 64,
        )
        for n in range(limits.MAX_CHUNKS)
    )
    event = ChunksPlanned(file_id="0" * 36, run=999, chunks=rows)
    envelope = 4 * limits.KIB
    assert len(event.model_dump_json(by_alias=True)) + envelope < limits.MAX_EVENT_BYTES
