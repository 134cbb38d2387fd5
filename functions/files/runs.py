"""The rules of a run: marks that commute, a state that only rises, an end that is reached once. Pure.

A chunk's mark is set by `_id` alone; whoever finds that a mark completed something moves the state in one guarded update.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from leanda import ids, limits
from leanda.changes import NOTHING, Change
from leanda.contracts.events import (
    ChunkRow,
    ChunksPlanned,
    Counts,
    Failure,
    ParseFailed,
    RecordsIndexed,
    RecordsParsed,
    RecordsProcessed,
    RunAdvanced,
    RunState,
)

Run = dict[str, Any]

KEPT: Final = timedelta(seconds=limits.RUN_KEPT_SECONDS)
STEP: Final = timedelta(seconds=limits.STEP_SECONDS)
HEARD: Final = STEP
"""After this time the file should have heard of the run's end."""
RANK: Final = {state: rank for rank, state in enumerate(RunState)}


def begun(node: Mapping[str, Any], *, correlation_id: str, at: datetime, deadline: datetime) -> Run:
    """The document of the run that a node has just begun (as `latestRun`), and the piece of work that it belongs to."""
    run = node["latestRun"]["run"]
    process = node["latestRun"]["state"] == RunState.OPEN
    return {
        "_id": ids.run_key(node["_id"], run),
        "fileId": node["_id"],
        "run": run,
        "blobId": node["blob"]["blobId"],
        "kind": node["kind"],
        "format": node["format"],
        "state": node["latestRun"]["state"],
        "revision": 0,
        "chunks": {},
        "plan": {},
        "startedAt": at,
        "correlationId": correlation_id,
        **({"deadline": deadline} if process else {}),
    }


def as_asked(node: Mapping[str, Any], *, at: datetime, deadline: datetime) -> Run | None:
    """The run that a node has last asked for, as it was then; None where it never did."""
    request = node.get("request")
    if not request:
        return None
    asked = request["data"]
    state = RunState.OPEN if asked["process"] else RunState.NOT_REQUESTED
    then = {
        "_id": node["_id"],
        "blob": {"blobId": asked["blobId"]},
        "kind": asked["kind"],
        "format": asked["format"],
        "latestRun": {"run": asked["run"], "state": state.value},
    }
    return begun(then, correlation_id=request["origin"]["correlation_id"], at=at, deadline=deadline)


def taken_over(left: Run, run: Run) -> Change:
    """Make the run that a file has begun of what an earlier attempt left that never came to the file; nothing once it got on."""
    if left["plan"] or "endedAt" in left:
        return NOTHING
    fresh = {name: value for name, value in run.items() if name not in {"_id", "revision", "chunks", "plan"}}
    return Change(set_=fresh, unset=tuple({"repeats", "deadline"} - fresh.keys()))


def is_same(left: Run, run: Run) -> bool:
    """Whether two runs of a number are of the same bytes, read in the same way."""
    asked = [one["state"] == RunState.NOT_REQUESTED for one in (left, run)]
    return asked[0] == asked[1] and all(left[name] == run[name] for name in ("blobId", "kind", "format"))


def beyond(state: RunState) -> list[RunState]:
    """The states to which events bring a run that is in this one."""
    return [one for one in RunState if RANK[state] < RANK[one] <= RANK[RunState.FINISHED]]


def ended(run: Run) -> bool:
    """Whether the run's results are final; what comes later changes nothing (but for marks of indexing)."""
    return RANK[RunState(run["state"])] >= RANK[RunState.FINISHED]


def ending(run: Run, *, at: datetime) -> dict[str, Any]:
    """What is set when a run ends: also when to see whether its file has heard of it, and, of a further run, when to look for
    what it, or those before it, left behind.
    """
    return {"endedAt": at, "heardBy": at + HEARD} | ({"tidyAt": at + KEPT} if run["run"] > 1 else {})


def left_behind(run: Run, active: int) -> list[int]:
    """The runs of a file of which nothing will be shown again, as one that ended long ago tells: all before it if it is the
    active one, itself if it never was. One that was replaced is left to the run that replaced it.
    """
    if not ended(run) or run["run"] < active:
        return []
    return [*range(1, active)] if run["run"] == active else [run["run"]]


