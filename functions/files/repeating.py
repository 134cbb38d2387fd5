"""What is said again for a run that makes no progress, and when it is given up. Pure.

A repetition has the ids of what it repeats, so it changes nothing where the first one arrived. Tasks are repeated `TASK_REPEATS`
times, counted anew after each progress and only when a broker took them; then the run is closed. That stored records wait for the
index never ends a run: their announcement is repeated without limit, slower each time. So is the end of a run, until its file
shows it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from functions.files import runs as rules
from functions.files.advancing import failure_of
from functions.files.domain import Node
from functions.files.runs import Run
from leanda.changes import Change, message_of
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import (
    ChunkRow,
    ContinuePlan,
    Counts,
    EventData,
    Failure,
    RecordsStored,
    RunRequest,
    RunState,
)
from leanda.contracts.registry import data_of, event_of
from leanda.parsing import tasks
from leanda.ports import Message

TASK_REPEATS: Final = 3
STEP: Final = rules.STEP
SLOWEST: Final = timedelta(days=1)
_OVER: Final = {RunState.FAILED, RunState.CANCELLED, RunState.SUPERSEDED, RunState.NOT_REQUESTED}


def slower(times: int) -> timedelta:
    """How long to wait after so many repetitions: twice as long each time, at most a day."""
    doublings = min(times, 10)
    return min(STEP * (1 << doublings), SLOWEST)


def request_of(node: Node, run: Run, *, at: datetime) -> Event | None:
    """The event that began a run, as it was announced; None where the node knows no more than that there was one."""
    kept = node.get("request")
    if not kept or kept["data"]["run"] != run["run"]:
        return None
    origin = Origin.model_validate(kept["origin"])
    return origin.event(
        kept["type"], source="files", subject=node["_id"], data=kept["data"], at=at, sequence=kept["sequence"]
    )


def overdue(run: Run, node: Node | None, *, queued: bool, at: datetime) -> tuple[Change, tuple[Message, ...]]:
    """What a run without progress needs: something said again, or its end; and the change to be written after it was said.

    Not while it only waits behind others: repetitions would make the queue longer, and its end would be for nothing.

    Args:
        queued: see `functions.files.runs.is_queued`.
    """
    latest = ((node or {}).get("latestRun") or {}).get("run", 0)
    times = run.get("repeats", {}).get("times", 0) if _progress(run) == run.get("repeats", {}).get("progress") else 0
    if node is None or latest < run["run"]:
        # Who begins a run writes it first and the node after it; if that was interrupted, somebody will come back to it.
        waited = run.get("repeats", {}).get("total", 0)
        return Change(set_=_repeated(run, times, deadline=at + slower(waited))), ()
    if latest > run["run"]:
        return rules.closed(run, RunState.SUPERSEDED, None, at=at), ()
    if node["deleted"]:
        return rules.closed(run, RunState.CANCELLED, None, at=at), ()
    if queued:
        return Change(set_={"deadline": at + STEP}), ()
    request = request_of(node, run, at=at)
    if request is not None and times < TASK_REPEATS:
        return Change(set_=_repeated(run, times, deadline=at + STEP)), tuple(_missing(run, request, at=at))
    failure = Failure(
        code="STEP_TIMED_OUT",
        message="Processing made no progress in time and was ended; reprocess the file to try again.",
        detail=f"state {run['state']}, deadline {run['deadline'].isoformat()}, repeated {times} times",
    )
    return rules.closed(run, RunState.FAILED, failure, at=at), ()


def unindexed(run: Run, node: Node | None, *, at: datetime) -> tuple[Change, tuple[RecordsStored, ...]]:
    """The announcements of stored chunks that nobody can find yet, and when to look again; or that no more is to be done."""
    settled = Change(unset=("indexBy", "indexRepeats"))
    if node is None or node["deleted"] or node.get("activeRun") != run["run"] or RunState(run["state"]) in _OVER:
        return settled, ()  # what is not shown is not indexed; who changes that announces the chunks himself
    facts = tuple(fact for fact in stored_chunks(run, placement=node["placement"]) if not is_found(run, fact))
    if not facts:
        return settled if rules.ended(run) else Change(set_={"indexBy": at + STEP}), ()
    times = run.get("indexRepeats", 0)
    return Change(set_={"indexBy": at + slower(times), "indexRepeats": times + 1}), facts


def unheard(run: Run, node: Node | None, *, at: datetime) -> Change:
    """The end of a run once more, if its file does not show it yet, and when to look again; or that no more is to be done."""
    latest = (node or {}).get("latestRun") or {}
    if node is None or latest.get("run") != run["run"] or not rules.ended(run) or _shows(node, run):
        return Change(unset=("heardBy", "heardRepeats"))
    times = run.get("heardRepeats", 0)
    waits = {"heardBy": at + slower(times), "heardRepeats": times + 1}
    return Change(set_=waits, emit=(rules.as_ended(run),))


def _shows(node: Node, run: Run) -> bool:
    """Whether a file says of its latest run how it ended, and how much of it is found."""
    latest = node["latestRun"]
    failure = failure_of(rules.as_ended(run))
    if (latest["state"], latest.get("failure")) != (run["state"], failure.to_json_dict() if failure else None):
        return False
    return bool(node["activeRun"] != run["run"] or node.get("indexedRecords", 0) >= run.get("announcedIndexed", 0))


def is_found(run: Run, stored: RecordsStored) -> bool:
    """Whether a chunk was indexed at the placement that is announced, or a later one."""
    return bool(run["chunks"][str(stored.chunk)].get("indexed", {}).get("placement", -1) >= stored.placement)


def stored_chunks(run: Run, *, placement: int) -> list[RecordsStored]:
    """What is announced of a run's stored chunks, for a file at a placement."""
    return [
        RecordsStored(
            file_id=run["fileId"],
            run=run["run"],
            chunk=int(n),
            counts=Counts.model_validate(chunk["stored"]["counts"]),
            artefact=chunk["stored"]["artefact"],
            placement=placement,
        )
        for n, chunk in sorted(run["chunks"].items(), key=lambda item: int(item[0]))
        if "stored" in chunk
    ]


