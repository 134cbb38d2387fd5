"""`ScheduledFunction`: a function that runs every so many minutes; what it cannot finish goes to its dead letters."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.components.alarms import alarm_on_errors, alarm_on_metric
from cdk.components.function import LeandaFunction, Place
from cdk.contexts.table import Package, Scheduled


class ScheduledFunction(Construct):
    """A schedule. A run that fails is repeated once and not kept for long: the next one starts in a moment anyway."""

    def __init__(self, scope: Construct, place: Place, package: Package, row: Scheduled) -> None:
        super().__init__(scope, f"Schedule{package.name.title()}{row.handler.title()}")
        self.function = LeandaFunction(self, place, package, row)
        rule = events.CfnRule(
            self,
            "Rule",
            name=self.function.name,
            schedule_expression="rate(1 minute)" if row.every == 1 else f"rate({row.every} minutes)",
            targets=[events.CfnRule.TargetProperty(id="function", arn=self.function.resource.attr_arn)],
        )
        lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=self.function.resource.ref,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )
        alarm_on_errors(self, place.environment, self.function.name)
        for alarm in row.alarms:
            alarm_on_metric(self, place.environment, place.context.name, self.function.name, alarm)
        if self.function.dead_letters is None:
            raise ValueError(f"{row.handler} runs by itself and so needs a dead-letter queue.")
        lambda_.CfnEventInvokeConfig(
            self,
            "OnFailure",
            function_name=self.function.resource.ref,
            qualifier="$LATEST",
            maximum_retry_attempts=1,
            maximum_event_age_in_seconds=300,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=self.function.dead_letters.attr_arn
                )
            ),
        )
