"""Documents that announce what happens to them: state and events in one atomic update (transactional outbox).

A document has `_id`, `revision`, `outbox` (entries `{id, topic, key, body, at}`), `announced` (the revision with which something
was announced last; others can know of no later one) and whatever its context keeps in it.
Guards use `_id` or `{_id, revision}` alone. Entries are pulled by id after the broker confirmed them; a crash in between
publishes them again with the same ids, which consumers recognise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from leanda import limits
from leanda.changes import Change, messages_of
from leanda.contracts.envelope import Origin
from leanda.errors import OutboxFull, RevisionConflict, Unavailable
from leanda.observability import logger
from leanda.persistence.client import Document, store_errors
from leanda.ports import Clock, Message, Publisher

CONSUMER_TIMEOUT: Final = 10.0
REQUEST_TIMEOUT: Final = 0.3
RELAY_AGE: Final = timedelta(seconds=5)
RELAY_RESERVE_SECONDS: Final = CONSUMER_TIMEOUT + 5.0


class Aggregates(Protocol):
    """Documents with an outbox; the same contract for the real store and for the fake."""

    def get(self, key: str) -> Document | None:
        """The document without its outbox, or None."""
        ...

    def get_many(self, keys: Iterable[str]) -> dict[str, Document]: ...

    def insert(self, document: Mapping[str, Any], change: Change, origin: Origin) -> bool:
        """Insert once; False when a document of that `_id` exists (which is left as it is)."""
        ...

    def apply(self, document: Mapping[str, Any], change: Change, origin: Origin) -> None:
        """Write a change to the document as it was read, raising its revision if the change is guarded.

        Raises:
            RevisionConflict: it was written in between; read it again and decide anew.
            OutboxFull: too many of its events wait.
        """
        ...

    def publish(self, key: str) -> None:
        """Send all pending entries, oldest first, and pull those that were confirmed.

        Raises:
            Unavailable: the broker did not confirm in time (never on the request path: there the relay takes over).
        """
        ...

    def stale(self, limit: int) -> list[str]:
        """Ids of documents whose oldest entry waits longer than the relay's age."""
        ...


