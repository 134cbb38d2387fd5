"""Replay gives events of the log to one consumer again: counted first, bounded, no faster than told, and resumable."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from functions.history.domain import entry_of
from functions.history.replaying import Replaying, ReplayOrder
from leanda.contracts.envelope import Origin
from leanda.contracts.events import BlobStored, EventData, FileCreated
from leanda.contracts.registry import event_of
from leanda.errors import Unavailable
from leanda.messaging.direct import Answer, FunctionUnknown
from tests.fakes.clock import FakeClock
from tests.unit.history.fakes import FakeEventLog

CONSUMER = "search-on-file-events"


class Room:
    def __init__(self) -> None:
        self.log, self.slept, self.given = FakeEventLog(), [], []  # type: ignore[var-annotated]
        self.replaying = Replaying(self.log, self, self.slept.append)
        self.answers: list[Answer | Exception] = []
        self.clock = FakeClock()
        for n in range(10):
            self.clock.forward(minutes=1)
            kind = "chemical" if n % 2 else "tabular"
            self.keep(_created(n, kind), n)

    def keep(self, data: EventData, n: int) -> None:
        origin = Origin(cause=f"cause-{n}", correlation_id="correlation-1")
        event = event_of(data, origin, source="files", at=self.clock.now())
        body = event.to_bytes().decode()
        self.log.append([entry_of(event, topic="file-events", partition=n % 2, offset=n, key=f"file-{n}", body=body)])

    def invoke(self, consumer: str, event: dict[str, Any]) -> Answer:
        if consumer == "nobody":
            raise FunctionUnknown
        answer = self.answers.pop(0) if self.answers else Answer({"batchItemFailures": []})
        if isinstance(answer, Exception):
            raise answer
        self.given.append((consumer, event))
        return answer

    def replay(self, **order: Any) -> dict[str, Any]:
        wanted = {"consumer": CONSUMER, "types": (FileCreated.TYPE,), "deliver": True, **order}
        return self.replaying.replay(ReplayOrder(**wanted), lambda: 900.0)

    def offsets(self) -> list[int]:
        return [r["offset"] for _, event in self.given for records in event["records"].values() for r in records]


def _created(n: int, kind: str) -> FileCreated:
    return FileCreated(
        file_id=f"file-{n}", run=1, blob_id="b", kind=kind, format="x", size=1, name="n", revision=1
    )  # fmt: skip


def test_without_being_told_to_deliver_it_only_counts() -> None:
    room = Room()
    assert room.replay(deliver=False) == {"matched": {FileCreated.TYPE: 10}, "delivered": 0}
    assert room.given == []
    assert room.slept == []


def test_events_are_delivered_in_batches_of_their_places_exactly_as_they_came() -> None:
    room = Room()
    assert room.replay(batch_size=4)["delivered"] == 10
    assert [sum(map(len, event["records"].values())) for _, event in room.given] == [4, 4, 2]
    assert sorted(room.offsets()) == list(range(10))
    record = room.given[0][1]["records"]["file-events-1"][0]
    kept = next(entry for entry in room.log.entries.values() if entry.offset == record["offset"])
    assert base64.b64decode(record["value"]).decode() == kept.body
    assert base64.b64decode(record["key"]).decode() == kept.key


def test_it_is_no_faster_than_told() -> None:
    room = Room()
    room.replay(batch_size=5, per_second=2)
    assert room.slept == [2.5, 2.5]


def test_a_file_types_and_a_window_narrow_it() -> None:
    room = Room()
    assert room.replay(file_id="file-3")["delivered"] == 1
    assert room.replay(types=(BlobStored.TYPE,))["delivered"] == 0
    begin = FakeClock().now()
    assert room.replay(since=begin + timedelta(minutes=3), until=begin + timedelta(minutes=6))["delivered"] == 3


def test_a_bound_is_kept_and_the_rest_goes_on_from_there() -> None:
    room = Room()
    first = room.replay(limit=4)
    assert first["delivered"] == 4
    second = room.replay(limit=100, after=first["next"])
    assert second["delivered"] == 6
    assert "next" not in second
    assert sorted(room.offsets()) == list(range(10))


def test_a_parser_is_only_given_files_of_its_kind() -> None:
    room = Room()
    assert room.replay(consumer="parsers-chemical-on-file-events")["delivered"] == 5
    assert all(offset % 2 for offset in room.offsets())


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"errorType": "KeyError", "errorMessage": "x"}, "Unhandled"),
        Answer({"batchItemFailures": [{"itemIdentifier": {}}]}),
        Unavailable(detail="all busy"),
    ],
)
def test_a_batch_that_is_not_taken_ends_it_and_the_next_begins_there(answer: Answer | Exception) -> None:
    room = Room()
    room.answers = [Answer({}), answer]
    told = room.replay(batch_size=3)
    assert told["delivered"] == 3
    assert told["problem"]
    room.given.clear()
    assert room.replay(after=told["next"])["delivered"] == 7


def test_it_stops_in_time() -> None:
    room, left = Room(), iter([900.0, 100.0])
    order = ReplayOrder(consumer=CONSUMER, types=(FileCreated.TYPE,), deliver=True, batch_size=3)
    told = room.replaying.replay(order, lambda: next(left))
    assert told["delivered"] == 3
    assert room.replay(after=told["next"])["delivered"] == 7


def test_a_consumer_that_is_none_is_told() -> None:
    with pytest.raises(FunctionUnknown):
        Room().replay(consumer="nobody")


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": ()},
        {"limit": 0},
        {"limit": 100_001},
        {"per_second": 0},
        {"consumer": ""},
        {"unknown": 1},
        {"since": "2026-01-01T00:00:00"},
    ],
)
def test_an_order_that_bounds_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Room().replay(**wrong)


def test_an_order_reads_the_position_that_an_answer_gave() -> None:
    order = ReplayOrder.model_validate({"consumer": CONSUMER, "after": ["2026-01-02T03:05:05+00:00", "id"]})
    assert order.after is not None
    assert order.after[1] == "id"
