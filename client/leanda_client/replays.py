"""Replays: events of the log are given to one consumer again. For operators; to others it is as if it were not there."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, cast
from urllib.parse import quote

from leanda_client.models import Replay, ReplayCount
from leanda_client.transport import Api

COUNTED_AT_ONCE: Final = 10_000


class Replays:
    """`LeandaClient.replays`.

    An order names the `consumer` (such as `search-on-record-events`) and may name `fileId`, `types`, `since`, `until` (RFC 3339),
    `limit` (up to 100,000), `perSecond`, and `after`: where an earlier one said in its `next` to go on.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def count(self, **order: Any) -> ReplayCount:
        """How many events an order would deliver, by type; without a `limit` all there are."""
        asked, matched = {"limit": COUNTED_AT_ONCE} | _given(order), Counter[str]()
        while True:
            answer = cast("ReplayCount", self._api.json("POST", "/replays/count", body=asked))
            if order.get("limit") or "next" not in answer:
                return answer | {"matched": dict(matched + Counter(answer["matched"]))}
            matched.update(answer["matched"])
            asked["after"] = answer["next"]

    def order(self, **order: Any) -> Replay:
        """Have the events delivered in the background; `types` are needed."""
        return cast("Replay", self._api.json("POST", "/replays", body=_given(order)))

    def get(self, replay_id: str) -> Replay:
        """How far a replay is: Open, Done, Failed or Cancelled."""
        return cast("Replay", self._api.json("GET", f"/replays/{quote(replay_id, safe='')}"))

    def erase(self, *, file_id: str | None = None, user_id: str | None = None) -> int:
        """Redact what the log says of a file, or of a user and the user's files; how many entries there were."""
        body, total = _given({"fileId": file_id, "userId": user_id}), 0
        while True:
            answer = self._api.json("POST", "/erasures", body=body)
            total += int(answer["redacted"])
            if not answer["more"]:
                return total

    def cancel(self, replay_id: str) -> Replay:
        """Stop a replay."""
        return cast("Replay", self._api.json("POST", f"/replays/{quote(replay_id, safe='')}/cancel"))


def _given(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if value is not None}