class MongoAggregates:
    """`Aggregates` on one collection.

    Args:
        source: the context's name, in every event.
        patient: consumers wait for the broker and fail if it is silent; requests wait 0.3 s and leave the rest to the relay.
    """

    def __init__(
        self, collection: Collection[Document], publisher: Publisher, clock: Clock, *, source: str, patient: bool
    ) -> None:
        self.collection, self._publisher, self._clock = collection, publisher, clock
        self._source, self._patient = source, patient
        # While the broker takes events no outbox fills up, and a guard by anything but keys costs the store as much again.
        self._silent = False

    def get(self, key: str) -> Document | None:
        with store_errors():
            return self.collection.find_one({"_id": key}, {"outbox": 0})

    def get_many(self, keys: Iterable[str]) -> dict[str, Document]:
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        with store_errors():
            return {found["_id"]: found for found in self.collection.find({"_id": {"$in": wanted}}, {"outbox": 0})}

    def insert(self, document: Mapping[str, Any], change: Change, origin: Origin) -> bool:
        revision = document.get("revision", 0)
        entries = self._entries(change, origin, sequence=revision)
        announced = {"announced": revision} if change.emit else {}
        with store_errors():
            try:
                self.collection.insert_one({**document, **announced, "outbox": entries})
            except DuplicateKeyError:
                return False
        return True

    def apply(self, document: Mapping[str, Any], change: Change, origin: Origin) -> None:
        if change.empty:
            return
        revision, last = document["revision"] + (1 if change.guarded else 0), ""
        guard: Document = {"_id": document["_id"]}
        update: dict[str, Any] = {}
        if change.set_:
            update["$set"] = dict(change.set_)
        if change.emit and change.guarded:
            update.setdefault("$set", {})["announced"] = revision
        if change.unset:
            update["$unset"] = dict.fromkeys(change.unset, "")
        if change.guarded:
            guard["revision"] = document["revision"]
            update["$inc"] = {"revision": 1}
        if change.emit or change.again:
            entries = self._entries(change, origin, sequence=revision)
            last = _last_place_for(entries)
            if self._silent:
                guard[last] = {"$exists": False}
            update["$push"] = {"outbox": {"$each": entries}}
        with store_errors():
            if self.collection.update_one(guard, update).matched_count:
                return
            if last in guard and self.collection.find_one(
                {"_id": document["_id"], last: {"$exists": True}}, {"_id": 1}
            ):
                raise OutboxFull(detail=str(document["_id"]))
        raise RevisionConflict(detail=str(document["_id"]))

    def publish(self, key: str) -> None:
        with store_errors():
            found = self.collection.find_one({"_id": key}, {"outbox": 1})
        pending = (found or {}).get("outbox") or []
        if not pending:
            return
        messages = [Message(e["topic"], e["key"], e["id"], e["body"].encode()) for e in pending]
        try:
            self._publisher.publish(messages, timeout=CONSUMER_TIMEOUT if self._patient else REQUEST_TIMEOUT)
        except Unavailable as error:
            self._silent = True
            if self._patient:
                raise
            logger.warning("events stay in the outbox; the relay will send them", key=key, detail=error.detail)
            return
        self._silent = False
        with store_errors():
            self.collection.update_one({"_id": key}, {"$pull": {"outbox": {"id": {"$in": [e["id"] for e in pending]}}}})

    def stale(self, limit: int) -> list[str]:
        before = self._clock.now() - RELAY_AGE
        with store_errors():
            found = self.collection.find({"outbox.at": {"$lt": before}}, {"_id": 1}).sort("outbox.at", 1).limit(limit)
            return [document["_id"] for document in found]

    def ensure_indexes(self, *, local: bool) -> None:
        """The relay's sparse index; on one machine also the guard's, which the local engine does not derive from `_id`."""
        self.collection.create_index([("outbox.at", ASCENDING)], name="outbox", sparse=True)
        if local:
            self.collection.create_index([("_id", ASCENDING), ("revision", ASCENDING)], name="guard")

    def _entries(self, change: Change, origin: Origin, *, sequence: object) -> list[Document]:
        at: datetime = self._clock.now()
        fresh = messages_of(change.emit, origin, source=self._source, at=at, sequence=sequence)
        return [
            {"id": m.event_id, "topic": m.topic, "key": m.key, "body": m.body.decode(), "at": at}
            for m in (*fresh, *change.again)
        ]


def _last_place_for(entries: list[Document]) -> str:
    """The place of an outbox that must be free, so that it is not too full with these.

    Raises:
        OutboxFull: they are too many, or too large, by themselves.
    """
    room = limits.MAX_OUTBOX_ENTRIES - len(entries)
    if room < 0 or sum(len(entry["body"]) for entry in entries) > limits.MAX_OUTBOX_BYTES:
        raise OutboxFull
    return f"outbox.{room}"


def relay(owners: Iterable[Aggregates], *, left: Callable[[], float] = lambda: float("inf"), limit: int = 200) -> int:
    """Publish what a crash left behind; returns how many documents were served. Repeating it does no harm.

    Args:
        left: seconds that are left. What a slow broker leaves no time for is there for the next run.
        limit: documents of each owner.

    Raises:
        Unavailable: of some documents an event was not taken. It held up none of the others.
    """
    served, refused = 0, None
    for owner in owners:
        for key in owner.stale(limit):
            if left() < RELAY_RESERVE_SECONDS:
                break
            try:
                owner.publish(key)
            except Unavailable as error:
                logger.warning("a document's events cannot be relayed", key=key, detail=error.detail)
                refused = error
            else:
                served += 1
    if refused:
        raise refused
    return served


def each_due(due: Callable[[], Iterable[Document]], enough: Callable[[], bool]) -> Iterator[Document]:
    """Documents that are due, as long as there is time enough; each once, even if it stays due because a look at it failed."""
    met: set[str] = set()
    while some := [document for document in due() if document["_id"] not in met]:
        for document in some:
            if not enough():
                return
            met.add(document["_id"])
            yield document


def deciding[T](decide: Callable[[], T], *, tries: int = 8) -> T:
    """Run `decide` (read, decide, apply) until nobody writes in between; each try reads anew.

    Raises:
        RevisionConflict: the document is written so often that no try came through.
    """
    for _ in range(tries - 1):
        try:
            return decide()
        except RevisionConflict:
            continue
    return decide()
