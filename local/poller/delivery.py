"""Decides what happens to one batch, answer by answer (Lambda guide, kafka-retry-configurations).

A delivery is a queue of parts that are worked off strictly in order, so the order within a partition is kept whatever
is split. `advance` says what to do next, `answered` and `discarded` take in what came of it; all three return a new
state. Rules:

- A function error, or a partial-batch response that is malformed or names a record that was not sent, fails the part.
- A partial-batch response finishes, per partition, what lies before its lowest failed offset; the rest is a new part.
- A failed part is split while `bisect` is on and it has more than one record, which uses up no retry. The halves of a
  failed half are split again, so a single poisonous record ends up alone.
- Otherwise the part uses up a retry. Retries are counted for the record at the front: they start over when a response
  finishes some records, which ends because there are fewer records each time.
- AWS does not document how partial responses and the retry count meet; these rules are the narrowest reading in which
  no record is dropped without having had its retries, as long as `bisect` is on.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from local.poller.event import Record
from local.poller.invoke import InvokeResult
from local.poller.mapping import KafkaMapping

_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 20.0


class Condition(StrEnum):
    """Why records were discarded, as failure records spell it."""

    RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
    RECORD_TOO_OLD = "RecordAgeExceeded"
    PAYLOAD_TOO_LARGE = "MaximumPayloadSizeExceeded"


@dataclass(frozen=True)
class DeliveryPolicy:
    """The settings of a mapping that decide about a batch; None means no limit."""

    retries: int | None
    record_age_ms: int | None
    bisect: bool
    partial_responses: bool
    payload_bytes: int

    @classmethod
    def of(cls, mapping: KafkaMapping, *, payload_bytes: int) -> "DeliveryPolicy":
        return cls(
            retries=mapping.retry_limit,
            record_age_ms=mapping.record_age_limit_ms,
            bisect=mapping.bisect,
            partial_responses=mapping.partial_responses,
            payload_bytes=payload_bytes,
        )


@dataclass(frozen=True)
class Send:
    """Invoke the function with these records after waiting."""

    records: tuple[Record, ...]
    wait_seconds: float


@dataclass(frozen=True)
class Discard:
    """Hand these records to the on-failure destination; `answer` is the last one the function gave, if any."""

    records: tuple[Record, ...]
    condition: Condition
    invocations: int
    answer: InvokeResult | None


Step = Send | Discard


@dataclass(frozen=True)
class Part:
    """Records that are sent together; `failures` counts attempts that used up the first try or a retry."""

    records: tuple[Record, ...]
    failures: int = 0
    invocations: int = 0
    answer: InvokeResult | None = None


@dataclass(frozen=True)
class Delivery:
    """A batch on its way; finished when no part is left."""

    parts: tuple[Part, ...]
    succeeded: tuple[Record, ...] = ()
    failed: tuple[Record, ...] = ()
    withdrawn: frozenset[tuple[str, int]] = frozenset()


def begin(records: Iterable[Record]) -> Delivery:
    batch = tuple(records)
    return Delivery((Part(batch),) if batch else ())


def withdraw(delivery: Delivery, partitions: Iterable[tuple[str, int]]) -> Delivery:
    """Give up partitions that belong to another consumer now; their records are left out from the next step on."""
    return replace(delivery, withdrawn=delivery.withdrawn | frozenset(partitions))


def advance(delivery: Delivery, policy: DeliveryPolicy, *, now_ms: int) -> tuple[Delivery, Step | None]:
    """The next step, or None when every record is finished.

    A step stays the next one until `answered` or `discarded` is called with what came of it; a throttled or unanswered
    invocation is simply not reported, so it costs no retry.
    """
    delivery = _without_withdrawn(delivery)
    if not delivery.parts:
        return delivery, None
    part, later = delivery.parts[0], delivery.parts[1:]
    for condition, unwanted in (
        (Condition.RECORD_TOO_OLD, tuple(r for r in part.records if _too_old(r, policy, now_ms))),
        (Condition.PAYLOAD_TOO_LARGE, tuple(r for r in part.records if r.event_bytes > policy.payload_bytes)),
    ):
        if unwanted:
            # The unwanted records become a part of their own in front, so that `discarded` can remove it.
            rest = tuple(r for r in part.records if r not in unwanted)
            front = replace(part, records=unwanted)
            parts = (front, replace(part, records=rest), *later) if rest else (front, *later)
            answer = None if condition is Condition.PAYLOAD_TOO_LARGE else part.answer
            return replace(delivery, parts=parts), Discard(unwanted, condition, part.invocations, answer)
    if policy.retries is not None and part.failures > policy.retries:
        return delivery, Discard(part.records, Condition.RETRIES_EXHAUSTED, part.invocations, part.answer)
    return delivery, Send(part.records, _wait_seconds(part.failures))


def discarded(delivery: Delivery) -> Delivery:
    """The records of the last `Discard` have reached the destination, or there is none."""
    return replace(delivery, parts=delivery.parts[1:], failed=delivery.failed + delivery.parts[0].records)


def answered(delivery: Delivery, policy: DeliveryPolicy, result: InvokeResult) -> Delivery:
    """Take in the answer to the last `Send`."""
    part, later = delivery.parts[0], delivery.parts[1:]
    failed = _failed_records(part.records, result, partial_responses=policy.partial_responses)
    succeeded = delivery.succeeded + tuple(record for record in part.records if record not in failed)
    tried = replace(part, invocations=part.invocations + 1, answer=result)
    rest: tuple[Part, ...]
    if not failed:
        rest = ()
    elif len(failed) < len(part.records):
        # With bisection the response says where to split, and splitting is free.
        rest = (replace(tried, records=failed, failures=0 if policy.bisect else 1),)
    elif policy.bisect and len(failed) > 1:
        middle = len(failed) // 2
        rest = (replace(tried, records=failed[:middle]), replace(tried, records=failed[middle:]))
    else:
        rest = (replace(tried, failures=part.failures + 1),)
    return replace(delivery, parts=(*rest, *later), succeeded=succeeded)


def _failed_records(sent: tuple[Record, ...], result: InvokeResult, *, partial_responses: bool) -> tuple[Record, ...]:
    if not result.ok:
        return sent
    if not partial_responses:
        return ()
    try:
        lowest = _lowest_failed_offsets(sent, result.payload)
    except (ValueError, RecursionError):
        return sent
    return tuple(r for r in sent if r.topic_partition in lowest and r.offset >= lowest[r.topic_partition])


def _lowest_failed_offsets(sent: tuple[Record, ...], payload: bytes) -> dict[str, int]:
    """Per partition, where to resume.

    Raises:
        ValueError: not a partial-batch response, or it names a record that was not sent.
    """
    response = json.loads(payload) if payload.strip() else None
    if response is None:
        return {}
    if not isinstance(response, dict):
        raise ValueError("the response is not an object")
    items = response.get("batchItemFailures")
    if items is None:
        return {}
    if not isinstance(items, list):
        raise ValueError("batchItemFailures is not a list")
    known = {(record.topic_partition, record.offset) for record in sent}
    lowest: dict[str, int] = {}
    for item in items:
        identifier = item.get("itemIdentifier") if isinstance(item, dict) else None
        if not isinstance(identifier, dict):
            raise ValueError("itemIdentifier is not an object")
        partition, offset = identifier.get("partition"), identifier.get("offset")
        if not isinstance(partition, str) or type(offset) is not int or (partition, offset) not in known:
            raise ValueError(f"unknown item {identifier}")
        lowest[partition] = min(offset, lowest.get(partition, offset))
    return lowest


def _without_withdrawn(delivery: Delivery) -> Delivery:
    if not delivery.withdrawn:
        return delivery
    kept = (
        replace(part, records=tuple(r for r in part.records if (r.topic, r.partition) not in delivery.withdrawn))
        for part in delivery.parts
    )
    return replace(delivery, parts=tuple(part for part in kept if part.records))


def _too_old(record: Record, policy: DeliveryPolicy, now_ms: int) -> bool:
    return policy.record_age_ms is not None and 0 <= record.timestamp < now_ms - policy.record_age_ms


def _wait_seconds(failures: int) -> float:
    return 0.0 if failures == 0 else float(min(_FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 16), _LONGEST_WAIT_SECONDS))
