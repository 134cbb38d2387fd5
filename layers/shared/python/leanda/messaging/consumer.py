"""The loop of every Kafka consumer: outcome, transient, defect; never mixed.

- An *outcome* is a normal return of the handler.
- A *transient* error (store, broker, S3, index down) is retried with jittered backoff inside the time budget; then the record is
  reported as failed, and with it everything after it in its partition, which comes again anyway.
- A *defect* (anything unexpected) is tried three times, then dead-lettered and acknowledged, so that the partition moves on. If
  more than half of those that were tried of a partition's batch, four or more, are defective the records are reported as
  failed instead: a bad deployment must not drain a topic into the queue. A letter that cannot be kept fails its record.

What cannot be brought to its end in the time that is left is not begun: it is reported as failed and comes again first in line.

The key fence: after the first record of a key that is not done, later records of that key wait with it.
"""

from __future__ import annotations

import math
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from leanda.contracts.envelope import Event
from leanda.contracts.events import EventData
from leanda.contracts.registry import data_of
from leanda.errors import EventRefused, LeandaError
from leanda.messaging.letters import DeadLetterQueue, Letter
from leanda.messaging.records import KafkaRecord, failures_response, records_of
from leanda.observability import correlated, correlation_id, logger, shortened
from leanda.ports import Clock

DEFECT_TRIES: Final = 3
TRANSIENT_TRIES: Final = 6
HALF_BATCH_MINIMUM: Final = 4
RESERVE_SECONDS: Final = 4.0
_BACKOFF_SECONDS: Final = 0.1
_BACKOFF_MAX_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Received:
    """A record that is a valid event of a known type."""

    record: KafkaRecord
    event: Event
    data: EventData

    def logged(self) -> AbstractContextManager[None]:
        """What is logged inside is of this event and of the work that it belongs to."""
        return correlated(self.event.correlationid, event_id=self.event.id, event_type=self.event.type)


Group = Sequence[Received]


class Budget:
    """The time of the invocation that is under way, for those who divide long work: seconds until Lambda would end it."""

    def __init__(self) -> None:
        self.left: Callable[[], float] = lambda: math.inf


@dataclass(slots=True)
class _Defect:
    record: KafkaRecord
    error: Exception
    attempts: int
    correlation: str


@dataclass
class Consumer:
    """What a handler module needs to be a consumer.

    Attributes:
        name: the consumer group; letters carry it.
        handle: does the work for one group; repeating it changes nothing.
        group: splits a batch into the units of work; default: every record alone. A group that is defective as a whole is
            tried again record by record, so that the guilty one is found and its neighbours are done.
        needs_seconds: what one group may take; with less than that left only the first of an invocation is begun.
        budget: tells the handler how much time is left.
        sleep, jitter: replaceable for tests.
    """

    name: str
    handle: Callable[[Group], None]
    dead_letters: DeadLetterQueue
    clock: Clock
    group: Callable[[Sequence[Received]], Iterable[Group]] = lambda received: [[one] for one in received]
    needs_seconds: float = RESERVE_SECONDS
    budget: Budget = field(default_factory=Budget)
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def consume(self, event: dict[str, Any], remaining_seconds: Callable[[], float]) -> dict[str, Any]:
        """Handle an MSK-shaped event; returns the partial-batch response."""
        self.budget.left = remaining_seconds
        batch = _Batch(self, records_of(event), remaining_seconds)
        batch.run()
        return failures_response(batch.failed)


def _tell(group: Group) -> None:
    """Log what is done: one line for each piece of work, because a group may be of many."""
    types: dict[str, Counter[str]] = {}
    for one in group:
        types.setdefault(one.event.correlationid, Counter())[one.event.type] += 1
    for correlation, counted in types.items():
        with correlated(correlation):
            logger.info("handled", events=dict(counted))


