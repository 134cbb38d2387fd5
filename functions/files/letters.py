"""What dead letters mean for a run: marks that commute, and a run that ends when nothing but a letter could go on. Pure.

A letter is kept on the run as `letters.<id>` with its last failure and its last delivery. It is open while the failure is not
older than the delivery (`attempt` counts both). An open letter stands in a run's way if what it holds is what the run waits
for: the request or the plan, a chunk's task, a chunk's parsed records, a chunk's processed records. Once everything else is
done such a run is closed as Failed with the letter's code, and `closedBy` says so. Not for what was only interrupted: such
letters are delivered again by themselves for a day, and until then the watchdog's deadline is the judge.

That end is not final: a delivery, or the missing result itself, reopens the run, so that the state follows from the marks in
whatever order they came. A run that the watchdog closed is reopened by a delivery after its end; a parser's verdict, a deletion
and a newer run are final. Letters of the index never end a run: indexing is only retried.

A letter about the bytes of a file, before there is a run, is kept on the node in the same form and ends the file, until they are
taken after all.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from functions.files import runs as rules
from functions.files.domain import CLOSED_BY_LETTER, Node, told
from functions.files.runs import Run
from leanda.changes import NOTHING, Change
from leanda.contracts.events import (
    OBJECT_STORED,
    BlobRejected,
    BlobStored,
    ChunksPlanned,
    ContinuePlan,
    DeadLettered,
    Failure,
    FileCreated,
    FileReprocessRequested,
    FileStatus,
    FileStatusChanged,
    MemberRequested,
    ParseChunk,
    ParseFailed,
    RecordsIndexed,
    RecordsParsed,
    RecordsProcessed,
    Redriven,
    RunState,
    UploadExpired,
)

_ID: Final = re.compile(r"[0-9a-f-]{1,64}")

_OF_BYTES: Final = frozenset(
    {
        *(("files-on-file-events", one.TYPE) for one in (BlobStored, BlobRejected, UploadExpired)),
        ("blobs-on-file-events", MemberRequested.TYPE),
        ("blobs-on-s3-upload", OBJECT_STORED),
    }
)
"""What consumer gives up what type: then a file stays without its bytes."""
_DELIVERED_BY_ITSELF: Final = frozenset({"RETRIES_EXHAUSTED"})
_TRACKER: Final = "files-on-record-events"
_PLAN: Final = frozenset({FileCreated.TYPE, FileReprocessRequested.TYPE, ContinuePlan.TYPE})
_STEP_OF_TRACKED: Final = {
    ChunksPlanned.TYPE: "parse",
    RecordsParsed.TYPE: "parse",
    ParseFailed.TYPE: "parse",
    RecordsProcessed.TYPE: "store",
    RecordsIndexed.TYPE: "index",
}

Letter = dict[str, Any]


def marked(owner: Run | Node, event: DeadLettered | Redriven, *, at: datetime) -> Change:
    """Keep the latest failure, or the latest delivery, of a letter on what it concerns; an older one changes nothing.

    Args:
        at: the time of the event.
    """
    if not _ID.fullmatch(event.letter_id):  # it becomes the name of a field
        return NOTHING
    side = "failed" if isinstance(event, DeadLettered) else "redriven"
    known = (owner.get("letters") or {}).get(event.letter_id, {}).get(side)
    if known and known["attempt"] >= event.attempt:
        return NOTHING
    mark: Letter = {"attempt": event.attempt, "at": at}
    if isinstance(event, DeadLettered):
        mark |= {"consumer": event.consumer, "eventType": event.event_type, "code": event.code}
        mark |= {"message": event.message} | ({} if event.chunk is None else {"chunk": event.chunk})
    return Change(set_={f"letters.{event.letter_id}.{side}": mark}, guarded=False)


def is_open(letter: Letter) -> bool:
    """Whether the letter waits: it failed, and was not delivered since."""
    failed, redriven = letter.get("failed"), letter.get("redriven")
    return failed is not None and (redriven is None or bool(failed["attempt"] >= redriven["attempt"]))


def step_of(failed: Letter) -> str | None:
    """The step of the timeline that a letter belongs to; None for what shows in no step."""
    consumer = failed["consumer"]
    if consumer.startswith("parsers-"):
        return "parse"
    if consumer.startswith("processor-"):
        return "process"
    if consumer == _TRACKER:
        return _STEP_OF_TRACKED.get(failed["eventType"])
    if _is_of_bytes(failed):
        return "upload"
    return "index" if consumer == "search-on-record-events" else None


def without_bytes(node: Node, *, at: datetime) -> Change:
    """End a file whose bytes nobody could take: the letter tells why. When they are taken after all its first run begins."""
    waiting = ((key, one["failed"]) for key, one in sorted((node.get("letters") or {}).items()) if is_open(one))
    found = [(key, failed) for key, failed in waiting if _is_of_bytes(failed)]
    standing = [(key, failed) for key, failed in found if failed["code"] not in _DELIVERED_BY_ITSELF]
    if not standing or node.get("blob") is not None or node["status"] != FileStatus.LOADING:
        return NOTHING
    letter_id, failed = standing[0]
    failure = failure_of(letter_id, failed)
    changed = {
        "status": FileStatus.FAILED.value,
        "failure": failure.to_json_dict(),
        "closedBy": CLOSED_BY_LETTER,
        "updatedAt": at,
    }
    return Change(set_=changed, emit=(told(FileStatusChanged, node, changed),))


def tells_of_unknown_file(event: DeadLettered | Redriven) -> bool:
    """Whether a letter is all that anybody knows of a file in an inbox: its owner is to see that, and why."""
    known = {"consumer": event.consumer, "eventType": event.event_type}
    by_itself = event.code in _DELIVERED_BY_ITSELF
    there = event.owner_id is not None and event.inbox_path is not None
    return isinstance(event, DeadLettered) and there and _is_of_bytes(known) and not by_itself


def failure_of(letter_id: str, failed: Letter | DeadLettered) -> Failure:
    """What a file or run that only a letter ended says of it."""
    code, message = (
        (failed.code, failed.message) if isinstance(failed, DeadLettered) else (failed["code"], failed["message"])
    )
    return Failure(code=code, message=message, detail=f"dead letter {letter_id}")


def _is_of_bytes(failed: Letter) -> bool:
    return (failed["consumer"], failed["eventType"]) in _OF_BYTES


def may_go_on(run: Run) -> bool:
    """Whether results still count: the run is open, or was closed by nothing but a letter and still has what it is made of."""
    return not rules.ended(run) or (run.get("closedBy") == CLOSED_BY_LETTER and "retiredAt" not in run)


def settled(run: Run, *, at: datetime, deadline: datetime) -> Change:
    """Close a run that only a letter could bring on, or open again one for which that is no longer so."""
    if "retiredAt" in run:
        return NOTHING
    standing = _in_the_way(run)
    if rules.ended(run):
        by_letter = run.get("closedBy") == CLOSED_BY_LETTER
        reopens = standing is None if by_letter else _delivered_after_end(run)
        return _reopened(run, deadline=deadline) if reopens else NOTHING
    if standing is None:
        return NOTHING
    letter_id, failed = standing
    failure = failure_of(letter_id, failed)
    change = rules.closed(run, RunState.FAILED, failure, at=at)
    return Change(set_={**change.set_, "closedBy": CLOSED_BY_LETTER}, unset=change.unset, emit=change.emit)


def judged(run: Run, event: ParseFailed, *, at: datetime) -> Change:
    """The parser's verdict, which also replaces what a letter said."""
    if run.get("closedBy") != CLOSED_BY_LETTER:
        return rules.failed_by_parser(run, event, at=at)
    change = rules.failed_by_parser(run | {"state": RunState.OPEN.value}, event, at=at)
    return Change(set_=change.set_, unset=(*change.unset, "closedBy"), emit=change.emit)


