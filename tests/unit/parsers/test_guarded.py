"""Readers that die: what they had read is kept, what is guilty fails, and the rest is read where there is a place to begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.parsers import reading
from functions.parsers.chemical.formats.sdf import FORMAT as SDF
from functions.parsers.guarded import CHUNK_SECONDS, GAVE_UP, LOST_SECONDS, ReaderDied, read_chunk, read_whole
from functions.parsers.tabular.formats.csv import CSV
from leanda.contracts.events import ChunkRow, Counts
from leanda.guard import ChildDied, Death
from leanda.persistence.artefacts import records_in
from tests.fakes.guard import InProcessGuard


class Fragile:
    """A guard whose child dies on the records of these indices, with all that would have come together with them."""

    def __init__(self, *deadly: int) -> None:
        self.deadly, self._guard = set(deadly), InProcessGuard()
        self.first_indices: list[int] = []

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        index = arguments.get("firstIndex", 0)
        self.first_indices.append(index)
        for result in self._guard.stream(call, arguments, payload):
            behind = index + 1 + result.count(b"\n")
            if self.deadly.intersection(range(index, behind)):
                raise ChildDied(Death.CRASHED, "signal SIGSEGV")
            yield result
            index = behind


HEAD = b"name,n\n"
ROWS = b"".join(b"row %d,%d\n" % (n, n) for n in range(10))


@pytest.mark.parametrize("first", [0, 3])
def test_a_deadly_row_costs_one_row_in_every_chunk_of_a_table(first: int) -> None:
    rows = ROWS.splitlines(keepends=True)
    data = (HEAD if first == 0 else b"") + b"".join(rows[first:])
    row = ChunkRow(n=first, offset=0, length=len(data), first_index=first, count=10 - first)
    artefact = read_chunk(Fragile(4, 7), "tabular", CSV, row, data, HEAD + ROWS)
    body, counts = artefact.finished()
    assert counts == Counts(total=10 - first, parsed=8 - first, failed=2)
    failed = [record.index for record in records_in(body) if record.status == "Failed"]
    assert failed == [4, 7]
    assert {issue.code for record in records_in(body) for issue in record.issues} == {"PARSER_CRASHED"}


class Slow:
    """A guard whose child takes some seconds for each record, and dies on those of these indices."""

    def __init__(self, seconds: float, *deadly: int) -> None:
        self.each, self.clock, self._guard = seconds, 0.0, Fragile(*deadly)

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        results = self._guard.stream(call, arguments, payload)
        while True:
            self.clock += self.each
            try:
                yield next(results)
            except StopIteration:
                return


@pytest.mark.parametrize(
    ("guard", "codes"),
    [
        (Slow(1.0), {}),
        (Slow(CHUNK_SECONDS / 4.5), dict.fromkeys(range(5, 10), GAVE_UP)),
        (Slow(CHUNK_SECONDS / 9.5), {}),
        (
            Slow(LOST_SECONDS / 1.5, 2, 6),
            {2: "PARSER_CRASHED", 6: "PARSER_CRASHED"} | dict.fromkeys((7, 8, 9), GAVE_UP),
        ),
    ],
    ids=["in time", "too slow", "too late at its end", "too much is lost"],
)
def test_time_that_runs_out_blames_no_record_and_costs_those_that_were_not_reached(
    guard: Slow, codes: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "TOGETHER_BYTES", 0)  # one row a result, so that each takes its time
    row = ChunkRow(n=0, offset=0, length=len(HEAD + ROWS), first_index=0, count=10)
    artefact = read_chunk(guard, "tabular", CSV, row, HEAD + ROWS, HEAD + ROWS, now=lambda: guard.clock)
    body, counts = artefact.finished()
    assert (counts.total, counts.failed) == (10, len(codes))
    assert {record.index: issue.code for record in records_in(body) for issue in record.issues} == codes


def test_rows_that_came_together_are_all_there_when_a_later_one_is_deadly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "TOGETHER_BYTES", 300)  # a few rows
    data = HEAD + ROWS
    row = ChunkRow(n=0, offset=0, length=len(data), first_index=0, count=10)
    guard = Fragile(8)
    body, counts = read_chunk(guard, "tabular", CSV, row, data, data).finished()
    assert counts == Counts(total=10, parsed=9, failed=1)
    assert [(record.index, record.status) for record in records_in(body)] == [
        (n, "Failed" if n == 8 else "Parsed") for n in range(10)
    ]
    whole = list(InProcessGuard().stream(CALL, CHUNK | {"head": len(data), "together": True}, data + data))
    assert 1 < len(whole) < 10


def test_molecules_come_one_by_one_so_that_a_deadly_one_costs_no_other_reading() -> None:
    data = b"".join(b"%d\n\n\n  0  0  0  0  0  0            999 V2000\nM  END\n$$$$\n" % n for n in range(5))
    row = ChunkRow(n=0, offset=0, length=len(data), first_index=0, count=5)
    guard = Fragile(2)
    body, _ = read_chunk(guard, "chemical", SDF, row, data, data).finished()
    assert [(record.index, record.status) for record in records_in(body)] == [
        (n, "Failed" if n == 2 else "Parsed") for n in range(5)
    ]
    assert guard.first_indices == [0, 3]


CALL = "functions.parsers.reading:read_chunk"
CHUNK: dict[str, Any] = {"kind": "tabular", "format": "csv", "firstIndex": 0}


class DiesTogether:
    """A guard whose child dies behind the third record; with the second and third still in its hands if they come together."""

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        lines = [b'{"index":%d,"type":"row","status":"Parsed"}' % n for n in range(4)]
        if arguments["together"]:
            yield b"0" + b"\n".join(lines[:2])
        else:
            yield from (b"0" + line for line in lines[:3])
        raise ChildDied(Death.CRASHED, "signal SIGSEGV")


def test_no_row_of_a_whole_file_is_lost_or_doubled_because_they_came_together() -> None:
    *kept, last = read_whole(DiesTogether(), "tabular", "xlsx", "unread", together=True)
    assert kept == [b'0{"index":%d,"type":"row","status":"Parsed"}' % n for n in range(3)]
    (record,) = records_in_line(last)
    assert (record.index, record.status) == (3, "Failed")


class Dies:
    """A guard whose child yields some results and dies."""

    def __init__(self, after: int) -> None:
        self.after = after

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        yield from (b'0{"index":%d,"type":"page","status":"Parsed"}' % n for n in range(self.after))
        raise ChildDied(Death.TIMED_OUT, "no result within 10 s")


def test_what_was_read_of_a_whole_file_is_kept_and_its_end_says_why() -> None:
    *kept, last = read_whole(Dies(after=3), "document", "pdf", "unread")
    assert [result[:1] for result in kept] == [b"0"] * 3
    (record,) = records_in_line(last)
    assert (record.index, record.status, record.issues[0].code) == (3, "Failed", "PARSER_TIMEOUT")
    assert "was not read" in record.issues[0].message


def test_a_whole_file_that_kills_its_reader_at_once_fails() -> None:
    with pytest.raises(ReaderDied) as died:
        list(read_whole(Dies(after=0), "document", "pdf", "unread"))
    assert died.value.code == "PARSER_TIMEOUT"


def records_in_line(result: bytes) -> list[Any]:
    from leanda.persistence.artefacts import PackedLines

    assert result[:1] == b"1"
    lines = PackedLines()
    lines.add(result[1:])
    return list(records_in(lines.finished()))
