"""`leanda lag`: how far each consumer is behind its topic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from cli.errors import CliError
from cli.output import cell, print_json, stdout, table
from cli.settings import state_of

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
    outputs = state_of(context).outputs()
    functions = [name.removeprefix(f"leanda-{outputs['environment']}-") for name in outputs["functions"]]
    found = sorted(_lags(outputs["kafkaBootstrap"], functions), key=lambda one: (-one.behind, one.consumer))
    shown = [one for one in found if one.behind or all_]
    if as_json:
        print_json([vars(one) for one in shown])
        return
    rows = table(None, "consumer", "topic", "partition", "behind", right=["partition", "behind"])
    for one in shown:
        rows.add_row(cell(one.consumer), cell(one.topic), cell(one.partition), cell(one.behind))
    stdout().print(rows if shown else "Every consumer has done what there is.")


def _lags(bootstrap: str, functions: list[str]) -> Iterator[Lag]:
    """Partitions that a group has ever finished a batch of; one that never did is not known to Kafka.

    Raises:
        CliError: Kafka does not answer.
    """
    from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException
    from confluent_kafka.admin import AdminClient

    # Its own complaints are for the log of a service; here the error below says it once.
    settings: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "log_level": 0}
    admin, reader = AdminClient(settings), Consumer(settings | {"group.id": "leanda-lag"})
    try:
        for group in (found.group_id for found in admin.list_consumer_groups(request_timeout=SECONDS).result().valid):
            if not any(group == name or group.startswith(f"{name}-") for name in functions):
                continue  # somebody else's, such as that of a console
            (asked,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
            for one in asked.result().topic_partitions:
                if one.offset >= 0:
                    _, end = reader.get_watermark_offsets(one, timeout=SECONDS)
                    yield Lag(group, one.topic, one.partition, max(0, end - one.offset))
    except KafkaException as error:
        raise CliError(f"Kafka at {bootstrap} does not answer: {error.args[0].str()}.") from error
    finally:
        reader.close()


def add_to(app: typer.Typer) -> None:
    app.command("lag", rich_help_panel="Operators")(lag)
