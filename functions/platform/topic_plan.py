"""What has to change so that the cluster has the topics of the table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leanda.contracts.topics import Topic


@dataclass(frozen=True)
class TopicPlan:
    """Topics to create; partition counts to raise, by name; retentions (ms) to set, by name."""

    create: tuple[Topic, ...]
    grow: Mapping[str, int]
    retain: Mapping[str, int]


def plan(topics: Iterable[Topic], partitions: Mapping[str, int], retention_ms: Mapping[str, int]) -> TopicPlan:
    """Compare the table with the cluster.

    A topic that has more partitions than the table says keeps them: Kafka cannot take any away.

    Args:
        partitions: how many each existing topic has.
        retention_ms: what each existing topic keeps; unknown where absent, and then set.
    """
    wanted = tuple(topics)
    existing = [topic for topic in wanted if topic.name in partitions]
    return TopicPlan(
        create=tuple(topic for topic in wanted if topic.name not in partitions),
        grow={topic.name: topic.partitions for topic in existing if topic.partitions > partitions[topic.name]},
        retain={
            topic.name: topic.retention_ms for topic in existing if retention_ms.get(topic.name) != topic.retention_ms
        },
    )
