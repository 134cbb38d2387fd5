"""The life of one group member: what it owns, what it has read, what is on its way, what it commits."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from local.poller.batch_run import BatchRun, Target
from local.poller.batching import BatchLimits, Waiting, cut
from local.poller.chaos import Chaos
from local.poller.event import Record
from local.poller.filters import compile_filters
from local.poller.offsets import OffsetLedger, Partition

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
"""How long a poll waits for the first record; a record ends the wait at once."""
PATIENCE_SECONDS = 0.2
"""How long a batch may take before its consumer pauses the partitions and serves the group meanwhile."""
REVOKE_WAIT_SECONDS = 2.0
"""How long a rebalance waits for an invocation under way; the next owner repeats what takes longer."""
HOUSEKEEPING_SECONDS = 1.0
READ_AT_ONCE = 1_000

_TIMESTAMP_TYPES = {1: "CREATE_TIME", 2: "LOG_APPEND_TIME"}


class Session:
    """One consumer from joining its group to leaving it.

    Offsets are committed when every record before them succeeded, was filtered out or reached the destination.

    Raises:
        KafkaException: from `run`, a fatal error of the client; the next session goes on from the committed offsets.
    """

    def __init__(
        self,
        target: Target,
        poller: int,
        *,
        settings: dict[str, Any],
        submit: Callable[[BatchRun], None],
        stopping: threading.Event,
        abandoned: threading.Event,
        chaos: Chaos | None,
        dice: random.Random,
    ) -> None:
        self._target = target
        self._poller = poller
        self._submit = submit
        self._stopping = stopping
        self._abandoned = abandoned
        self._chaos = chaos
        self._dice = dice
        self._passes = compile_filters(target.mapping.filters)
        self._limits = BatchLimits(
            records=target.mapping.batch_size,
            window_seconds=target.mapping.window_seconds,
            payload_bytes=target.payload_bytes,
        )
        self._ledger = OffsetLedger()
        self._waiting = Waiting()
        self._run: BatchRun | None = None
        self._paused = False
        self._leave = False
        self._next_housekeeping = 0.0
        self._consumer = Consumer(settings, logger=log)

    def run(self) -> None:
        try:
            self._consumer.subscribe(
                list(self._target.mapping.topics),
                on_assign=self._assigned,
                on_revoke=self._revoked,
                on_lost=self._lost,
            )
            while not (self._stopping.is_set() or self._leave):
                self._turn()
        finally:
            self._consumer.close()

    def _turn(self) -> None:
        now = time.monotonic()
        batch, self._waiting = cut(self._waiting, self._limits, now=now)
        if batch:
            self._deliver(batch)
        else:
            self._read(now)
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + HOUSEKEEPING_SECONDS
            self._commit()
            self._observe()

    def _read(self, now: float) -> None:
        room = min(READ_AT_ONCE, self._limits.records - len(self._waiting.records))
        if self._waiting.records:
            left = self._waiting.seconds_left(self._limits, now=now)
            self._take(self._consumer.consume(room, min(left, IDLE_SECONDS)))
            return
        # `consume` waits until it has all it was asked for; `poll` comes back with the first record.
        first = self._consumer.poll(IDLE_SECONDS)
        if first is not None:
            self._take([first, *(self._consumer.consume(room - 1, 0) if room > 1 else ())])

    def _take(self, messages: Iterable[Message]) -> None:
        records, filtered = [], 0
        for message in messages:
            error = message.error()
            if error is not None:
                if error.fatal():
                    raise KafkaException(error)
                log.warning("%s: %s", self._target.mapping.group_id, error)
                continue
            record = _record(message)
            passes = self._passes(record.value)
            self._ledger.read((record.topic, record.partition), record.offset, finished=not passes)
            if passes:
                records.append(record)
            else:
                filtered += 1
        self._waiting = self._waiting.plus(tuple(records), now=time.monotonic())
        self._target.stats.add(records=len(records), filtered=filtered)

    def _deliver(self, batch: tuple[Record, ...]) -> None:
        complete = self._execute(batch)
        if complete and self._chaos is not None and not self._stopping.is_set():
            if self._dice.random() < self._chaos.duplicate:
                self._execute(batch)
            if self._dice.random() < self._chaos.rebalance:
                # What was not committed is forgotten, so that closing the consumer does not commit it after all.
                self._ledger.forget(self._ledger.partitions())
                self._leave = True
                return
        self._commit()
        self._leave = self._leave or not complete

    def _execute(self, batch: tuple[Record, ...]) -> bool:
        """Have a batch delivered while staying in the group; False when it was broken off."""
        run = self._run = BatchRun(batch, self._target)
        self._submit(run)
        try:
            while not run.done.wait(PATIENCE_SECONDS):
                if self._abandoned.is_set():
                    break
                if self._stopping.is_set():
                    run.cancel()
                self._pause(self._consumer.assignment())
                # Paused partitions give nothing, but one that was assigned a moment ago may.
                message = self._consumer.poll(0)
                if message is not None:
                    self._take([message])
        finally:
            run.cancel()
            self._run = None
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())
        self._ledger.finish(run.finished)
        self._target.stats.add(batches=1)
        return run.complete

    def _pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused = True
        if partitions:
            self._consumer.pause(list(partitions))

    def _commit(self, only: frozenset[Partition] | None = None) -> None:
        """Commit what is finished; after an error it stays due and is tried again with the next batch."""
        due = {p: offset for p, offset in self._ledger.due().items() if only is None or p in only}
        if not due:
            return
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in due.items()]
        try:
            results = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            log.warning("%s: offsets not committed: %s", self._target.mapping.group_id, error)
            return
        accepted = {(r.topic, r.partition) for r in results or () if r.error is None}
        self._ledger.committed({p: offset for p, offset in due.items() if p in accepted})

    def _observe(self) -> None:
        lag = 0
        for topic, partition in self._ledger.partitions():
            with suppress(KafkaException):  # a partition whose leader is not known yet
                _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
                lag += max(0, end - self._ledger.position((topic, partition)))
        self._target.stats.observe(self._poller, partitions=len(self._consumer.assignment()), lag=lag)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        self._target.stats.own((p.topic, p.partition) for p in partitions)
        if self._paused:
            self._pause(partitions)
        else:
            # The client remembers that a partition was paused when it was lost; unless told, it would never read it again.
            consumer.resume(partitions)
        self._next_housekeeping = 0.0

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = frozenset((p.topic, p.partition) for p in partitions)
        run = self._run
        if run is not None:
            run.withdraw(gone, wait_seconds=REVOKE_WAIT_SECONDS)
            self._ledger.finish(run.finished)
        self._commit(gone)
        self._give_up(gone)

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = frozenset((p.topic, p.partition) for p in partitions)
        if self._run is not None:
            self._run.withdraw(gone, wait_seconds=0)
        self._give_up(gone)

    def _give_up(self, gone: frozenset[Partition]) -> None:
        self._ledger.forget(gone)
        self._waiting = self._waiting.without(gone)
        self._target.stats.add(rebalances=1)
        self._next_housekeeping = 0.0


def _record(message: Message) -> Record:
    kind, milliseconds = message.timestamp()
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ValueError("a record without a place")
    headers = message.headers() or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=milliseconds if kind in _TIMESTAMP_TYPES else -1,
        timestamp_type=_TIMESTAMP_TYPES.get(kind, "NO_TIMESTAMP_TYPE"),
        key=message.key(),
        value=message.value(),
        headers=tuple((name, _bytes(value)) for name, value in pairs),
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
