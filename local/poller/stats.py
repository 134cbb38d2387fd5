"""Counters of one mapping, shared by its consumers."""

import threading
from collections import Counter
from collections.abc import Iterable

COUNTERS = (
    "records",  # passed the filters
    "filtered",  # read and dropped by the filters
    "batches",  # finished batches
    "invocations",  # answered by the function
    "errors",  # of these, failed as a whole or in part
    "throttled",  # 429
    "unavailable",  # no answer, or an error of the service
    "failures",  # records that were discarded, with or without a destination
    "rebalances",  # partitions taken away
)


class MappingStats:
    """Thread-safe; `lag` is the number of records behind the end of the partitions, as far as the consumers know."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: Counter[str] = Counter()
        self._lag: dict[int, int] = {}
        self._partitions: dict[int, int] = {}
        self._ever_owned: set[tuple[str, int]] = set()

    def add(self, **increments: int) -> None:
        with self._lock:
            self._counters.update(increments)

    def observe(self, poller: int, *, partitions: int, lag: int) -> None:
        with self._lock:
            self._partitions[poller] = partitions
            self._lag[poller] = lag

    def own(self, partitions: Iterable[tuple[str, int]]) -> None:
        with self._lock:
            self._ever_owned.update(partitions)

    @property
    def ever_owned(self) -> int:
        """Partitions that some consumer of the mapping has owned at some moment."""
        with self._lock:
            return len(self._ever_owned)

    def as_dict(self) -> dict[str, int]:
        with self._lock:
            return {name: self._counters[name] for name in COUNTERS} | {
                "lag": sum(self._lag.values()),
                "partitions": sum(self._partitions.values()),
            }