def _reopened(run: Run, *, deadline: datetime) -> Change:
    """Back to the state that the marks tell; whoever reopens a run advances it next."""
    state = min(rules.reached(run), RunState.PROCESSING, key=lambda state: rules.RANK[state])
    return Change(
        set_={"state": state.value, "deadline": deadline},
        unset=("failure", "endedAt", "tidyAt", "heardBy", "counts", "closedBy"),
        emit=(rules.fact(run, state, rules.totals(run, "parsed")),),
    )


def _delivered_after_end(run: Run) -> bool:
    if run["state"] != RunState.FAILED or run.get("verdict"):
        return False
    letters = [one for one in (run.get("letters") or {}).values() if "redriven" in one and not is_open(one)]
    return any(one["redriven"]["at"] > run["endedAt"] for one in letters)


def _in_the_way(run: Run) -> tuple[str, Letter] | None:
    """The letter that keeps the run from its end, if everything else is done."""
    waiting_letters = {key: one["failed"] for key, one in sorted((run.get("letters") or {}).items()) if is_open(one)}
    found = {key: failed for key, failed in waiting_letters.items() if failed["code"] not in _DELIVERED_BY_ITSELF}
    if not found:
        return None
    rows = rules.plan_of(run)
    known = {row.n for row in rows} if rows is not None else {int(n) for n in run["chunks"]}
    waiting = {n for n in known if not rules.is_stored(run, n)}
    of_plan = [(key, failed) for key, failed in found.items() if rows is None and _holds_plan(failed)]
    of_chunks = {failed["chunk"]: (key, failed) for key, failed in found.items() if _holds_chunk(failed)}
    if waiting - of_chunks.keys() or not (waiting or of_plan):
        return None
    if rows is None and not of_plan:
        return None
    return of_plan[0] if of_plan else of_chunks[min(waiting)]


def _holds_plan(failed: Letter) -> bool:
    consumer, type_ = failed["consumer"], failed["eventType"]
    if consumer.startswith("parsers-"):
        return type_ in _PLAN
    return consumer == _TRACKER and type_ in {ChunksPlanned.TYPE, ParseFailed.TYPE}


def _holds_chunk(failed: Letter) -> bool:
    consumer, type_ = str(failed["consumer"]), failed["eventType"]
    if failed.get("chunk") is None:
        return False
    return bool(
        (consumer.startswith("parsers-") and type_ == ParseChunk.TYPE)
        or (consumer.startswith("processor-") and type_ == RecordsParsed.TYPE)
        or (consumer == _TRACKER and type_ == RecordsProcessed.TYPE)
    )
