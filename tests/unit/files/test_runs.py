"""The rules of runs, by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.files import runs
from leanda.contracts.events import ChunkRow, ChunksPlanned, Counts, Failure, RecordsIndexed, RunState

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def run(state: RunState = RunState.OPEN, **more: object) -> runs.Run:
    return {
        "_id": "f:1",
        "fileId": "f",
        "run": 1,
        "state": state.value,
        "revision": 3,
        "chunks": {},
        "plan": {},
        **more,
    }


def planned(*counts: int) -> dict[str, object]:
    rows = [
        ChunkRow(n=n, offset=0, length=0, first_index=0, count=count).to_json_dict() for n, count in enumerate(counts)
    ]
    return {"plan": {"0": rows}, "lastPart": 0}


def mark(total: int, failed: int = 0) -> dict[str, object]:
    return {"counts": {"total": total, "parsed": total - failed, "failed": failed}}


@pytest.mark.parametrize(
    "state", [RunState.FINISHED, RunState.FAILED, RunState.CANCELLED, RunState.SUPERSEDED, RunState.NOT_REQUESTED]
)
def test_a_run_that_has_ended_is_not_ended_again_by_anybody(state: RunState) -> None:
    failure = Failure(code="STEP_TIMED_OUT", message="No progress.")
    assert runs.closed(run(state), RunState.FAILED, failure, at=NOW).empty


def test_marks_that_come_before_the_plan_are_kept_and_count_once_it_is_there() -> None:
    marked = run(chunks={"0": {"parsed": mark(2), "stored": mark(2)}})
    assert runs.advance(marked, at=NOW).empty
    change = runs.advance({**marked, **planned(2)}, at=NOW)
    assert change.set_["state"] == "Finished"
    assert "deadline" in change.unset


def test_a_plan_without_chunks_is_complete_at_once() -> None:
    change = runs.advance(run(**planned()), at=NOW)
    assert (change.set_["state"], change.set_["counts"]["total"]) == ("Finished", 0)


def test_that_all_is_parsed_is_told_even_when_storing_was_faster_to_begin() -> None:
    chunks = {"0": {"parsed": mark(2), "stored": mark(2)}, "1": {"parsed": mark(3, 1)}}
    change = runs.advance(run(RunState.PROCESSING, chunks=chunks, **planned(2, 3)), at=NOW)
    assert change.set_ == {"parsedAt": NOW}
    assert [event.state for event in change.emit] == [RunState.PARSED]  # type: ignore[attr-defined]


def test_counts_reconcile() -> None:
    chunks = {"0": {"parsed": mark(2), "stored": mark(2)}, "1": {"parsed": mark(3, 1), "stored": mark(3, 1)}}
    change = runs.advance(run(chunks=chunks, **planned(2, 3)), at=NOW)
    (event,) = [e for e in change.emit if e.state is RunState.FINISHED]  # type: ignore[attr-defined]
    assert event.counts == Counts(total=5, parsed=4, failed=1)  # type: ignore[attr-defined]


def test_an_older_placement_never_replaces_a_newer_mark_of_indexing() -> None:
    known = run(RunState.FINISHED, chunks={"0": {"indexed": {"placement": 2, "records": 1}}}, counts={"total": 1})
    event = RecordsIndexed(file_id="f", run=1, chunk=0, counts=Counts(total=1), placement=1)
    assert runs.indexed(known, event, at=NOW).empty


def test_a_part_of_a_plan_is_kept_as_it_came_first() -> None:
    event = ChunksPlanned(file_id="f", run=1, chunks=(), part=0)
    assert runs.planned(run(**planned(1)), event, deadline=NOW + timedelta(minutes=1)).empty
