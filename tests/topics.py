"""The topics as a test sees them: what was published, what is still under way, and everything delivered once more."""

from __future__ import annotations

import json
import random
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from leanda.contracts.topics import TOPICS
from local.poller.event import Record, encode_event
from local.poller.filters import compile_filters
from local.poller.invoke import http_invoker
from tests.cloud import Cloud, eventually

WORKERS: Final = 3
TRIES: Final = 8


@dataclass(frozen=True)
class Published:
    """One record of a topic, and the event in it (empty where there is none)."""

    record: Record
    event: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.event.get("type", ""))

    @property
    def data(self) -> dict[str, Any]:
        found = self.event.get("data")
        return found if isinstance(found, dict) else {}


class Topics:
    """Reads and writes the topics, and calls their consumers as the event source mapping does."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._bootstrap = cloud.outputs["kafkaBootstrap"]
        self._invoke = http_invoker(cloud.outputs["lambdaHostUrl"])
        self._admin = AdminClient({"bootstrap.servers": self._bootstrap})
        self._producing = threading.Lock()
        self._producer = Producer({"bootstrap.servers": self._bootstrap, "linger.ms": 0})
        self._consumers = [(mapping, compile_filters(mapping.filters)) for mapping in cloud.assembly.kafka_mappings]

    def published(self, *, of: Iterable[str] | None = None) -> list[Published]:
        """Every record of every topic, or those whose event concerns one of some files."""
        wanted = None if of is None else set(of)
        found = [Published(record, _event(record)) for topic in TOPICS for record in self._read(topic.name)]
        return [one for one in found if wanted is None or one.data.get("fileId") in wanted]

    def produce(self, topic: str, value: bytes, *, key: str, partition: int | None = None) -> tuple[int, int]:
        """Publish one record; its partition and offset."""
        done: list[tuple[int, int]] = []

        def confirmed(error: KafkaError | None, message: Any) -> None:
            assert error is None, error
            done.append((message.partition(), message.offset()))

        where = {} if partition is None else {"partition": partition}
        with self._producing:
            self._producer.produce(topic, value, key=key.encode(), on_delivery=confirmed, **where)
            assert self._producer.flush(10) == 0
        return done[0]

    def consumers(self) -> set[str]:
        """The short names of all functions that read topics."""
        return {self._short(mapping.function_name) for mapping, _ in self._consumers}

    def readers(self, topic: str, value: bytes) -> set[str]:
        """Those that are given such a record."""
        takes = (mapping for mapping, passes in self._consumers if topic in mapping.topics and passes(value))
        return {self._short(mapping.function_name) for mapping in takes}

    def _short(self, function: str) -> str:
        return function.removeprefix(self._cloud.full_name(""))

    def length(self, topic: str) -> int:
        """How many records a topic was ever given."""
        partitions = [TopicPartition(topic, n) for one in TOPICS if one.name == topic for n in range(one.partitions)]
        return sum(self._offsets(partitions, OffsetSpec.latest()).values())

    @staticmethod
    def partition_of(key: str, partitions: int) -> int:
        """Where librdkafka's default partitioner puts a key: CRC-32 modulo the number of partitions."""
        return zlib.crc32(key.encode()) % partitions

    def settle(self, *, seconds: float = 60.0) -> None:
        """Wait until every consumer has finished everything that was published."""
        quiet, behind = 0, list[str]()

        def look() -> bool:
            nonlocal quiet, behind
            behind = self._behind()
            quiet = quiet + 1 if not behind else 0
            return quiet >= 3  # work in one topic is followed by work in another

        try:
            eventually(look, "all consumers have caught up", seconds=seconds)
        except pytest.fail.Exception as failed:
            pytest.fail(f"{failed.msg}, but for {behind[:5]}")

    def invoke(self, function: str, records: Sequence[Record]) -> dict[str, Any]:
        """Give a consumer one batch, outside of its topic; its partial-batch response."""
        event = encode_event(records, event_source_arn="arn:aws:kafka:tests", bootstrap_servers=self._bootstrap)
        return self.call(function, event)

    def call(self, function: str, event: bytes) -> dict[str, Any]:
        """Run a function, waiting while all of its sandboxes are busy."""
        full = self._cloud.full_name(function)
        result = eventually(
            lambda: found if (found := self._invoke(full, event)).was_invoked else None, f"{function} takes a batch"
        )
        assert result.ok, f"{function}: {result.payload.decode(errors='replace')[:1000]}"
        answer: dict[str, Any] = json.loads(result.payload)
        return answer

    def deliver_again(self, published: Sequence[Published], *, times: int, dice: random.Random) -> int:
        """Deliver records to every consumer that takes them, `times` times each, in any order and any batches.

        As the poller does, a batch is given again while the consumer reports a record of it as failed.
        """
        batches: list[tuple[str, tuple[Record, ...]]] = []
        for mapping, passes in self._consumers:
            function = self._short(mapping.function_name)
            taken = [p.record for p in published if p.record.topic in mapping.topics and passes(p.record.value)] * times
            dice.shuffle(taken)
            batches += [(function, some) for some in _cut(taken, mapping.batch_size, dice)]
        dice.shuffle(batches)

        def deliver(batch: tuple[str, tuple[Record, ...]]) -> None:
            function, records = batch
            for _ in range(TRIES):
                if not self.invoke(function, records)["batchItemFailures"]:
                    return
            raise AssertionError(f"{function} does not finish {[_event(record).get('type') for record in records]}")

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(deliver, batches))
        return sum(len(records) for _, records in batches)

    def _read(self, topic: str) -> Iterator[Record]:
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": "tests", "enable.auto.commit": False})
        try:
            ends = {}
            for partition in consumer.list_topics(topic, 10).topics[topic].partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)
                if high > low:
                    ends[partition] = (low, high)
            consumer.assign([TopicPartition(topic, partition, low) for partition, (low, _) in ends.items()])
            left = set(ends)
            while left:
                message = consumer.poll(10)
                assert message is not None, f"{topic} does not answer"
                assert message.error() is None, message.error()
                if message.offset() + 1 >= ends[message.partition()][1]:
                    left.discard(message.partition())
                yield _record(message)
        finally:
            consumer.close()

    def _behind(self) -> list[str]:
        """A line for each partition that a consumer has not read to its end."""
        topics = [topic.name for topic in TOPICS]
        partitions = [TopicPartition(topic.name, n) for topic in TOPICS for n in range(topic.partitions)]
        low, high = (self._offsets(partitions, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        read = [(mapping.group_id, set(topics).intersection(mapping.topics)) for mapping, _ in self._consumers]
        asked = [
            self._admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group, [p for p in partitions if p.topic in names])]
            )[group]
            for group, names in read
        ]
        return [
            f"{group} at {place.offset} of {end} in {place.topic}-{place.partition}"
            for (group, _), answer in zip(read, asked, strict=True)
            for place in answer.result(10).topic_partitions
            if place.offset < (end := high[place.topic, place.partition]) > low[place.topic, place.partition]
        ]

    def _offsets(self, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        asked = self._admin.list_offsets(dict.fromkeys(partitions, spec))
        return {(place.topic, place.partition): answer.result(10).offset for place, answer in asked.items()}


def msk_record(value: bytes, *, topic: str, offset: int, key: str = "test", partition: int = 0) -> Record:
    """A record that is in no topic."""
    return Record(topic, partition, offset, key=key.encode(), value=value)


def changed(event: dict[str, Any], **changes: Any) -> bytes:
    """The bytes of an event with other attributes."""
    return json.dumps({**event, **changes}).encode()


def _cut(records: list[Record], most: int, dice: random.Random) -> Iterator[tuple[Record, ...]]:
    while records:
        some = dice.randint(1, min(most, 12))
        yield tuple(records[:some])
        records = records[some:]


def _event(record: Record) -> dict[str, Any]:
    try:
        found = json.loads(record.value or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _record(message: Any) -> Record:
    headers = tuple((name, value) for name, value in message.headers() or ())
    _, timestamp = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        timestamp=timestamp,
        key=message.key(),
        value=message.value(),
        headers=headers,
    )
