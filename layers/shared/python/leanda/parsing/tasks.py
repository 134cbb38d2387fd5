"""The tasks of a run: as its planner announces them, and as the watchdog repeats them with the same ids. Pure."""

from __future__ import annotations

from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import ChunkRow, ContinuePlan, ParseChunk, RunRequest
from leanda.parsing.planner import Start


def plan_from_beginning(request: RunRequest, format: str | None = None) -> ContinuePlan:
    """A request as a plan of which nothing is there yet; read with the given format, else with the request's."""
    return ContinuePlan(
        file_id=request.file_id,
        run=request.run,
        blob_id=request.blob_id,
        kind=request.kind,
        format=format or request.format,
        size=request.size,
        part=0,
        n=0,
        offset=0,
        first_index=0,
    )


def plan_further(plan: ContinuePlan, part: int, last: ChunkRow) -> ContinuePlan:
    """The plan from the given part on, which begins behind the chunk `last`."""
    counted = last.count or 0
    following = {"n": last.n + 1, "offset": last.offset + last.length, "first_index": last.first_index + counted}
    return plan.model_copy(update={"part": part} | following)


def start_of(plan: ContinuePlan) -> Start:
    return Start(plan.n, plan.offset, plan.first_index)


def parse_chunk(plan: ContinuePlan, row: ChunkRow) -> ParseChunk:
    """The task to parse one chunk of a plan."""
    return ParseChunk(
        file_id=plan.file_id,
        run=plan.run,
        chunk=row.n,
        blob_id=plan.blob_id,
        kind=plan.kind,
        format=plan.format,
        row=row,
    )


def origin_of_tasks(request: Event) -> Origin:
    """What all tasks of a run follow from: its request, wherever they are announced."""
    return Origin.of_event(request)


def origin_of_further_tasks(step: Event) -> Origin:
    """The same, where planning goes on with a `ContinuePlan`: that one stands for the request and adds no hop."""
    return Origin.of_event(step).model_copy(update={"cause": step.causationid, "hops": step.hops})