def planned(run: Run, event: ChunksPlanned, *, deadline: datetime) -> Change:
    """Keep a part of the plan."""
    part = f"plan.{event.part}"
    if str(event.part) in run["plan"]:
        return NOTHING
    changed: dict[str, Any] = {part: [row.to_json_dict() for row in event.chunks], "deadline": deadline}
    if event.last:
        changed["lastPart"] = event.part
    return Change(set_=changed, guarded=False)


def parsed(run: Run, event: RecordsParsed, *, deadline: datetime) -> Change:
    """Mark a chunk as parsed; the first body wins."""
    if "parsed" in _chunk(run, event.chunk):
        return NOTHING
    mark = {
        "counts": event.counts.to_json_dict(),
        "artefact": event.artefact,
        "parser": event.parser,
        "version": event.version,
        "startedAt": event.started_at,
        "endedAt": event.ended_at,
        "attempt": event.attempt,
    }
    return Change(set_={f"chunks.{event.chunk}.parsed": mark, "deadline": deadline}, guarded=False)


def stored_mark(event: RecordsProcessed, *, at: datetime, deadline: datetime) -> dict[str, Any]:
    """What is set when a chunk's records are in the store."""
    mark = {
        "counts": event.counts.to_json_dict(),
        "artefact": event.artefact,
        "statistics": event.statistics,
        "toolkit": event.toolkit,
        "startedAt": event.started_at,
        "endedAt": event.ended_at,
        "attempt": event.attempt,
        "storedAt": at,
    }
    return {f"chunks.{event.chunk}.stored": mark, "deadline": deadline, "indexBy": deadline}


def is_stored(run: Run, chunk: int) -> bool:
    return "stored" in _chunk(run, chunk)


def indexed(run: Run, event: RecordsIndexed, *, at: datetime) -> Change:
    """Mark a chunk as findable at a placement; an older placement never replaces a newer one."""
    mark = _chunk(run, event.chunk).get("indexed")
    if mark and mark["placement"] >= event.placement:
        return NOTHING
    value = {"placement": event.placement, "at": at, "records": event.counts.parsed}
    return Change(set_={f"chunks.{event.chunk}.indexed": value}, guarded=False)


def plan_of(run: Run) -> list[ChunkRow] | None:
    """All chunks in order, or None while parts are missing."""
    last = run.get("lastPart")
    if last is None or any(str(part) not in run["plan"] for part in range(last + 1)):
        return None
    rows = [ChunkRow.model_validate(row) for part in range(last + 1) for row in run["plan"][str(part)]]
    return sorted(rows, key=lambda row: row.n)


def totals(run: Run, stage: str) -> Counts:
    """Sum of the counts of all chunks that have a stage."""
    found = (chunk[stage]["counts"] for chunk in run["chunks"].values() if stage in chunk)
    return sum((Counts.model_validate(counts) for counts in found), Counts())


def indexed_total(run: Run) -> int:
    """Records that can be found where the file is now: failed ones are stored with their reason, but have no document in the index.

    Chunks that were indexed at an earlier placement than another one are about to be indexed anew: those of a reopened run were
    hidden when it failed.
    """
    marks = [chunk["indexed"] for chunk in run["chunks"].values() if "indexed" in chunk]
    latest = max((mark["placement"] for mark in marks), default=0)
    return sum(mark["records"] for mark in marks if mark["placement"] == latest)


def reached(run: Run) -> RunState:
    """The state that the marks tell, however the run may have ended."""
    rows = plan_of(run)
    if rows is None:
        return RunState.OPEN
    chunks = [run["chunks"].get(str(row.n), {}) for row in rows]
    if all("stored" in chunk for chunk in chunks):
        return RunState.FINISHED
    if any("stored" in chunk for chunk in chunks):
        return RunState.PROCESSING
    return RunState.PARSED if all("parsed" in chunk for chunk in chunks) else RunState.PARSING


