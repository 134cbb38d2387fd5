"""Valkey, which nothing depends on: with it the API is faster and its limits are shared, without it all works.

Values expire; keys name a version and a scope, so a stale or foreign value cannot be read. After an error the cache is left
alone for a while, so that a dead one costs one time-out and not one per request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from leanda.observability import logger

REST_SECONDS: Final = 10.0
TIMEOUT_SECONDS: Final = 0.1


class Cache(Protocol):
    def get(self, key: str) -> bytes | None:
        """A value, or None when there is none or nobody to ask."""
        ...

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        """Keep a value for a while, if somebody will."""
        ...

    def count(self, keys: Sequence[str], *, seconds: int) -> list[int] | None:
        """Add one to the first key, read the others; None when nobody counts."""
        ...


class ValkeyCache:
    """`Cache` on a Valkey (or Redis) server, connected on first use."""

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._url, self._now = url, now
        self._client: Any = None
        self._resting_until = 0.0

    def get(self, key: str) -> bytes | None:
        found: bytes | None = self._ask(lambda client: client.get(key))
        return found

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self._ask(lambda client: client.set(key, value, ex=seconds))

    def count(self, keys: Sequence[str], *, seconds: int) -> list[int] | None:
        def ask(client: Any) -> list[int]:
            pipeline = client.pipeline(transaction=False)
            pipeline.incr(keys[0]).expire(keys[0], seconds)
            for key in keys[1:]:
                pipeline.get(key)
            first, _, *others = pipeline.execute()
            return [int(first), *(int(value or 0) for value in others)]

        found: list[int] | None = self._ask(ask)
        return found

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        if self._now() < self._resting_until:
            return None
        try:
            if self._client is None:
                import valkey  # only functions that use it pay for its import

                self._client = valkey.Valkey.from_url(
                    self._url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
                )
            return question(self._client)
        except Exception as error:  # whatever is wrong with the cache, the request goes on
            logger.warning("the cache does not answer; going on without it", reason=str(error)[:200])
            self._resting_until = self._now() + REST_SECONDS
            return None
