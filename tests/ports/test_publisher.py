"""The producer on a real broker: confirmed means stored, and a silent broker is told apart."""

from __future__ import annotations

import uuid

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from leanda.errors import Unavailable
from leanda.messaging.producer import KafkaPublisher
from leanda.ports import Message

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


def test_confirmed_messages_are_there_in_order(kafka: str) -> None:
    name = topic(kafka)
    publisher = KafkaPublisher(kafka, "none")
    for batch in range(3):
        publisher.publish([Message(name, "k", f"{batch}{n}", b"%d%d" % (batch, n)) for n in range(3)], timeout=10)
    assert read(kafka, name, 9) == [b"%d%d" % (batch, n) for batch in range(3) for n in range(3)]


def test_a_topic_that_does_not_exist_is_an_error_and_the_producer_goes_on(kafka: str) -> None:
    publisher = KafkaPublisher(kafka, "none", config={"delivery.timeout.ms": 2000})
    with pytest.raises(Unavailable):
        publisher.publish([Message("absent", "k", "1", b"1")], timeout=3)
    name = topic(kafka)
    publisher.publish([Message(name, "k", "2", b"2")], timeout=10)
    assert read(kafka, name, 1) == [b"2"]


def test_a_broker_that_is_not_there_is_unavailable_within_the_time_given() -> None:
    publisher = KafkaPublisher("127.0.0.1:9", "none")
    with pytest.raises(Unavailable):
        publisher.publish([Message("t", "k", "1", b"1")], timeout=0.3)
