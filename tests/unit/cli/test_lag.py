"""`leanda lag` on a broker inside the process: what a consumer has not done counts, also where it has finished nothing yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.unit.cli.conftest import Run
from tests.unit.local_poller.cluster import MockCluster

GROUP = "files-on-record-events"


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as cluster:
        yield cluster


@pytest.fixture
def topic(cluster: MockCluster, root: Path) -> str:
    """A topic of three partitions, two events in each, that one consumer reads; and another topic that nobody has made."""
    topic = cluster.topic(3)
    for partition in range(3):
        cluster.produce(topic, [b"1", b"2"], partition=partition)
    path = root / ".leanda" / "outputs.json"
    known = {"environment": "local", "kafkaBootstrap": cluster.bootstrap, "functions": [f"leanda-local-{GROUP}"]}
    known["consumers"] = {GROUP: [topic, "not-made-yet"]}
    path.write_text(json.dumps(json.loads(path.read_text()) | known))
    return topic


def finish(cluster: MockCluster, topic: str, *offsets: int) -> None:
    """Commit for the consumer: before these offsets of the first partitions everything is done."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": GROUP})
    try:
        done = [TopicPartition(topic, partition, offset) for partition, offset in enumerate(offsets)]
        consumer.commit(offsets=done, asynchronous=False)
    finally:
        consumer.close()


def behind(run: Run, *options: str) -> dict[int, int]:
    result = run("lag", "--json", *options)
    assert result.exit_code == 0, result.output
    return {row["partition"]: row["behind"] for row in json.loads(result.stdout)}


def test_a_consumer_that_has_finished_nothing_of_a_partition_is_behind_with_all_of_it(
    run: Run, cluster: MockCluster, topic: str
) -> None:
    finish(cluster, topic, 2, 1)
    assert behind(run) == {1: 1, 2: 2}
    assert behind(run, "--all") == {0: 0, 1: 1, 2: 2}


def test_a_consumer_that_kafka_never_heard_of_is_behind_with_everything(run: Run, topic: str) -> None:
    assert behind(run) == {0: 2, 1: 2, 2: 2}


def test_who_has_done_everything_is_not_shown(run: Run, cluster: MockCluster, topic: str) -> None:
    finish(cluster, topic, 2, 2, 2)
    result = run("lag")
    assert (result.exit_code, result.stdout.strip()) == (0, "Every consumer has done what there is.")


def test_without_kafka_it_says_so(run: Run, cluster: MockCluster, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.lag.SECONDS", 0.2)
    cluster.break_down()
    result = run("lag")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
