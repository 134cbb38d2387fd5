"""The limit per user: a sliding window of one minute, shared by all sandboxes through the cache.

The window is approximated by two counters, the current minute's and the last one's weighted by what still overlaps: one round
trip, and at most a few per cent off. Without a cache every sandbox allows a tenth by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from leanda import limits
from leanda.cache import Cache

WINDOW: Final = 60
ALONE_SHARE: Final = 10


@dataclass(frozen=True)
class Allowance:
    """What is left of a user's minute."""

    limit: int
    remaining: int
    reset_seconds: int

    @property
    def exceeded(self) -> bool:
        return self.remaining < 0

    def headers(self) -> dict[str, str]:
        """`RateLimit-*` as API gateways commonly send them, and `Retry-After` once the limit is reached."""
        found = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(max(0, self.remaining)),
            "ratelimit-reset": str(self.reset_seconds),
        }
        return found | ({"retry-after": str(self.reset_seconds)} if self.exceeded else {})


class RateLimiter:
    """Counts requests of users.

    Args:
        now: Unix time in seconds.
    """

    def __init__(
        self, cache: Cache | None, *, limit: int = limits.REQUESTS_PER_MINUTE, now: Callable[[], float] = time.time
    ) -> None:
        self._cache, self._limit, self._now = cache, limit, now
        self._alone: dict[str, int] = {}
        self._minute = 0

    def allow(self, user_id: str) -> Allowance:
        """Count one request of a user and say what is left."""
        now = self._now()
        minute, into = int(now // WINDOW), now % WINDOW
        reset = max(1, round(WINDOW - into))
        keys = [f"rate:{user_id}:{minute}", f"rate:{user_id}:{minute - 1}"]
        counts = self._cache.count(keys, seconds=2 * WINDOW) if self._cache else None
        if counts is None:
            return self._by_myself(user_id, minute, reset)
        current, last = counts
        used = current + last * (WINDOW - into) / WINDOW
        return Allowance(self._limit, int(self._limit - used), reset)

    def _by_myself(self, user_id: str, minute: int, reset: int) -> Allowance:
        if minute != self._minute:
            self._alone, self._minute = {}, minute
        self._alone[user_id] = used = self._alone.get(user_id, 0) + 1
        limit = max(1, self._limit // ALONE_SHARE)
        return Allowance(limit, limit - used, reset)
