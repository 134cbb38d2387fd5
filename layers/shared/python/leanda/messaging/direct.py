"""Delivery past the topic: one consumer is given records that it had, or should have had, and nobody else sees them.

Source: AWS Lambda developer guide, "Using Lambda with Amazon MSK", and the API reference of Invoke.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from leanda.errors import LeandaError, Unavailable
from leanda.messaging.records import KafkaRecord
from leanda.observability import logger

DELIVERY_SECONDS: Final = 660.0
"""Longest that a consumer takes for what it is given alone: a chunk has ten minutes. So long an answer is waited for, and with
less time than that left nothing is delivered."""


class FunctionUnknown(LeandaError):
    code, summary = "FUNCTION_UNKNOWN", "There is no consumer of that name that may be called."


@dataclass(frozen=True)
class Answer:
    """What a function answered; `function_error` as in the Invoke API, None if it returned."""

    payload: Any
    function_error: str | None = None

    @property
    def problem(self) -> str | None:
        """The function's error as one line, None if it returned."""
        if not self.function_error:
            return None
        said = self.payload if isinstance(self.payload, dict) else {}
        return f"{said.get('errorType', self.function_error)}: {said.get('errorMessage', '')}"[:500]

    @property
    def failed(self) -> list[Any]:
        """What a function that returned reported as not done (`batchItemFailures`)."""
        found = self.payload.get("batchItemFailures") if isinstance(self.payload, dict) else None
        return list(found or ())


class Functions(Protocol):
    """Consumers that may be invoked directly."""

    def invoke(self, consumer: str, event: dict[str, Any]) -> Answer:
        """Call a consumer and wait for its answer.

        Raises:
            FunctionUnknown: there is none of that name.
            Unavailable: Lambda does not answer, or all sandboxes are busy; the function may have seen the event.
        """
        ...


class LambdaFunctions:
    """`Functions` by synchronous invocation.

    Args:
        client: must wait for an answer as long as a consumer may run, and never repeat a call by itself.
        names: consumers that may be called → their functions.
    """

    def __init__(self, client: Any, names: Mapping[str, str]) -> None:
        self._client, self._names = client, names

    def invoke(self, consumer: str, event: dict[str, Any]) -> Answer:
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        function = self._names.get(consumer)
        if function is None:
            raise FunctionUnknown(detail=consumer)
        try:
            reply = self._client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            body: bytes = reply["Payload"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise FunctionUnknown(detail=str(error)) from error
            raise Unavailable(detail=f"Lambda: {error}") from error
        except NO_ANSWER as error:
            raise Unavailable(detail=f"Lambda: {error}") from error
        try:
            payload = json.loads(body or b"null")
        except ValueError:
            payload = None
        return Answer(payload, reply.get("FunctionError"))


class Nudge(Protocol):
    def now(self) -> None:
        """Wake the redriving function without waiting for it. If that fails its schedule wakes it within a minute."""
        ...


class LambdaNudge:
    """`Nudge` by asynchronous invocation."""

    def __init__(self, client: Any, function: str) -> None:
        self._client, self._function = client, function

    def now(self) -> None:
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=b"{}")
        except (ClientError, *NO_ANSWER) as error:
            logger.warning("not woken; the schedule will", function=self._function, detail=str(error))


def function_names(prefix: str, consumers: str) -> dict[str, str]:
    """Functions of consumers, whose names are separated by commas: a function is `<prefix>-<consumer>`."""
    return {name: f"{prefix}-{name}" for name in consumers.split(",")}


def msk_event(records: Iterable[tuple[KafkaRecord, int]]) -> dict[str, Any]:
    """The MSK-shaped event of records, each with its time in milliseconds, as a mapping would give them to a function."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for record, timestamp in records:
        shown: dict[str, Any] = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": timestamp,
            "timestampType": "CREATE_TIME",
            "value": base64.b64encode(record.value).decode(),
            "headers": [],
        }
        if record.key:
            shown["key"] = base64.b64encode(record.key.encode()).decode()
        groups.setdefault(f"{record.topic}-{record.partition}", []).append(shown)
    return {"eventSource": "aws:kafka", "records": groups}
