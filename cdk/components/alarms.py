"""Alarms that come with a construct: nobody has to remember them. The local cloud has none."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.config import Environment
from cdk.contexts.table import Alarm

_NAMESPACE: Final = "Leanda"
"""Of what functions count themselves; the same word as in `leanda.metrics`."""


def alarm_on_dead_letters(scope: Construct, environment: Environment, queue: sqs.CfnQueue) -> None:
    """The collector empties every such queue at once; what stays in one is seen by no operator."""
    if environment.is_local:
        return
    cloudwatch.CfnAlarm(
        scope,
        "DeadLettersAlarm",
        alarm_name=f"{queue.queue_name}-not-empty",
        alarm_description="Dead letters are not collected: the collector fails, or the store is silent.",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="QueueName", value=queue.attr_queue_name)],
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )


def alarm_on_lag(scope: Construct, environment: Environment, function: str) -> None:
    """A consumer that stays far behind for a quarter of an hour is stuck or too slow."""
    if environment.is_local:
        return
    cloudwatch.CfnAlarm(
        scope,
        "LagAlarm",
        alarm_name=f"{function}-lag",
        alarm_description="The consumer is more than 10,000 events behind its topic for 15 minutes.",
        namespace="AWS/Lambda",
        metric_name="OffsetLag",
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="FunctionName", value=function)],
        statistic="Maximum",
        period=300,
        evaluation_periods=3,
        threshold=10_000,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )


def alarm_on_errors(scope: Construct, environment: Environment, function: str) -> None:
    """A function that runs by itself and fails twice in a row: an engine that it needs is down, or it has a defect."""
    if environment.is_local:
        return
    cloudwatch.CfnAlarm(
        scope,
        "ErrorsAlarm",
        alarm_name=f"{function}-errors",
        alarm_description="The scheduled function fails: an engine that it needs does not answer, or it has a defect.",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="FunctionName", value=function)],
        statistic="Sum",
        period=300,
        evaluation_periods=2,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )


def alarm_on_metric(scope: Construct, environment: Environment, context: str, function: str, alarm: Alarm) -> None:
    """A count that a function reports should be none; one is reason to look."""
    if environment.is_local:
        return
    cloudwatch.CfnAlarm(
        scope,
        f"{alarm.metric}Alarm",
        alarm_name=f"{function}-{alarm.metric}",
        alarm_description=alarm.description,
        namespace=_NAMESPACE,
        metric_name=alarm.metric,
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="service", value=context)],
        statistic="Sum",
        period=alarm.seconds,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )
