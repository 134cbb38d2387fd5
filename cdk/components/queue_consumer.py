"""`QueueConsumer`: a function fed by an SQS queue of the data stack, one failed message at a time."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.components.function import LeandaFunction, Place
from cdk.components.permissions import Statement
from cdk.contexts.table import Package
from cdk.contexts.table import QueueConsumer as Row


class QueueConsumer(Construct):
    """A consumer of one queue. The queue itself, its redrive and its visibility timeout belong to whoever makes the queue."""

    def __init__(self, scope: Construct, place: Place, package: Package, row: Row) -> None:
        super().__init__(scope, f"Queue{package.name.title()}{row.handler.title()}")
        named = place.environment
        queue = named.queue_arn(named.queue(place.context.name, row.queue))
        receiving = Statement(
            "ReceiveMessages", ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"), (queue,)
        )
        self.function = LeandaFunction(self, place, package, row, statements=(receiving,))
        self.mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=self.function.resource.ref,
            event_source_arn=queue,
            batch_size=row.batch_size,
            function_response_types=["ReportBatchItemFailures"],
        )
