"""The rules of a letter: how it comes to be, when it is delivered again, how it ends. Pure.

States: Waiting (nobody has dealt with it, or its consumer could not be asked) → Redriving (to be delivered, or being so) →
Redriven; or Discarded, with a reason. A letter that comes again after it was redriven waits again. What is purely transient is
redriven by itself, with growing delay, for a day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from functions.deadletters.reading import Found, Kind, announced
from leanda import limits
from leanda.changes import NOTHING, Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import OBJECT_STORED, DeadLettered, EventData, LetterEvent, Redriven
from leanda.errors import Conflict
from leanda.originals import place_of

Letter = dict[str, Any]

SCHEDULE: Final = "schedule"
"""Who redrives what nobody asked for."""
AUTOMATIC_FOR: Final = timedelta(hours=24)
LEASE: Final = timedelta(minutes=16)
"""A delivery that takes longer than any function may run is taken up by somebody else."""
POSTPONED: Final = timedelta(seconds=30)
"""After so long a consumer that could not be asked is asked again, then after twice as long, and so on."""
POSTPONED_TIMES: Final = 7
"""So often, for about an hour; then the letter waits for somebody, or for its next turn if it is delivered by itself."""
_FIRST_DELAY: Final = timedelta(minutes=1)
_LONGEST_DELAY: Final = timedelta(hours=1)
_DELIVERABLE: Final = frozenset({Kind.EVENT, Kind.UPLOAD})
_OWN_TYPES: Final = frozenset({DeadLettered.TYPE, Redriven.TYPE})


class State(StrEnum):
    WAITING = "Waiting"
    REDRIVING = "Redriving"
    REDRIVEN = "Redriven"
    DISCARDED = "Discarded"


class LetterDiscarded(Conflict):
    code, summary = "LETTER_DISCARDED", "The letter was discarded; that is final."


class LetterNotDeliverable(Conflict):
    code = "LETTER_NOT_DELIVERABLE"
    summary = "The letter holds nothing that could be delivered again; it can only be discarded."


class LetterBusy(Conflict):
    code, summary = "LETTER_BUSY", "The letter is being delivered, or was; only one that waits can be discarded."


@dataclass(frozen=True)
class Outcome:
    """How a delivery went; `code` and `message` say why not."""

    ok: bool
    code: str = "DELIVERED"
    message: str = "The consumer took it."


def opened(found: Found, *, at: datetime) -> tuple[Letter, Change]:
    """A letter that was not known before, and its announcement."""
    document: Letter = {
        "_id": found.letter_id,
        "revision": 0,
        "state": State.WAITING.value,
        "kind": found.kind.value,
        "encoding": found.encoding,
        "envelope": found.envelope,
        "source": found.source,
        "receivedAt": at,
        "failures": 1,
        "redrives": 0,
        "audit": [_noted(at, "consumer", "failed", found.message)],
        **_place(found),
        **_reason(found),
        **_subject(found),
    }
    if found.transient:
        document |= {"automaticUntil": at + AUTOMATIC_FOR, "dueAt": at + _delay(0)}
    return document, Change(emit=_told(DeadLettered, document, document["attempts"]))


def failed_again(letter: Letter, found: Found, *, at: datetime) -> Change:
    """The same record was given up once more: after a redrive, or because a topic was read again.

    The same letter from the queue once more says nothing new. A discarded letter stays discarded.
    """
    if found.failed_at <= letter["failedAt"]:
        return NOTHING
    changed: Letter = _reason(found) | {
        "attempts": letter["attempts"] + found.attempts,
        "failures": letter["failures"] + 1,
        "audit": [*letter["audit"], _noted(at, "consumer", "failed", found.message)],
    }
    if letter["state"] == State.DISCARDED:
        return Change(set_=changed)
    changed["state"] = State.WAITING.value
    if letter["redrives"]:
        changed["outcome"] = {"ok": False, "code": found.code, "message": found.message, "at": at}
    unset: tuple[str, ...] = ("requestedBy",)
    until, due = letter.get("automaticUntil") or at + AUTOMATIC_FOR, at + _delay(letter["redrives"])
    if found.transient and due < until:
        changed |= {"automaticUntil": until, "dueAt": due}
    else:
        unset = ("requestedBy", "dueAt", "automaticUntil")
    after = letter | changed
    return Change(set_=changed, unset=unset, emit=_told(DeadLettered, after, after["attempts"]))


def requested(letter: Letter, *, by: str, at: datetime) -> Change:
    """Deliver a letter again as soon as possible; asking twice is asking once.

    Raises:
        LetterDiscarded, LetterNotDeliverable: it cannot be delivered.
    """
    if letter["state"] == State.DISCARDED:
        raise LetterDiscarded
    if letter["kind"] not in _DELIVERABLE:
        raise LetterNotDeliverable
    if letter["state"] == State.REDRIVING:
        return NOTHING
    audit = [*letter["audit"], _noted(at, by, "redrive requested")]
    return Change(set_={"state": State.REDRIVING.value, "dueAt": at, "requestedBy": by, "audit": audit})


def claimed(letter: Letter, *, at: datetime) -> Change:
    """Take a due letter to deliver it: nobody else does for a while, and its file hears of it first.

    Each time counts as an attempt, whatever comes of it: a file that was given up in between goes on again.
    """
    changed: Letter = {
        "state": State.REDRIVING.value,
        "dueAt": at + LEASE,
        "redrives": letter["redrives"] + 1,
        "attempts": letter["attempts"] + 1,
        "claimedBy": letter.get("requestedBy", SCHEDULE),
    }
    return Change(set_=changed, emit=_told(Redriven, letter, changed["attempts"]))


def delivered(letter: Letter, claim: int, outcome: Outcome, *, at: datetime) -> Change:
    """Write down how the delivery number `claim` went.

    A consumer that dead-letters the record again has taken it, in its own eyes; its letter then makes this one wait again,
    be it before or after the delivery is written down.
    """
    what = "redriven" if outcome.ok else "redrive failed"
    noted = _noted(at, letter.get("claimedBy", SCHEDULE), what, outcome.message)
    changed: Letter = {"audit": [*letter["audit"], noted]}
    if letter["state"] != State.REDRIVING or letter["redrives"] != claim:
        return Change(set_=changed)
    changed["outcome"] = {"ok": outcome.ok, "code": outcome.code, "message": outcome.message, "at": at}
    if outcome.ok:
        changed["state"] = State.REDRIVEN.value
        return Change(set_=changed, unset=("dueAt", "requestedBy", "automaticUntil", "postponed"))
    changed["state"] = State.WAITING.value
    unset: tuple[str, ...] = ("requestedBy", "postponed")
    due = at + _delay(letter["redrives"])
    if letter.get("automaticUntil") and due < letter["automaticUntil"]:
        changed["dueAt"] = due
    else:
        unset = (*unset, "dueAt")
    return Change(set_=changed, unset=unset, emit=_told(DeadLettered, letter | changed, letter["attempts"]))


def postponed(letter: Letter, claim: int, why: str, *, at: datetime) -> Change:
    """The consumer could not be asked; the letter waits and is due again soon. If that goes on the delivery has failed."""
    if letter["state"] != State.REDRIVING or letter["redrives"] != claim:
        return NOTHING
    times = letter.get("postponed", {}).get("times", 0) + 1
    if times > POSTPONED_TIMES:
        return delivered(letter, claim, Outcome(ok=False, code="NOT_ANSWERED", message=why[:500]), at=at)
    due = at + POSTPONED * (1 << times - 1)
    noted = {"times": times, "at": at, "why": why[:500]}
    return Change(set_={"state": State.WAITING.value, "dueAt": due, "postponed": noted})


def discarded(letter: Letter, reason: str, *, by: str, at: datetime) -> Change:
    """End a letter without delivering it.

    Raises:
        LetterBusy: it does not wait.
    """
    if letter["state"] == State.DISCARDED:
        return NOTHING
    if letter["state"] != State.WAITING:
        raise LetterBusy
    audit = [*letter["audit"], _noted(at, by, "discarded", reason)]
    changed: Letter = {"state": State.DISCARDED.value, "reason": reason, "audit": audit}
    told: tuple[EventData, ...] = ()
    if letter["transient"]:  # its file waits for what would have been delivered by itself
        changed["attempts"] = letter["attempts"] + 1
        given_up = letter | {"code": "GIVEN_UP", "message": f"{letter['message']} It was given up: {reason}"}
        told = _told(DeadLettered, given_up, changed["attempts"])
    elif "postponed" in letter:  # its file was told of a delivery that did not come about
        told = _told(DeadLettered, letter, letter["attempts"])
    return Change(set_=changed, unset=("dueAt", "automaticUntil", "requestedBy", "postponed"), emit=told)


def origin_of(letter: Letter, change: Change) -> Origin:
    """What the announcement in a change follows from: the letter, and which attempt this is.

    The hops of the event that failed are not counted on: an event that went in a circle must still be heard of.
    """
    attempt = next((told.attempt for told in change.emit if isinstance(told, LetterEvent)), 0)
    subject = letter.get("subject") or {}
    return Origin(
        cause=f"{letter['_id']}:{attempt}",
        correlation_id=subject.get("correlationId") or letter["_id"],
        user_id=subject.get("userId"),
    )


def _noted(at: datetime, by: str, what: str, text: str | None = None) -> dict[str, Any]:
    """Who did what, when."""
    note: dict[str, Any] = {"at": at, "by": by, "what": what}
    return note | ({"text": text[:500]} if text else {})


def _reason(found: Found) -> dict[str, Any]:
    told = {"detail": found.detail, "stack": found.stack}
    return {
        "code": found.code,
        "message": found.message,
        "failedAt": found.failed_at,
        "attempts": found.attempts,
        "transient": found.transient,
        **{name: value for name, value in told.items() if value},
    }


def _place(found: Found) -> dict[str, Any]:
    place = {"topic": found.topic, "partition": found.partition, "offset": found.offset, "key": found.key}
    return {"consumer": found.consumer} | {name: value for name, value in place.items() if value is not None}


def _subject(found: Found) -> dict[str, Any]:
    """What the envelope speaks of, as far as it can be read: a malformed event may still name its file."""
    if found.encoding != "utf-8":
        return {}
    try:
        envelope = json.loads(found.envelope)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(envelope, dict):
        return {}
    if found.kind is Kind.UPLOAD:
        return _subject_of_bytes(envelope)
    if found.kind is not Kind.EVENT:
        return {}
    data = envelope.get("data")
    data = data if isinstance(data, dict) else {}
    subject = {
        "eventId": _text(envelope.get("id")),
        "eventType": _text(envelope.get("type")),
        "correlationId": _text(envelope.get("correlationid")),
        "userId": _text(envelope.get("userid")),
        "fileId": _text(data.get("fileId"), most=100),
        "run": _number(data.get("run")),
        "chunk": _number(data.get("chunk")),
        "ownerId": _text(data.get("ownerId"), most=100),
        "inboxPath": _text(data.get("inboxPath"), most=limits.MAX_PATH_BYTES),
    }
    return {"subject": {name: value for name, value in subject.items() if value is not None}}


def _subject_of_bytes(notification: dict[str, Any]) -> Letter:
    """The file of the object that S3 told of; S3 tells of one at a time."""
    place = next((place for one in announced(notification) if (place := place_of(one.key))), None)
    if place is None:
        return {}
    subject = {"eventType": OBJECT_STORED, "fileId": place.file_id}
    if place.owner_id and place.inbox_path is not None:
        subject |= {"ownerId": place.owner_id, "inboxPath": place.inbox_path[: limits.MAX_PATH_BYTES]}
    return {"subject": subject}


def _told(kind: type[LetterEvent], letter: Letter, attempt: int) -> tuple[EventData, ...]:
    """The announcement, if the letter is about a file. Nothing is announced about announcements: that would go in a circle."""
    subject = letter.get("subject") or {}
    if not subject.get("fileId") or not subject.get("eventType") or subject["eventType"] in _OWN_TYPES:
        return ()
    return (
        kind(
            file_id=subject["fileId"],
            letter_id=letter["_id"],
            consumer=letter["consumer"],
            code=letter["code"],
            message=letter["message"][:500],
            event_type=subject["eventType"],
            run=subject.get("run", 0),
            chunk=subject.get("chunk"),
            attempt=attempt,
            record_key=(letter.get("key") or subject["fileId"])[:200],
            owner_id=subject.get("ownerId"),
            inbox_path=subject.get("inboxPath"),
        ),
    )


def _delay(redrives: int) -> timedelta:
    return min(_LONGEST_DELAY, _FIRST_DELAY * (1 << min(redrives, 10)))


def _text(value: object, *, most: int = 200) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= most:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # an escaped lone surrogate
        return None
    return value


def _number(value: object) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limits.GIB
    return value if fits else None  # type: ignore[return-value]
