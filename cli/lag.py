"""`leanda lag`: how far each consumer is behind its topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from cli.errors import USAGE, CliError
from cli.output import cell, print_json, stdout, table
from cli.settings import NO_CLOUD, state_of

SECONDS: Final = 10.0


@dataclass(frozen=True)
class Lag:
    """A consumer group on one partition.

    Attributes:
        behind: events that it has not done yet.
    """

    consumer: str
    topic: str
    partition: int
    behind: int


def lag(
    context: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Also the consumers that have done everything.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts.")] = False,
) -> None:
    """Show which consumers are behind their topic, and on which partition. On AWS that is the metric OffsetLag."""
    state = state_of(context)
    state.require_local(
        "On AWS the lag of each consumer is the metric OffsetLag in CloudWatch, and its alarm ends in -lag."
    )
    outputs = state.outputs()
    if not outputs:
        raise CliError(NO_CLOUD, USAGE)
    found = sorted(_lags(outputs["kafkaBootstrap"], outputs["consumers"]), key=lambda one: (-one.behind, one.consumer))
    shown = [one for one in found if one.behind or all_]
    if as_json:
        print_json([vars(one) for one in shown])
        return
    rows = table(None, "consumer", "topic", "partition", "behind", right=["partition", "behind"])
    for one in shown:
        rows.add_row(cell(one.consumer), cell(one.topic), cell(one.partition), cell(one.behind))
    stdout().print(rows if shown else "Every consumer has done what there is.")


def _lags(bootstrap: str, consumers: Mapping[str, Sequence[str]]) -> Iterator[Lag]:
    """Every partition of every consumer's topics.

    Kafka knows only of partitions in which a consumer has finished something. One whose first batch hangs, or that never
    began, is behind with all there is: consumers begin with the oldest event.

    Raises:
        CliError: Kafka does not answer.
    """
    from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
    from confluent_kafka.admin import AdminClient

    # Its own complaints are for the log of a service; here the error below says it once.
    settings: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "log_level": 0}
    admin, reader = AdminClient(settings), Consumer(settings | {"group.id": "leanda-lag"})
    try:
        partitions = {
            name: sorted(topic.partitions) for name, topic in reader.list_topics(timeout=SECONDS).topics.items()
        }
        places = {(name, n) for topics in consumers.values() for name in topics for n in partitions.get(name, ())}
        marks = {place: reader.get_watermark_offsets(TopicPartition(*place), timeout=SECONDS) for place in places}
        for consumer, topics in consumers.items():
            asked = [TopicPartition(*place) for place in sorted(places) if place[0] in topics]
            if not asked:
                continue
            wanted = [ConsumerGroupTopicPartitions(consumer, asked)]
            (answer,) = admin.list_consumer_group_offsets(wanted, request_timeout=SECONDS).values()
            for one in answer.result().topic_partitions:
                low, high = marks[one.topic, one.partition]
                yield Lag(consumer, one.topic, one.partition, max(0, high - max(low, one.offset)))
    except KafkaException as error:
        raise CliError(f"Kafka at {bootstrap} does not answer: {error.args[0].str()}.") from error
    finally:
        reader.close()


def add_to(app: typer.Typer) -> None:
    app.command("lag", rich_help_panel="Operators")(lag)
