"""A letter as the event that its consumer was given, and what the consumer's answer means. Pure.

Source: AWS Lambda developer guide, "Using Lambda with Amazon MSK", "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import base64
from typing import Any

from functions.deadletters.domain import Letter, Outcome
from functions.deadletters.ports import Answer
from functions.deadletters.reading import Kind


def event_of(letter: Letter) -> dict[str, Any]:
    """The batch of one record, or of one message, in the shape of the letter's trigger."""
    if letter["kind"] == Kind.UPLOAD:
        return {"Records": [{"messageId": letter["_id"], "body": letter["envelope"], "eventSource": "aws:sqs"}]}
    binary = letter["encoding"] == "base64"
    value = letter["envelope"] if binary else base64.b64encode(letter["envelope"].encode()).decode()
    record: dict[str, Any] = {
        "topic": letter["topic"],
        "partition": letter["partition"],
        "offset": letter["offset"],
        "timestamp": int(letter["failedAt"].timestamp() * 1000),
        "timestampType": "CREATE_TIME",
        "value": value,
        "headers": [],
    }
    if letter.get("key"):
        record["key"] = base64.b64encode(letter["key"].encode()).decode()
    return {"eventSource": "aws:kafka", "records": {f"{letter['topic']}-{letter['partition']}": [record]}}


def outcome_of(answer: Answer) -> Outcome:
    """Whether the consumer took the record: a function error or a reported failure is none."""
    if answer.function_error:
        said = answer.payload if isinstance(answer.payload, dict) else {}
        text = f"{said.get('errorType', answer.function_error)}: {said.get('errorMessage', '')}"
        return Outcome(ok=False, code="FUNCTION_FAILED", message=text[:500])
    failed = answer.payload.get("batchItemFailures") if isinstance(answer.payload, dict) else None
    if failed:
        return Outcome(
            ok=False, code="STILL_FAILING", message="The consumer could not finish; what it depends on is down."
        )
    return Outcome(ok=True)
