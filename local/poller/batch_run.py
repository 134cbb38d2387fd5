"""Carries out the delivery of one batch: invokes, waits, and stores what failed."""

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from local.poller import delivery
from local.poller.delivery import DeliveryPolicy, Discard, Send, Step
from local.poller.event import PAYLOAD_LIMIT, Record, encode_event
from local.poller.failures import PutFailure, failure_object
from local.poller.invoke import EndpointUnavailable, Invoke, InvokeResult
from local.poller.mapping import KafkaMapping
from local.poller.offsets import Partition
from local.poller.stats import MappingStats

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Target:
    """Where the batches of a mapping go."""

    mapping: KafkaMapping
    bootstrap_servers: str
    invoke: Invoke
    put_failure: PutFailure
    stats: MappingStats

    @property
    def payload_bytes(self) -> int:
        """What records may take of an event."""
        return PAYLOAD_LIMIT - len(self.event(()))

    def event(self, records: tuple[Record, ...]) -> bytes:
        return encode_event(
            records, event_source_arn=self.mapping.event_source_arn, bootstrap_servers=self.bootstrap_servers
        )


class BatchRun:
    """One batch on its way. `execute` belongs to the worker thread, everything else to the consumer's thread."""

    def __init__(self, records: tuple[Record, ...], target: Target) -> None:
        self.records = records
        self.done = threading.Event()
        self._target = target
        self._policy = DeliveryPolicy.of(target.mapping, payload_bytes=target.payload_bytes)
        self._delivery = delivery.begin(records)
        self._calling = False
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._unanswered = 0

    @property
    def finished(self) -> tuple[Record, ...]:
        """Records that succeeded or reached the destination, so far."""
        with self._changed:
            return self._delivery.succeeded + self._delivery.failed

    @property
    def complete(self) -> bool:
        with self._changed:
            return not self._delivery.parts

    def cancel(self) -> None:
        """Begin nothing new; an invocation under way is still waited for."""
        self._stop.set()

    def withdraw(self, partitions: Iterable[Partition], *, wait_seconds: float) -> None:
        """Leave these partitions alone from now on, after giving an invocation under way the time to end."""
        with self._changed:
            self._delivery = delivery.withdraw(self._delivery, partitions)
            self._changed.wait_for(lambda: not self._calling, wait_seconds)

    def execute(self) -> None:
        try:
            while not self._stop.is_set() and (step := self._next_step()) is not None:
                if isinstance(step, Discard):
                    self._discard(step)
                else:
                    self._send(step)
        finally:
            self.done.set()

    def _next_step(self) -> Step | None:
        with self._changed:
            self._delivery, step = delivery.advance(self._delivery, self._policy, now_ms=time.time_ns() // 1_000_000)
            return step

    def _send(self, step: Send) -> None:
        if self._stop.wait(step.wait_seconds):
            return
        result = self._invoke(step)
        if result is None:
            self._pause()
            return
        self._unanswered = 0
        with self._changed:
            before = len(self._delivery.succeeded)
            self._delivery = delivery.answered(self._delivery, self._policy, result)
            failed = len(self._delivery.succeeded) - before < len(step.records)
        self._target.stats.add(invocations=1, errors=int(failed))

    def _invoke(self, step: Send) -> InvokeResult | None:
        """The function's answer, or None when the function was not reached."""
        name, stats = self._target.mapping.function_name, self._target.stats
        self._set_calling(True)
        try:
            result = self._target.invoke(name, self._target.event(step.records))
        except (EndpointUnavailable, OSError) as error:
            log.debug("%s: not invoked: %s", name, error)
            stats.add(unavailable=1)
            return None
        finally:
            self._set_calling(False)
        if result.was_invoked:
            return result
        log.debug("%s: not invoked: status %d", name, result.status)
        stats.add(**{"throttled" if result.status == 429 else "unavailable": 1})
        return None

    def _discard(self, step: Discard) -> None:
        mapping = self._target.mapping
        log.warning("%s: %d records discarded: %s", mapping.function_name, len(step.records), step.condition)
        if mapping.on_failure is not None:
            failure = failure_object(
                mapping,
                step,
                bootstrap_servers=self._target.bootstrap_servers,
                at=datetime.now(UTC),
                unique=uuid.uuid4(),
            )
            try:
                self._target.put_failure(mapping.on_failure, failure.key, failure.body)
            except Exception:
                # Whatever the store's client raises, the records are not safe yet: the same step comes again.
                log.exception("%s: failure object not stored in %s", mapping.function_name, mapping.on_failure)
                self._pause()
                return
        self._unanswered = 0
        with self._changed:
            self._delivery = delivery.discarded(self._delivery)
        self._target.stats.add(failures=len(step.records))

    def _set_calling(self, calling: bool) -> None:
        with self._changed:
            self._calling = calling
            self._changed.notify_all()

    def _pause(self) -> None:
        self._stop.wait(min(_FIRST_PAUSE_SECONDS * 2 ** min(self._unanswered, 10), _LONGEST_PAUSE_SECONDS))
        self._unanswered += 1
