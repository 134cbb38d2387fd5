"""The decorated entry point of an SQS consumer: one message at a time, partial-batch response, the queue's redrive as its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from leanda.errors import LeandaError
from leanda.observability import correlated, logger


def queue_handler(handle: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler around `handle`, which takes a message's JSON body; repeating a message changes nothing.

    A message that fails is reported alone: SQS delivers it again, and after the queue's maximum moves it to the dead-letter queue.
    """

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
        failed = []
        for message in event["Records"]:
            with correlated(message["messageId"], attempt=message.get("attributes", {}).get("ApproximateReceiveCount")):
                try:
                    handle(json.loads(message["body"]))
                except LeandaError as error:
                    logger.warning("the message will come again", code=error.code, detail=error.detail)
                    failed.append({"itemIdentifier": message["messageId"]})
                except Exception:
                    logger.exception("unexpected error")
                    failed.append({"itemIdentifier": message["messageId"]})
        return {"batchItemFailures": failed}

    return lambda_handler
