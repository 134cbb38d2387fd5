"""Cuts the stream of records into batches: by number, by payload and by time."""

from dataclasses import dataclass

from local.poller.event import Record


@dataclass(frozen=True)
class BatchLimits:
    """`payload_bytes` is what the records may take of the event, envelope excluded."""

    records: int
    window_seconds: float
    payload_bytes: int


@dataclass(frozen=True)
class Waiting:
    """Records that wait for their batch; `since` is the time at which the oldest came."""

    records: tuple[Record, ...] = ()
    since: float = 0.0

    def plus(self, records: tuple[Record, ...], *, now: float) -> "Waiting":
        if not records:
            return self
        return Waiting(self.records + records, self.since if self.records else now)

    def without(self, partitions: frozenset[tuple[str, int]]) -> "Waiting":
        """What is left when partitions are taken away from this consumer."""
        return Waiting(tuple(r for r in self.records if (r.topic, r.partition) not in partitions), self.since)

    def seconds_left(self, limits: BatchLimits, *, now: float) -> float:
        return max(0.0, self.since + limits.window_seconds - now)


def cut(waiting: Waiting, limits: BatchLimits, *, now: float) -> tuple[tuple[Record, ...], Waiting]:
    """Take the next batch if it is due: full, at the payload limit, or out of time.

    A single record above the payload limit makes a batch of its own, which delivery then discards.

    Returns:
        The batch (empty when none is due) and what still waits.
    """
    size = taken = 0
    for record in waiting.records:
        if taken == limits.records or (taken and size + record.event_bytes > limits.payload_bytes):
            break
        size += record.event_bytes
        taken += 1
    full = taken == limits.records or taken < len(waiting.records) or size >= limits.payload_bytes
    if not taken or not (full or waiting.seconds_left(limits, now=now) <= 0):
        return (), waiting
    return waiting.records[:taken], Waiting(waiting.records[taken:], now)
