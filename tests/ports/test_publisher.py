"""One class for the fake and the real producer: confirmed means stored, and a silent broker is told apart."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from leanda.errors import Unavailable
from leanda.messaging.producer import KafkaPublisher
from leanda.ports import Message, Publisher
from tests.fakes.messaging import FakePublisher

pytestmark = pytest.mark.integration


def topic(bootstrap: str) -> str:
    name = f"t-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(20)
    return name


def read(bootstrap: str, name: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    consumer.subscribe([name])
    found: list[bytes] = []
    for _ in range(200):
        found += [m.value() for m in consumer.consume(count, 0.1) if not m.error()]
        if len(found) >= count:
            break
    consumer.close()
    return found


@dataclass
class Broker:
    """A producer, and what is in a topic of its broker."""

    publisher: Publisher
    topic: str
    bodies: Callable[[int], list[bytes]]


@pytest.fixture(params=["fake", "real"])
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "fake":
        fake = FakePublisher()
        return Broker(fake, "t", lambda count: [message.body for message in fake.sent][:count])
    kafka: str = request.getfixturevalue("kafka")
    name = topic(kafka)
    return Broker(KafkaPublisher(kafka, "none"), name, lambda count: read(kafka, name, count))


@pytest.fixture(params=["fake", "real"])
def silent(request: pytest.FixtureRequest) -> Publisher:
    """A producer whose broker is not there."""
    if request.param == "real":
        return KafkaPublisher("127.0.0.1:9", "none")
    fake = FakePublisher()
    fake.down = True
    return fake


def test_confirmed_messages_are_there_in_order(broker: Broker) -> None:
    for batch in range(3):
        messages = [Message(broker.topic, "k", f"{batch}{n}", b"[%d,%d]" % (batch, n)) for n in range(3)]
        broker.publisher.publish(messages, timeout=10)
    assert broker.bodies(9) == [b"[%d,%d]" % (batch, n) for batch in range(3) for n in range(3)]


def test_the_same_message_may_be_there_twice(broker: Broker) -> None:
    for _ in range(2):
        broker.publisher.publish([Message(broker.topic, "k", "1", b"1")], timeout=10)
    assert broker.bodies(2) == [b"1", b"1"]


def test_nothing_to_send_is_sent_at_once(broker: Broker) -> None:
    broker.publisher.publish([], timeout=0)


def test_a_broker_that_is_not_there_is_unavailable_within_the_time_given(silent: Publisher) -> None:
    with pytest.raises(Unavailable):
        silent.publish([Message("t", "k", "1", b"1")], timeout=0.3)


def test_a_topic_that_does_not_exist_is_an_error_and_the_producer_goes_on(kafka: str) -> None:
    publisher = KafkaPublisher(kafka, "none", config={"delivery.timeout.ms": 2000})
    with pytest.raises(Unavailable):
        publisher.publish([Message("absent", "k", "1", b"1")], timeout=3)
    name = topic(kafka)
    publisher.publish([Message(name, "k", "2", b"2")], timeout=10)
    assert read(kafka, name, 1) == [b"2"]
