"""The dead-letter desk: what no consumer could handle. For operators; to others it is as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote

from leanda_client.models import DeadLetter, Redrive
from leanda_client.transport import Api


class DeadLetters:
    """`LeandaClient.dead_letters`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(
        self, *, consumer: str | None = None, code: str | None = None, state: str | None = None, page: int = 100
    ) -> Iterator[DeadLetter]:
        """Letters without their content, the latest failure first; `state` is Waiting, Redriving, Redriven or Discarded."""
        asked: dict[str, Any] = {"consumer": consumer, "code": code, "state": state, "limit": page}
        while True:
            answer = self._api.json("GET", "/dead-letters", params=asked)
            for item in answer["items"]:
                yield cast("DeadLetter", item)
            if not answer.get("nextCursor"):
                return
            asked["cursor"] = answer["nextCursor"]

    def get(self, letter_id: str) -> DeadLetter:
        """One letter with its envelope, its stack and who did what with it."""
        return cast("DeadLetter", self._api.json("GET", f"/dead-letters/{_id(letter_id)}"))

    def redrive(self, letter_id: str) -> DeadLetter:
        """Have a letter delivered again. It is Redriving until that is done; `outcome` then says how it went."""
        return cast("DeadLetter", self._api.json("POST", f"/dead-letters/{_id(letter_id)}/redrive"))

    def redrive_many(
        self, *, limit: int, consumer: str | None = None, code: str | None = None, state: str | None = None
    ) -> Redrive:
        """Have at most `limit` (1 to 1,000) letters delivered again, the oldest first; without a state those that wait."""
        asked = {"consumer": consumer, "code": code, "state": state}
        body = {"filter": {name: value for name, value in asked.items() if value is not None}, "limit": limit}
        return cast("Redrive", self._api.json("POST", "/dead-letters/redrive", body=body))

    def discard(self, letter_id: str, reason: str) -> DeadLetter:
        """End a letter without delivering it."""
        path = f"/dead-letters/{_id(letter_id)}/discard"
        return cast("DeadLetter", self._api.json("POST", path, body={"reason": reason}))


def _id(value: str) -> str:
    """An id as a path segment: whatever it holds, it cannot become another route."""
    return quote(value, safe="")
