"""Every consumer takes every sample of its topic twice and in any order, and ends the same."""

from __future__ import annotations

import base64
import random

import pytest

from cdk.contexts import CONTEXTS
from cdk.contexts.table import Consumer
from functions.history.use_cases import Keeping, whole_batch
from leanda.contracts.envelope import Event
from leanda.contracts.registry import REGISTRY
from leanda.contracts.topics import TOPICS
from leanda.messaging.consumer import Consumer as LoopConsumer
from tests.contracts.worlds import world_of
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakeDeadLetters
from tests.unit.history.fakes import FakeEventLog
from tools.generate.lambda_events import fitting, msk_event
from tools.generate.samples import samples

CONSUMERS = [
    pytest.param(package.name, function, id=f"{package.name}-{function.handler}")
    for context in CONTEXTS
    for package, function in context.functions()
    if isinstance(function, Consumer)
]


@pytest.mark.parametrize(("package", "row"), CONSUMERS)
def test_samples_twice_and_shuffled_end_like_samples_once(package: str, row: Consumer) -> None:
    once = world_of(package, row.handler)
    once.deliver(row, copies=1, seed=0)
    assert once.letters == [], "a golden sample is something that every consumer of its topic can handle"
    for seed in (1, 2):
        twice = world_of(package, row.handler)
        twice.deliver(row, copies=2, seed=seed)
        assert twice.letters == []
        assert twice.outcome() == once.outcome()


@pytest.mark.parametrize(("package", "row"), CONSUMERS)
def test_samples_do_something(package: str, row: Consumer) -> None:
    """Otherwise the test above could not fail."""
    before, after = world_of(package, row.handler), world_of(package, row.handler)
    after.deliver(row, copies=1, seed=0)
    assert after.outcome() != before.outcome()


@pytest.mark.parametrize(("package", "row"), CONSUMERS)
def test_an_event_from_a_newer_writer_is_understood(package: str, row: Consumer) -> None:
    """Further members are ignored, in the envelope and in the body."""
    world, known = world_of(package, row.handler), world_of(package, row.handler)
    event = world.first(row)
    newer = event.model_copy(update={"data": event.data | {"addedLater": {"deep": [1, 2]}}})
    for one, content in ((world, newer), (known, event)):
        assert one.consumer.consume(msk_event(row.topic, [content]), lambda: 1000.0) == {"batchItemFailures": []}
    assert world.letters == []
    assert world.outcome()["state"] == known.outcome()["state"]


@pytest.mark.parametrize(("package", "row"), CONSUMERS)
def test_a_version_that_is_not_known_becomes_a_letter_and_its_neighbours_are_handled(
    package: str, row: Consumer
) -> None:
    world, known = world_of(package, row.handler), world_of(package, row.handler)
    event = world.first(row)
    future = event.model_copy(update={"type": event.type.removesuffix(".v1") + ".v99", "id": "from-the-future"})
    mixed = msk_event(row.topic, [event])
    partition, records = next(iter(mixed["records"].items()))
    (letter,) = msk_event(row.topic, [event.model_copy(update={"id": "x"})])["records"][partition]
    letter |= {"offset": 1, "value": _encoded(future.to_bytes())}
    records.append(letter)
    assert world.consumer.consume(mixed, lambda: 1000.0) == {"batchItemFailures": []}
    known.consumer.consume(msk_event(row.topic, [event]), lambda: 1000.0)
    assert [found.code for found in world.letters] == ["EVENT_UNKNOWN"]
    assert world.outcome() == known.outcome()


def test_the_log_keeps_every_sample_of_every_topic_once() -> None:
    log = FakeEventLog()
    clock = FakeClock()
    letters = FakeDeadLetters()
    consumer = LoopConsumer("history-on-events", Keeping(log).keep, letters, clock, group=whole_batch)
    chance = random.Random(1)
    for topic in TOPICS:
        events = [event for event in samples(topic.name) for _ in range(2)]
        chance.shuffle(events)
        for start in range(0, len(events), 7):
            batch = msk_event(topic, events[start : start + 7])
            assert consumer.consume(batch, lambda: 1000.0) == {"batchItemFailures": []}
    assert letters.letters == []
    assert log.entries.keys() == {event.id for event in samples()}
    for event in samples():
        assert Event.from_bytes(log.entries[event.id].body.encode()) == event


def test_every_type_is_read_by_somebody_or_is_for_the_log_only() -> None:
    """A type that no consumer filters for is dead weight, or its consumer was forgotten."""
    read = {event.type for parameter in CONSUMERS for event in fitting(parameter.values[1])}  # type: ignore[arg-type]
    only_logged = {name for name in REGISTRY if name.startswith(("leanda.users.", "leanda.deadletters."))}
    assert set(REGISTRY) - read <= only_logged


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
