"""The topics of the table come to be, grow, and are left alone when nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from functions.platform.use_cases import ensure_topics
from leanda.contracts.topics import TOPICS, Topic


class FakeTopics:
    """A cluster in memory that counts what it is asked to change."""

    def __init__(self) -> None:
        self.topics: dict[str, tuple[int, int]] = {}
        self.changes = 0

    def partitions(self) -> dict[str, int]:
        return {name: partitions for name, (partitions, _) in self.topics.items()}

    def retention_ms(self, names: Iterable[str]) -> dict[str, int]:
        return {name: self.topics[name][1] for name in names}

    def create(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self.topics[topic.name] = (topic.partitions, topic.retention_ms)
            self.changes += 1

    def grow(self, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            assert count > self.topics[name][0]
            self.topics[name] = (count, self.topics[name][1])
            self.changes += 1

    def retain(self, milliseconds: Mapping[str, int]) -> None:
        for name, value in milliseconds.items():
            self.topics[name] = (self.topics[name][0], value)
            self.changes += 1


def test_an_empty_cluster_gets_all_topics_and_a_second_run_changes_nothing() -> None:
    cluster = FakeTopics()
    ensure_topics(cluster, TOPICS)
    assert cluster.topics == {topic.name: (topic.partitions, topic.retention_ms) for topic in TOPICS}
    made = cluster.changes
    ensure_topics(cluster, TOPICS)
    assert cluster.changes == made


def test_a_grown_table_adds_partitions_and_a_shrunk_one_takes_none_away() -> None:
    cluster = FakeTopics()
    cluster.topics = {"few": (2, 1000), "many": (9, 1000)}
    table = [Topic("few", 4, 1000, "id", (), ()), Topic("many", 3, 1000, "id", (), ())]
    ensure_topics(cluster, table)
    assert cluster.partitions() == {"few": 4, "many": 9}


def test_another_retention_is_set() -> None:
    cluster = FakeTopics()
    cluster.topics = {"facts": (2, 1000)}
    ensure_topics(cluster, [Topic("facts", 2, 5000, "id", (), ())])
    assert cluster.topics == {"facts": (2, 5000)}
