"""The rules of the envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leanda import ids, limits
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import BlobStored
from leanda.contracts.registry import REGISTRY, data_of, event_of
from leanda.contracts.topics import TOPICS
from leanda.errors import EventRefused, EventUnknown, HopLimitExceeded
from tools.generate.samples import sample, samples


def envelope(**changes: Any) -> bytes:
    body = json.loads(sample(BlobStored.TYPE).to_bytes())
    return json.dumps({name: value for name, value in (body | changes).items() if value is not None}).encode()


def test_the_last_hop_is_read_and_the_next_is_refused_as_a_loop() -> None:
    assert Event.from_bytes(envelope(hops=limits.MAX_HOPS)).hops == limits.MAX_HOPS
    with pytest.raises(HopLimitExceeded):
        Event.from_bytes(envelope(hops=limits.MAX_HOPS + 1))


def test_every_event_that_follows_from_an_event_is_one_hop_further_and_of_the_same_work() -> None:
    first = sample(BlobStored.TYPE)
    follower = event_of(data_of(first), Origin.of_event(first), source="tests", at=first.time)
    assert follower.hops == first.hops + 1
    assert (follower.correlationid, follower.userid) == (first.correlationid, first.userid)
    assert follower.causationid == first.id


def test_an_event_over_256_kib_is_neither_written_nor_read() -> None:
    room = limits.MAX_EVENT_BYTES - len(sample(BlobStored.TYPE).to_bytes())
    event = sample(BlobStored.TYPE)
    fits = event.model_copy(update={"data": event.data | {"x": "y" * (room - len(',"x":""'))}})
    assert len(fits.to_bytes()) == limits.MAX_EVENT_BYTES
    assert Event.from_bytes(fits.to_bytes()).id == event.id
    larger = event.model_copy(update={"data": event.data | {"x": "y" * room}})
    with pytest.raises(EventRefused):
        larger.to_bytes()
    with pytest.raises(EventRefused):
        Event.from_bytes(fits.to_bytes() + b" ")


@pytest.mark.parametrize(
    "changes",
    [
        {"specversion": "0.3"},
        {"type": "files.file.created.v1"},
        {"type": "leanda.files.created.v1"},
        {"type": "leanda.files.file.created"},
        {"type": "leanda.files.file.created.v0"},
        {"type": "leanda.Files.file.created.v1"},
        {"time": "2026-03-02T09:15:00"},
        {"time": "yesterday"},
        {"hops": -1},
        {"hops": "many"},
        {"datacontenttype": "text/plain"},
        {"data": [1]},
        {"id": ""},
        {"subject": ""},
        {"correlationid": None},
        {"causationid": None},
        {"data": None},
        {"userid": "u" * 201},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_what_is_no_event_of_ours_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EventRefused):
        Event.from_bytes(envelope(**changes))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"NaN", b'{"specversion":"1.0"}'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(EventRefused):
        Event.from_bytes(body)


@pytest.mark.parametrize("type_", ["leanda.files.file.created.v2", "leanda.files.file.invented.v1"])
def test_a_type_or_version_that_is_not_known_is_told_apart_from_a_malformed_event(type_: str) -> None:
    event = Event.from_bytes(envelope(type=type_))
    with pytest.raises(EventUnknown):
        data_of(event)


def test_times_are_kept_in_utc() -> None:
    assert Event.from_bytes(envelope(time="2026-03-02T11:15:00+02:00")).time.isoformat() == "2026-03-02T09:15:00+00:00"


def test_ids_repeat_with_their_cause_and_differ_with_anything_else() -> None:
    first = ids.event_id("cause", "type", "subject", 0)
    assert ids.event_id("cause", "type", "subject", 0) == first
    others = [("other", "type", "subject", 0), ("cause", "t", "ypesubject", 0), ("cause", "type", "subject", 1)]
    assert len({first, *(ids.event_id(*parts) for parts in others)}) == 4


def test_samples_have_ids_of_their_own() -> None:
    found = samples()
    assert len({event.id for event in found}) == len(found) == len(REGISTRY)


def test_every_type_is_named_after_a_context_that_may_write_its_topic() -> None:
    topics = {topic.name: topic for topic in TOPICS}
    for name, model in REGISTRY.items():
        writer = name.split(".")[1]
        assert writer in topics[model.TOPIC.name].writers, f"{name}: {writer} may not write {model.TOPIC.name}"


def test_every_model_names_its_type_once() -> None:
    assert len({model.__name__ for model in REGISTRY.values()}) == len(REGISTRY)
