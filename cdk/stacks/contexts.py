"""One stack for each context: its functions, their triggers and roles. Contexts are deployed independently of each other."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from cdk.components.function import LeandaFunction, Place, code_asset
from cdk.components.kafka_consumer import KafkaConsumer, KafkaLogConsumer
from cdk.components.letter_collector import LetterCollector
from cdk.components.parameters import Parameters
from cdk.components.permissions import Statement, policy, trust
from cdk.components.queue_consumer import QueueConsumer
from cdk.components.scheduled import ScheduledFunction
from cdk.components.setup import SetupFunction
from cdk.components.uses import InboxCredentials
from cdk.config import Environment, compact
from cdk.contexts import table
from cdk.contexts.table import Context, Function, Package
from cdk.staging import Staging


class ContextStack(cdk.Stack):
    """The stack of one context, made from its table."""

    def __init__(
        self,
        scope: cdk.App,
        environment: Environment,
        context: Context,
        staging: Staging,
        synthesizer: cdk.IStackSynthesizer,
    ) -> None:
        name = environment.stack(context.name)
        super().__init__(scope, name, stack_name=name, synthesizer=synthesizer, description=f"Leanda: {context.name}")
        self.context = context
        layer_code = code_asset(cdk.Stack.of(self), staging.layer())
        layer = lambda_.CfnLayerVersion(
            self,
            "Layer",
            layer_name=environment.stack(f"{context.name}-layer"),
            description="leanda and the wheels that all functions share",
            compatible_runtimes=["python3.13"],
            compatible_architectures=["x86_64"],
            content=lambda_.CfnLayerVersion.ContentProperty(
                s3_bucket=layer_code.s3_bucket_name, s3_key=layer_code.s3_object_key
            ),
        )
        layer_code.add_resource_metadata(layer, "Content")
        self.place = Place(environment, context, Parameters(self, environment), staging, layer)
        for package, function in context.functions():
            self._add(package, function)

    def _add(self, package: Package, function: Function) -> None:
        place, named = self.place, self.place.environment
        match function:
            case table.Consumer():
                KafkaConsumer(
                    self,
                    place,
                    package,
                    function,
                    topic=function.topic,
                    filters=function.filters,
                    batch_size=function.batch_size,
                    window=function.window,
                    retries=function.retries,
                    record_age=function.record_age,
                    poller_group=named.poller_group,
                )
            case table.LogConsumer():
                KafkaLogConsumer(self, place, package, function, poller_group=named.poller_group)
            case table.LetterCollector():
                LetterCollector(self, place, package, function)
            case table.QueueConsumer():
                QueueConsumer(self, place, package, function)
            case table.Scheduled():
                ScheduledFunction(self, place, package, function)
            case table.Setup():
                SetupFunction(self, place, package, function)
            case table.InternalApi():
                callers = {
                    operation: sorted(named.role(context, handler) for context, handler in functions)
                    for operation, functions in function.callers.items()
                }
                LeandaFunction(
                    self,
                    place,
                    package,
                    function,
                    environment={"ALLOWED_CALLERS": compact(callers), "ACCOUNT_ID": cdk.Aws.ACCOUNT_ID},
                )
            case _:
                made = LeandaFunction(self, place, package, function)
                if any(isinstance(use, InboxCredentials) for use in function.uses):
                    self._inbox_role(made)

    def _inbox_role(self, giver: LeandaFunction) -> None:
        """The role behind a user's inbox credentials: it may put objects, never read or delete them.

        The function that hands it out narrows it to `inbox/<sub>/` by a session policy.
        """
        named = self.place.environment
        role = iam.CfnRole(
            self,
            "InboxRole",
            role_name=named.inbox_role,
            assume_role_policy_document=trust(role_arn=giver.role.attr_arn),
            max_session_duration=3600,
            policies=[
                policy(
                    "inbox",
                    (
                        Statement(
                            "PutIntoInbox",
                            ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"),
                            (named.bucket_arn("originals", "inbox/*"),),
                        ),
                    ),
                )
            ],
        )
        role.add_resource_dependency(giver.role)