def advance(run: Run, *, at: datetime, metadata: dict[str, Any] | None = None) -> Change:
    """Move the state as far as the marks allow, with the facts that follow; nothing when it is there already."""
    if ended(run):
        return _indexed_further(run, at=at)
    target = reached(run)
    if target is RunState.OPEN:
        return NOTHING
    all_parsed = all("parsed" in run["chunks"].get(str(row.n), {}) for row in plan_of(run) or ())
    changed: dict[str, Any] = {}
    emit: list[RunAdvanced] = []
    if all_parsed and not run.get("parsedAt"):
        changed["parsedAt"] = at
        if RANK[target] > RANK[RunState.PARSED]:
            emit.append(fact(run, RunState.PARSED, totals(run, "parsed")))
    if RANK[target] > RANK[RunState(run["state"])]:
        counts = totals(run, "stored" if target is RunState.FINISHED else "parsed")
        changed |= {"state": target.value, "stateAt": at}
        emit.append(fact(run, target, counts))
        if target is RunState.FINISHED:
            changed |= {"counts": counts.to_json_dict(), "metadata": metadata or {}} | ending(run, at=at)
            changed["announcedIndexed"] = indexed_total(run)
    if not changed:
        return NOTHING
    unset = ("deadline",) if changed.get("state") == RunState.FINISHED else ()
    return Change(set_=changed, unset=unset, emit=tuple(emit))


def is_queued(run: Run, further: Run | None, *, at: datetime) -> bool:
    """Whether a run without progress only waits behind others: events come to it in the order in which runs began, those that are
    further all began no later, and the last of them came there, or had a chunk parsed or stored, lately.

    Args:
        further: of the runs that are further, the one that began last; of several the one that came there last.
    """
    if further is None or further["startedAt"] > run["startedAt"]:
        return False
    return _moved(further) > at - STEP


def _moved(run: Run) -> datetime:
    """When a run was last seen to get on; a large file stays in one state for hours."""
    marks = [mark for chunk in run["chunks"].values() for mark in chunk.values()]
    times = [mark[name] for mark in marks for name in ("endedAt", "storedAt") if name in mark]
    last: datetime = max([run.get("stateAt") or run["startedAt"], *times])
    return last


def will_finish(run: Run) -> bool:
    """Whether `advance` would finish the run (its metadata must be merged first)."""
    rows = plan_of(run)
    return not ended(run) and rows is not None and all(is_stored(run, row.n) for row in rows)


def closed(run: Run, state: RunState, failure: Failure | None, *, at: datetime) -> Change:
    """End the run without results: failed, cancelled or superseded."""
    if ended(run):
        return NOTHING
    counts = totals(run, "parsed")
    changed: dict[str, Any] = {"state": state.value, "counts": counts.to_json_dict()} | ending(run, at=at)
    if failure:
        changed["failure"] = failure.to_json_dict()
    return Change(set_=changed, unset=("deadline",), emit=(fact(run, state, counts, failure),))


def failed_by_parser(run: Run, event: ParseFailed, *, at: datetime) -> Change:
    """The parser's verdict on the file."""
    change = closed(run, RunState.FAILED, Failure(code=event.code, message=event.message, detail=event.detail), at=at)
    if change.empty:
        return NOTHING
    verdict = {
        "parser": event.parser,
        "version": event.version,
        "startedAt": event.started_at,
        "endedAt": event.ended_at,
    }
    return Change(set_={**change.set_, "verdict": verdict}, unset=change.unset, emit=change.emit)


def as_ended(run: Run) -> RunAdvanced:
    """What is announced of a run that has ended."""
    failure = Failure.model_validate(run["failure"]) if run.get("failure") else None
    return fact(run, RunState(run["state"]), Counts.model_validate(run["counts"]), failure)


def _indexed_further(run: Run, *, at: datetime) -> Change:
    if run["state"] != RunState.FINISHED:
        return NOTHING
    now, wanted = indexed_total(run), int(run["counts"]["parsed"])
    if now <= run.get("announcedIndexed", 0) or now < wanted:
        return NOTHING
    counts = Counts.model_validate(run["counts"])
    changed = {"announcedIndexed": now, "heardBy": at + HEARD}
    return Change(set_=changed, emit=(fact(run, RunState.FINISHED, counts),))


def fact(run: Run, state: RunState, counts: Counts, failure: Failure | None = None) -> RunAdvanced:
    source: dict[str, Any] = next(
        (c["parsed"] for c in run["chunks"].values() if "parsed" in c), run.get("verdict") or {}
    )
    return RunAdvanced(
        file_id=run["fileId"],
        run=run["run"],
        parser=source.get("parser"),
        version=source.get("version"),
        state=state,
        counts=counts,
        indexed=indexed_total(run),
        failure=failure,
    )


def _chunk(run: Run, n: int) -> dict[str, Any]:
    found: dict[str, Any] = run["chunks"].get(str(n), {})
    return found
