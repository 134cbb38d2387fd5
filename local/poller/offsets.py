"""Which offset of each partition may be committed: everything before it is finished."""

from collections.abc import Iterable

from local.poller.event import Record

Partition = tuple[str, int]


class OffsetLedger:
    """Keeps, per partition, the records read and those still open; knows no Kafka client."""

    def __init__(self) -> None:
        self._next: dict[Partition, int] = {}
        self._open: dict[Partition, set[int]] = {}
        self._committed: dict[Partition, int] = {}

    def read(self, partition: Partition, offset: int, *, finished: bool) -> None:
        """Note a record that was read; a filtered record is finished at once."""
        self._committed.setdefault(partition, offset)
        self._next[partition] = max(self._next.get(partition, 0), offset + 1)
        if not finished:
            self._open.setdefault(partition, set()).add(offset)

    def finish(self, records: Iterable[Record]) -> None:
        """Note records that succeeded or reached the failure destination; unknown ones are ignored."""
        for record in records:
            self._open.get((record.topic, record.partition), set()).discard(record.offset)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Drop partitions that belong to another consumer now: committing them would move its offset back."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._open.pop(partition, None)
            self._committed.pop(partition, None)

    def due(self) -> dict[Partition, int]:
        """Offsets to commit, for the partitions in which something has been finished since the last commit."""
        return {
            partition: position
            for partition in self._next
            if (position := self.position(partition)) > self._committed[partition]
        }

    def committed(self, offsets: dict[Partition, int]) -> None:
        self._committed.update(offsets)

    def partitions(self) -> list[Partition]:
        return list(self._next)

    def position(self, partition: Partition) -> int:
        """The offset before which everything is finished."""
        still_open = self._open.get(partition)
        return min(still_open) if still_open else self._next[partition]
