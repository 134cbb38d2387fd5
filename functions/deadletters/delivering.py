"""A letter as the event that its consumer was given, and what the consumer's answer means. Pure.

Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS"; for Kafka see `leanda.messaging.direct`.
"""

from __future__ import annotations

import base64
from typing import Any

from functions.deadletters.domain import Letter, Outcome
from functions.deadletters.reading import Kind
from leanda.messaging.direct import Answer, msk_event
from leanda.messaging.records import KafkaRecord


def event_of(letter: Letter) -> dict[str, Any]:
    """The batch of one record, or of one message, in the shape of the letter's trigger."""
    if letter["kind"] == Kind.UPLOAD:
        return {"Records": [{"messageId": letter["_id"], "body": letter["envelope"], "eventSource": "aws:sqs"}]}
    envelope = letter["envelope"]
    value = base64.b64decode(envelope) if letter["encoding"] == "base64" else envelope.encode()
    record = KafkaRecord(letter["topic"], letter["partition"], letter["offset"], letter.get("key") or "", value)
    return msk_event([(record, int(letter["failedAt"].timestamp() * 1000))])


def outcome_of(answer: Answer) -> Outcome:
    """Whether the consumer took the record: a function error or a reported failure is none."""
    if answer.problem:
        return Outcome(ok=False, code="FUNCTION_FAILED", message=answer.problem)
    if answer.failed:
        text = "The consumer could not finish; what it depends on is down."
        return Outcome(ok=False, code="STILL_FAILING", message=text)
    return Outcome(ok=True)