def _missing(run: Run, request: Event, *, at: datetime) -> list[Message]:
    """The request if nothing is planned, or if what is missing was read by who planned it; else the missing tasks."""
    asked = data_of(request)
    assert isinstance(asked, RunRequest)
    parts = _first_parts(run)
    rows = [row for part in parts for row in part]
    waiting = [row for row in rows if not rules.is_stored(run, row.n)]
    if not parts or any(row.at_once for row in waiting):
        return [message_of(asked, request)]
    plan = tasks.plan_from_beginning(asked)
    missing: list[EventData] = [tasks.parse_chunk(plan, row) for row in waiting]
    if rules.plan_of(run) is None:
        missing.append(_further(plan, parts))
    source, origin = f"parsers/{asked.kind}", tasks.origin_of_tasks(request)
    return [
        message_of(task, event_of(task, origin, source=source, at=at, sequence=task.discriminator()))
        for task in missing
    ]


def _further(plan: ContinuePlan, parts: list[list[ChunkRow]]) -> ContinuePlan:
    return tasks.plan_further(plan, len(parts), parts[-1][-1])


def _first_parts(run: Run) -> list[list[ChunkRow]]:
    """The parts of the plan that are there without a gap."""
    found: list[list[ChunkRow]] = []
    while rows := run["plan"].get(str(len(found))):
        found.append([ChunkRow.model_validate(row) for row in rows])
    return found


def _progress(run: Run) -> int:
    """A number that rises with every step of a run: its parts, and what is done of its chunks."""
    return len(run["plan"]) + sum(len(marks.keys() & {"parsed", "stored"}) for marks in run["chunks"].values())


def _repeated(run: Run, times: int, *, deadline: datetime) -> dict[str, Any]:
    total = run.get("repeats", {}).get("total", 0)
    return {"deadline": deadline, "repeats": {"times": times + 1, "total": total + 1, "progress": _progress(run)}}
