"""How a file follows its runs: its status, its counts, and which run's results it shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from functions.files.domain import RUN_RANK, STATUS_OF_RUN, Node, told
from leanda.changes import NOTHING, Change
from leanda.contracts.events import (
    EventData,
    Failure,
    FileIndexed,
    FileParsed,
    FileParseFailed,
    FileProcessed,
    FileStatus,
    FileStatusChanged,
    NodeFact,
    RunActivated,
    RunAdvanced,
    RunState,
)

_ENDS_WITHOUT_RESULTS: Final = {RunState.FAILED, RunState.CANCELLED, RunState.SUPERSEDED}


def run_advanced(node: Node, event: RunAdvanced, *, sequence: str = "0", at: datetime) -> Change:
    """Let the node follow a run. Late and repeated facts change nothing: ranks only rise, and only the latest run counts.

    The one way back is that a failed run was reopened, which a later `sequence` tells from a late fact. Its records were hidden
    when it failed, so their placement is raised and they are announced anew. The status is that of the active run; a later run
    shows as `latestRun` until it finishes and takes over, which it does even without a record; with none but bad ones it failed.

    Args:
        sequence: the event's: the revision of the run that the fact came with, and its place in that change (`7`, `7.1`).
    """
    latest = node.get("latestRun") or {}
    if event.run != latest.get("run") or _is_late(event, sequence, latest):
        return NOTHING
    why = failure_of(event)
    failed = why.to_json_dict() if why else None
    advances = event.state != latest["state"] or (event.state is RunState.FAILED and failed != latest.get("failure"))
    changed: dict[str, Any] = {"updatedAt": at}
    if advances:
        changed["latestRun"] = {"run": event.run, "state": event.state.value, "sequence": sequence}
        if failed:
            changed["latestRun"]["failure"] = failed
    kinds: list[type[NodeFact]] = []
    active = event.run == node["activeRun"]
    taking_over = not active and event.state is RunState.FINISHED and not failed
    reopened = active and latest["state"] == RunState.FAILED and event.state not in _ENDS_WITHOUT_RESULTS
    if reopened:
        changed["placement"] = node["placement"] + 1
    if active or taking_over:
        if not advances and event.indexed <= node.get("indexedRecords", 0):
            return NOTHING
        status, failure = status_of(event)
        shown = failure.to_json_dict() if failure else None
        if advances and (status != node["status"] or shown != node.get("failure")):
            changed |= {"status": status.value, "failure": shown}
            kinds.append(_FACT_OF_STATUS.get(status, FileStatusChanged))
        changed |= {"counts": event.counts.to_json_dict(), "indexedRecords": event.indexed}
        if event.parser:
            changed["parser"] = {"name": event.parser, "version": event.version}
        if event.state is RunState.FINISHED and event.indexed >= event.counts.parsed > 0:
            kinds.append(FileIndexed)
    elif not advances:
        return NOTHING
    if event.state is RunState.FAILED or (failed and not active):
        kinds = [FileParseFailed]
    emit: list[EventData] = [told(kind, node, changed, run=event.run, counts=event.counts) for kind in kinds]
    if reopened:
        emit.append(told(RunActivated, node, changed, run=event.run, counts=event.counts))
    if taking_over:
        previous = (node.get("counts") or {}).get("total", 0)
        changed |= {"activeRun": event.run, "placement": node["placement"] + 1}
        activated = told(RunActivated, node, changed, run=event.run, counts=event.counts)
        emit.append(activated.model_copy(update={"previous_total": previous}))
    return Change(set_=changed, emit=tuple(emit))


def _is_late(event: RunAdvanced, sequence: str, latest: Mapping[str, Any]) -> bool:
    """Whether the node is further than the fact."""
    known = latest.get("sequence")
    if known is not None and _in_run(sequence) < _in_run(known):
        return True
    if RUN_RANK[event.state] >= RUN_RANK[RunState(latest["state"])]:
        return False
    reopened = latest["state"] == RunState.FAILED and known is not None and _in_run(sequence) > _in_run(known)
    return not reopened


def _in_run(sequence: str) -> tuple[int, int]:
    revision, _, position = sequence.partition(".")
    return int(revision) if revision.isdigit() else 0, int(position) if position.isdigit() else 0


_FACT_OF_STATUS: Final[dict[FileStatus, type[NodeFact]]] = {
    FileStatus.PARSED: FileParsed,
    FileStatus.PROCESSED: FileProcessed,
    FileStatus.PROCESSED_PARTIALLY: FileProcessed,
}


def failure_of(event: RunAdvanced) -> Failure | None:
    """Why a run gave nothing good, where it says so or went to its end and all its records are bad."""
    counts = event.counts
    if event.state is RunState.FINISHED and counts.total and not counts.parsed:
        return Failure(code="NO_GOOD_RECORD", message=f"Not one of the {counts.total} records could be read.")
    return event.failure


def status_of(event: RunAdvanced) -> tuple[FileStatus, Failure | None]:
    """The status that a run's state means for its file, and why if it failed."""
    if event.state is RunState.FINISHED:
        if failure := failure_of(event):
            return FileStatus.FAILED, failure
        return (FileStatus.PROCESSED_PARTIALLY if event.counts.failed else FileStatus.PROCESSED), None
    if event.state in _ENDS_WITHOUT_RESULTS:
        return FileStatus.FAILED, event.failure or Failure(code=event.state.upper(), message="The run was ended.")
    return STATUS_OF_RUN[event.state], None
