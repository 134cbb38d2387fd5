"""The ports of `deadletters` in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from functions.deadletters.ports import LetterFilter
from leanda.errors import Unavailable
from leanda.messaging.direct import Answer, FunctionUnknown
from tests.fakes.aggregates import FakeAggregates

Letter = dict[str, Any]


class FakeLetters(FakeAggregates):
    def page(self, wanted: LetterFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Letter]:
        found = sorted(self._fitting(wanted), key=_position, reverse=True)
        return [one for one in found if after is None or _position(one) < after][:limit]

    def oldest(self, wanted: LetterFilter, *, limit: int) -> list[Letter]:
        return sorted(self._fitting(wanted), key=_position)[:limit]

    def due(self, now: datetime, *, limit: int) -> list[Letter]:
        found = [one for one in self.all() if "dueAt" in one and one["dueAt"] <= now]
        return sorted(found, key=lambda one: (one["dueAt"], one["_id"]))[:limit]

    def all(self) -> list[Letter]:
        return [found for key in self.documents if (found := self.get(key))]

    def one(self) -> Letter:
        (letter,) = self.all()
        return letter

    def _fitting(self, wanted: LetterFilter) -> list[Letter]:
        given = {"consumer": wanted.consumer, "code": wanted.code, "state": wanted.state}
        asked = {name: value for name, value in given.items() if value is not None}
        return [one for one in self.all() if all(one[name] == value for name, value in asked.items())]


def _position(letter: Letter) -> tuple[datetime, str]:
    return letter["failedAt"], letter["_id"]


class FakeFailureObjects:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str | None], bytes] = {}
        self.down = False

    def put(self, key: str, body: bytes) -> str:
        """Keep an object; returns its version."""
        version = f"v{len(self.objects) + 1}"
        self.objects[key, version] = body
        return version

    def get(self, key: str, version_id: str | None) -> bytes | None:
        if self.down:
            raise Unavailable(detail="the fake S3 is down")
        return self.objects.get((key, version_id))


class FakeFunctions:
    """Consumers that answer what they are told to; by default they take everything."""

    def __init__(self) -> None:
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.known = {"files-on-record-events", "processor-on-record-events", "blobs-on-s3-upload"}
        self.down = False

    def invoke(self, consumer: str, event: dict[str, Any]) -> Answer:
        if consumer not in self.known:
            raise FunctionUnknown(detail=consumer)
        if self.down:
            raise Unavailable(detail="the fake Lambda is down")
        self.called.append((consumer, event))
        answer = self.answers.get(consumer)
        return answer(event) if answer else Answer({"batchItemFailures": []})


class FakeNudge:
    def __init__(self) -> None:
        self.times = 0

    def now(self) -> None:
        self.times += 1
