"""SQS queues as Leanda makes them: encrypted, kept for fourteen days, on AWS spoken to by TLS only."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.components.alarms import alarm_on_dead_letters
from cdk.config import Environment

FOURTEEN_DAYS: Final = 14 * 24 * 3600
# Six times the timeout of the collector of dead letters, as AWS advises for a queue that feeds a function.
LETTER_VISIBILITY: Final = 6 * 60


def dead_letter_queue(scope: Construct, identifier: str, environment: Environment, name: str) -> sqs.CfnQueue:
    """A queue for what nobody could handle, with an alarm for the first letter in it."""
    queue = sqs.CfnQueue(
        scope,
        identifier,
        queue_name=name,
        message_retention_period=FOURTEEN_DAYS,
        visibility_timeout=LETTER_VISIBILITY,
        sqs_managed_sse_enabled=True,
    )
    alarm_on_dead_letters(scope, environment, queue)
    queue_policy(scope, f"{identifier}Policy", environment, queue)
    return queue


def queue_policy(
    scope: Construct,
    identifier: str,
    environment: Environment,
    queue: sqs.CfnQueue,
    allow: dict[str, object] | None = None,
) -> sqs.CfnQueuePolicy | None:
    """The one policy of a queue: what else is allowed, and that nobody comes without TLS. The local cloud speaks HTTP."""
    only_tls: dict[str, object] = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue.attr_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    statements = [*([allow] if allow else []), *([] if environment.is_local else [only_tls])]
    if not statements:
        return None
    return sqs.CfnQueuePolicy(
        scope,
        identifier,
        queues=[queue.ref],
        policy_document={"Version": "2012-10-17", "Statement": statements},
    )
