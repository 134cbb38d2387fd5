"""`LetterCollector`: one function fed by every dead-letter queue and by the announcements of failure objects."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.components.function import LeandaFunction, Place
from cdk.components.permissions import Statement
from cdk.config import compact, construct_id
from cdk.contexts.table import LetterCollector as Row
from cdk.contexts.table import Package


class LetterCollector(Construct):
    """A mapping for each queue. What the function does not take becomes visible again in its queue and comes back."""

    def __init__(self, scope: Construct, place: Place, package: Package, row: Row) -> None:
        super().__init__(scope, f"Letters{package.name.title()}{row.handler.title()}")
        named = place.environment
        behind = {
            f"{named.queue(*queue)}-dlq": named.consumer_group(*function) for queue, function in row.queues.items()
        }
        failures = named.queue(place.context.name, row.failures_queue)
        names = [*(named.dead_letter_queue(*function) for function in row.letters_of), *behind]
        sizes = dict.fromkeys(names, row.batch_size) | {failures: 1}  # an object may hold a whole batch of records
        receiving = Statement(
            "ReceiveLetters",
            ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
            tuple(named.queue_arn(name) for name in sizes),
        )
        self.function = LeandaFunction(
            self,
            place,
            package,
            row,
            statements=(receiving,),
            environment={"FUNCTION_PREFIX": named.prefix, "QUEUES_BEHIND": compact(behind)},
        )
        self.mappings = [
            lambda_.CfnEventSourceMapping(
                self,
                construct_id(name.removeprefix(named.prefix)),
                function_name=self.function.resource.ref,
                event_source_arn=named.queue_arn(name),
                batch_size=size,
                function_response_types=["ReportBatchItemFailures"],
            )
            for name, size in sizes.items()
        ]
