"""`KafkaConsumer`: a function and the event source mapping that feeds it one topic; `KafkaLogConsumer`: one function and a
mapping for each of several topics. The only ways to read Kafka.

Whatever bounds a failure is required: filters, batch size, window, retries, record age, poller group. Bisection, partial
batch responses, the failure destination in S3 and the consumer group are always on. A mapping without them cannot be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.components.alarms import alarm_on_lag
from cdk.components.function import LeandaFunction, Place
from cdk.components.permissions import Statement
from cdk.components.uses import Cluster
from cdk.config import compact
from cdk.contexts.table import Function, LogConsumer, Package, of_type
from leanda.contracts.topics import Topic

DAY: Final = 24 * 3600
# Lambda's own limits (CreateEventSourceMapping) and ours where they are narrower.
MOST_FILTERS: Final = 5
MOST_RETRIES: Final = 100


class KafkaConsumer(Construct):
    """A consumer of one topic.

    Args:
        topic: read with the group `<context>-<handler>` from its beginning.
        filters: patterns on the Kafka value, ORed; at least one: a function is not woken for what it ignores.
        batch_size: events of one invocation, 1–10,000.
        window: seconds to wait for a batch to fill, 0–300; 0 is the low-latency mode of provisioned pollers (under 100 ms).
        retries: how often a failing batch comes back before it goes to the failure bucket, 1–100.
        record_age: seconds after which an event is given up, 60 to 604,800 and below the topic's retention.
        poller_group: mappings of one group share their pollers.

    Raises:
        ValueError: a value out of range, no filter, or a context that `leanda.contracts.topics` does not name as reader.
    """

    def __init__(
        self,
        scope: Construct,
        place: Place,
        package: Package,
        function: Function,
        *,
        topic: Topic,
        filters: tuple[Mapping[str, object], ...],
        batch_size: int,
        window: int,
        retries: int,
        record_age: int,
        poller_group: str,
    ) -> None:
        _check(place, topic, filters, batch_size, window, retries, record_age, poller_group)
        _check_letters(function)
        super().__init__(scope, f"Consumer{package.name.title().replace('/', '')}{function.handler.title()}")
        group = place.environment.consumer_group(package.name, function.handler)
        self.function = LeandaFunction(self, place, package, function, statements=_reading(place, {group: topic}))
        self.mapping = _mapping(
            self,
            "Mapping",
            self.function,
            topic=topic,
            group=group,
            filters=filters,
            batch_size=batch_size,
            window=window,
            retries=retries,
            record_age=record_age,
            poller_group=poller_group,
        )
        alarm_on_lag(self, place.environment, self.function.name)


class KafkaLogConsumer(Construct):
    """A consumer of several topics: one function, one mapping and one group for each topic, every event.

    Raises:
        ValueError: as for `KafkaConsumer`.
    """

    def __init__(
        self, scope: Construct, place: Place, package: Package, row: LogConsumer, *, poller_group: str
    ) -> None:
        filters = (of_type("leanda.*"),)
        for topic in row.topics:
            _check(place, topic, filters, row.batch_size, row.window, row.retries, row.record_age, poller_group)
        _check_letters(row)
        super().__init__(scope, f"Log{package.name.title().replace('/', '')}{row.handler.title()}")
        group = place.environment.consumer_group(package.name, row.handler)
        groups = {f"{group}-{topic.name}": topic for topic in row.topics}
        self.function = LeandaFunction(self, place, package, row, statements=_reading(place, groups))
        self.mappings = [
            _mapping(
                self,
                f"{topic.name.title().replace('-', '')}Mapping",
                self.function,
                topic=topic,
                group=each,
                filters=filters,
                batch_size=row.batch_size,
                window=row.window,
                retries=row.retries,
                record_age=row.record_age,
                poller_group=poller_group,
            )
            for each, topic in groups.items()
        ]
        alarm_on_lag(self, place.environment, self.function.name)


def _mapping(
    scope: Construct,
    identifier: str,
    function: LeandaFunction,
    *,
    topic: Topic,
    group: str,
    filters: tuple[Mapping[str, object], ...],
    batch_size: int,
    window: int,
    retries: int,
    record_age: int,
    poller_group: str,
) -> lambda_.CfnEventSourceMapping:
    named = function.place.environment
    return lambda_.CfnEventSourceMapping(
        scope,
        identifier,
        function_name=function.resource.ref,
        event_source_arn=Cluster(function.place.target).arn,
        topics=[topic.name],
        starting_position="TRIM_HORIZON",
        amazon_managed_kafka_event_source_config=lambda_.CfnEventSourceMapping.AmazonManagedKafkaEventSourceConfigProperty(
            consumer_group_id=group
        ),
        provisioned_poller_config=lambda_.CfnEventSourceMapping.ProvisionedPollerConfigProperty(
            minimum_pollers=1, maximum_pollers=topic.partitions, poller_group_name=poller_group
        ),
        filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
            filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=compact(pattern)) for pattern in filters]
        ),
        batch_size=batch_size,
        maximum_batching_window_in_seconds=window,
        maximum_retry_attempts=retries,
        maximum_record_age_in_seconds=record_age,
        bisect_batch_on_function_error=True,
        function_response_types=["ReportBatchItemFailures"],
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=named.bucket_arn("failures"))
        ),
        metrics_config=lambda_.CfnEventSourceMapping.MetricsConfigProperty(
            metrics=["EventCount", "ErrorCount", "KafkaMetrics"]
        ),
    )


def _check_letters(function: Function) -> None:
    if not function.dead_letters:
        raise ValueError(f"{function.handler} consumes events and so needs a dead-letter queue.")


def _check(
    place: Place,
    topic: Topic,
    filters: tuple[Mapping[str, object], ...],
    batch_size: int,
    window: int,
    retries: int,
    record_age: int,
    poller_group: str,
) -> None:
    if place.context.name not in topic.readers:
        raise ValueError(f"The context {place.context.name!r} is no reader of {topic.name!r}.")
    if not 1 <= len(filters) <= MOST_FILTERS:
        raise ValueError(f"A mapping has one to {MOST_FILTERS} filters, not {len(filters)}.")
    oldest = min(7 * DAY, topic.retention_ms // 1000 - 1)
    for what, value, least, most in (
        ("batch_size", batch_size, 1, 10_000),
        ("window", window, 0, 300),
        ("retries", retries, 1, MOST_RETRIES),
        ("record_age", record_age, 60, oldest),
    ):
        if not least <= value <= most:
            raise ValueError(f"{what} is {least} to {most}, not {value}.")
    if not poller_group:
        raise ValueError("A mapping belongs to a poller group.")


def _reading(place: Place, groups: Mapping[str, Topic]) -> tuple[Statement, ...]:
    """What the poller does with the function's role: find the brokers, read the topics in its groups, keep what failed."""
    cluster = Cluster(place.target)
    of_groups = tuple(cluster.group(group) for group in groups)
    of_topics = tuple(cluster.topic(topic) for topic in groups.values())
    return (
        Statement(
            "KafkaBrokers",
            ("kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"),
            (cluster.arn,),
        ),
        Statement("KafkaConnect", ("kafka-cluster:Connect",), (cluster.arn,)),
        Statement("KafkaGroup", ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"), of_groups),
        Statement("KafkaRead", ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"), of_topics),
        Statement("FailedBatches", ("s3:PutObject",), (place.environment.bucket_arn("failures", "aws/lambda/*"),)),
        Statement("FailureBucket", ("s3:ListBucket",), (place.environment.bucket_arn("failures"),)),
    )
