"""Gives the cluster the topics of the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from functions.platform.topic_plan import TopicPlan, plan
from leanda.contracts.topics import Topic
from leanda.observability import logger


class Topics(Protocol):
    """The topics of a cluster. Every method raises `Unavailable` when the cluster does not confirm."""

    def partitions(self) -> dict[str, int]: ...

    def retention_ms(self, names: Iterable[str]) -> dict[str, int]: ...

    def create(self, topics: Iterable[Topic]) -> None: ...

    def grow(self, counts: Mapping[str, int]) -> None: ...

    def retain(self, milliseconds: Mapping[str, int]) -> None: ...


def ensure_topics(cluster: Topics, wanted: Iterable[Topic]) -> TopicPlan:
    """Create what is missing, add partitions where the table grew, set the retention; running it again changes nothing."""
    table = tuple(wanted)
    partitions = cluster.partitions()
    retention = cluster.retention_ms(topic.name for topic in table if topic.name in partitions)
    decided = plan(table, partitions, retention)
    cluster.create(decided.create)
    cluster.grow(decided.grow)
    cluster.retain(decided.retain)
    logger.info(
        "topics",
        topics_created=[topic.name for topic in decided.create],
        partitions_raised=dict(decided.grow),
        retention_set=dict(decided.retain),
    )
    return decided
