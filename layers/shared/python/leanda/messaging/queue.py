"""The decorated entry point of an SQS consumer: one message at a time, partial-batch response, the queue's redrive as its end."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any, Final

from leanda.errors import LeandaError
from leanda.observability import correlated, logger

RESERVE_SECONDS: Final = 10.0
_BACKOFF_SECONDS: Final = 0.2
_BACKOFF_MAX_SECONDS: Final = 5.0


def queue_handler(
    handle: Callable[[dict[str, Any]], None], *, sleep: Callable[[float], None] = time.sleep
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler around `handle`, which takes a message's JSON body; repeating a message changes nothing.

    What can pass is waited for as long as the invocation has time, because a message that fails is not delivered again before its
    visibility timeout is over: minutes, in which somebody waits for a file. A message that fails is reported alone: SQS
    delivers it again, and after the queue's maximum moves it to the dead-letter queue.
    """

    def done(message: dict[str, Any], remaining: Callable[[], float]) -> bool:
        pause = _BACKOFF_SECONDS
        while True:
            try:
                handle(json.loads(message["body"]))
                return True
            except LeandaError as error:
                if not error.transient or remaining() - pause < RESERVE_SECONDS:
                    logger.warning("the message will come again", code=error.code, detail=error.detail)
                    return False
            except Exception:
                logger.exception("unexpected error")
                return False
            sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(_BACKOFF_MAX_SECONDS, pause * 2)

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        def remaining() -> float:
            return float(context.get_remaining_time_in_millis()) / 1000 if context else 0.0

        failed = []
        for message in event["Records"]:
            with correlated(message["messageId"], attempt=message.get("attributes", {}).get("ApproximateReceiveCount")):
                if not done(message, remaining):
                    failed.append({"itemIdentifier": message["messageId"]})
        return {"batchItemFailures": failed}

    return lambda_handler