@dataclass
class _Batch:
    consumer: Consumer
    records: list[KafkaRecord]
    remaining_seconds: Callable[[], float]
    failed: list[KafkaRecord] = field(default_factory=list)
    _begun: bool = False
    _stopped: set[tuple[str, int]] = field(default_factory=set)
    _fenced: set[tuple[tuple[str, int], str]] = field(default_factory=set)
    """Keys, each in its partition: there is no order between two."""
    _postponed: list[Received] = field(default_factory=list)
    _defects: list[_Defect] = field(default_factory=list)
    _tried: Counter[tuple[str, int]] = field(default_factory=Counter)
    _defective: Counter[tuple[str, int]] = field(default_factory=Counter)

    def run(self) -> None:
        todo = self._received()
        while todo:
            self._postponed = []
            for group in self.consumer.group(todo):
                self._attempt(group)
            self._settle()
            todo = self._postponed
        self._settle()

    def _received(self) -> list[Received]:
        received = []
        for record in self.records:
            correlation = correlation_id()  # of a record that cannot be read as an event nothing is known
            try:
                event = Event.from_bytes(record.value)
                correlation = event.correlationid
                received.append(Received(record, event, data_of(event)))
            except EventRefused as error:
                self._fenced.add((record.place, record.key))
                self._found(_Defect(record, error, 1, correlation))
        return received

    def _attempt(self, group: Group) -> None:
        if any(one.record.place in self._stopped for one in group):
            self._fail(group)
            return
        if any((one.record.place, one.record.key) in self._fenced for one in group):
            self._postponed.extend(group)
            return
        if self._begun and self.remaining_seconds() < self.consumer.needs_seconds:
            logger.info("too little time is left; the records will come again", count=len(group))
            self._fail(group)
            return
        self._begun = True
        error, attempts = self._try(group)
        if error is None:
            _tell(group)
            self._tried.update(one.record.place for one in group)
            return
        if isinstance(error, LeandaError) and error.transient:
            for one in group:
                with one.logged():
                    logger.warning(
                        "transient failure; the record will come again", code=error.code, detail=error.detail
                    )
            self._fail(group)
        elif len(group) > 1:
            for one in group:
                self._attempt([one])
        else:
            self._fenced.add((group[0].record.place, group[0].record.key))
            self._found(_Defect(group[0].record, error, attempts, group[0].event.correlationid))

    def _try(self, group: Group) -> tuple[Exception | None, int]:
        tries = 0
        while True:
            tries += 1
            try:
                with group[0].logged():
                    self.consumer.handle(group)
                return None, tries
            except Exception as error:  # the loop is where every error ends
                transient = isinstance(error, LeandaError) and error.transient
                pause = min(_BACKOFF_MAX_SECONDS, _BACKOFF_SECONDS * 2**tries) * (0.5 + self.consumer.jitter() / 2)
                limit = TRANSIENT_TRIES if transient else (DEFECT_TRIES if len(group) == 1 else 1)
                if tries >= limit or self.remaining_seconds() - pause < RESERVE_SECONDS:
                    return error, tries
                self.consumer.sleep(pause if transient else 0.01)

    def _fail(self, group: Group) -> None:
        self.failed.extend(one.record for one in group)
        self._stopped.update(one.record.place for one in group)
        self._fenced.update((one.record.place, one.record.key) for one in group)

    def _found(self, defect: _Defect) -> None:
        self._defects.append(defect)
        self._tried[defect.record.place] += 1
        self._defective[defect.record.place] += 1

    def _settle(self) -> None:
        """Dead-letter the defects found so far, or report them; then let the keys that wait for them go on."""
        for defect in self._defects:
            place = defect.record.place
            with correlated(defect.correlation):
                # Those that wait for another one of their key are not tried yet: they speak for nobody.
                if self._tried[place] >= HALF_BATCH_MINIMUM and self._defective[place] * 2 > self._tried[place]:
                    kept = False
                    logger.error("more than half of a batch is defective; nothing is dead-lettered", place=str(place))
                else:
                    kept = self._send(defect)
            if kept:
                self._fenced.discard((place, defect.record.key))
            else:
                self.failed.append(defect.record)
                self._stopped.add(place)
        self._defects = []

    def _send(self, defect: _Defect) -> bool:
        error, record = defect.error, defect.record
        envelope, encoding = record.text()
        letter = Letter(
            consumer=self.consumer.name,
            envelope=envelope,
            encoding=encoding,
            code=error.code if isinstance(error, LeandaError) else "UNEXPECTED_ERROR",
            message=error.message if isinstance(error, LeandaError) else f"{type(error).__name__}: {error}"[:500],
            detail=error.detail if isinstance(error, LeandaError) else None,
            stack=shortened("".join(traceback.format_exception(error))[-8000:]),
            attempts=defect.attempts,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key or None,
            at=self.consumer.clock.now(),
        )
        try:
            self.consumer.dead_letters.send(letter)
        except LeandaError as problem:
            logger.error("a letter could not be kept; its record will come again", code=problem.code)
            return False
        logger.error("dead-lettered", code=letter.code, place=f"{record.topic}-{record.partition}@{record.offset}")
        return True
