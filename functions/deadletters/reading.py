"""What lies in a dead-letter queue, and in a failure object: read without ever refusing. Pure.

Four shapes arrive: letters of the consumer loop (`leanda.messaging.letters`), notifications of uploads that were received too
often, records of failed asynchronous invocations, and announcements of failure objects of event source mappings. Whatever
is none of them is kept as it is. Sources: AWS Lambda developer guide, "Retaining records of asynchronous invocations" and
"Capturing discarded batches for an Amazon MSK event source"; Amazon S3 user guide, "Event message structure".
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal
from urllib.parse import unquote_plus

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from leanda import ids
from leanda.messaging.records import KafkaRecord

TOO_LARGE: Final = "MaximumPayloadSizeExceeded"
_MAX_TEXT: Final = 8000


class Kind(StrEnum):
    """What a letter is about."""

    EVENT = "event"
    """A record of a topic."""
    UPLOAD = "upload"
    """An S3 notification in a queue."""
    RUN = "run"
    """A scheduled run; the next one does its work."""
    UNREADABLE = "unreadable"
    """Something that nobody can deliver, kept as it came."""


@dataclass(frozen=True)
class QueueMessage:
    """A message of a queue; `sent_at` is when it was put there."""

    id: str
    queue: str
    body: str
    sent_at: datetime


@dataclass(frozen=True)
class Found:
    """A letter as it was found.

    Attributes:
        identity: what the letter's id is made of; the same thing found again has the same.
        envelope: the record's value or the message's body, as text (base64 if `encoding` says so).
        transient: the consumer never failed, it only could not finish: waiting helps.
        source: where it was found, for people.
    """

    identity: tuple[str, ...]
    kind: Kind
    consumer: str
    code: str
    message: str
    failed_at: datetime
    envelope: str
    encoding: str = "utf-8"
    detail: str | None = None
    stack: str | None = None
    attempts: int = 1
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    key: str | None = None
    transient: bool = False
    source: str = ""

    @property
    def letter_id(self) -> str:
        return str(uuid.uuid5(ids.NAMESPACE, "\x1f".join(("letter", *self.identity))))


@dataclass(frozen=True)
class Announced:
    """A failure object that an S3 notification speaks of."""

    key: str
    version_id: str | None


class _Letter(BaseModel):
    """`leanda.messaging.letters.Letter` as it comes out of a queue."""

    envelope: str
    encoding: Literal["utf-8", "base64"]
    code: str
    message: str
    detail: str | None = None
    stack: str = ""
    attempts: int = Field(ge=1, lt=2**31)
    topic: str = Field(min_length=1, max_length=249)
    partition: int = Field(ge=0, lt=2**31)
    offset: int = Field(ge=0, lt=2**63)
    key: str | None = None
    at: AwareDatetime


@dataclass(frozen=True)
class Reader:
    """Knows whose a queue is.

    Args:
        prefix: how names of functions and queues begin: `leanda-prod`.
        behind: dead-letter queues of other queues → the consumer behind.
    """

    prefix: str
    behind: Mapping[str, str]

    def read(self, message: QueueMessage) -> list[Found | Announced]:
        """What a message holds; nothing for the test message that S3 sends when notifications are set up."""
        value = _json(message.body)
        if message.queue in self.behind:
            return [self._upload(message)]
        if not isinstance(value, dict):
            return [self._unreadable(message)]
        if value.get("Event") == "s3:TestEvent":
            return []
        if "envelope" in value:
            return [self._letter(message, value)]
        if "requestPayload" in value and "requestContext" in value:
            return [self._run(message, value)]
        return list(announced(value)) or [self._unreadable(message)]

    def batch(self, where: Announced, body: bytes | None, *, at: datetime) -> list[Found]:
        """The records of a failure object, each a letter of its own; a letter about the object if it cannot be read."""
        value = _json(body or b"")
        if not isinstance(value, dict) or not isinstance(value.get("requestContext"), dict):
            return [self._lost(where, body, at)]
        context, response = value["requestContext"], value.get("responseContext")
        arn = str(context.get("functionArn", ""))
        consumer = self._consumer(arn.partition(":function:")[2].partition(":")[0] or arn)
        failed_at, count = _time(value.get("timestamp"), at), context.get("approximateInvokeCount")
        error = response.get("functionError") if isinstance(response, dict) else None
        condition = str(context.get("condition", ""))
        code, message = _reason(error, condition)
        records = _records(value.get("payload"))
        if not records:
            return [self._lost(where, body, failed_at, consumer)]
        found = []
        for record in records:
            envelope, encoding = record.text()
            found.append(
                Found(
                    identity=(consumer, record.topic, str(record.partition), str(record.offset)),
                    kind=Kind.EVENT,
                    consumer=consumer,
                    code=code,
                    message=message,
                    detail=f"condition {condition}, function error {error}, request {context.get('requestId')}"[
                        :_MAX_TEXT
                    ],
                    failed_at=failed_at,
                    envelope=envelope,
                    encoding=encoding,
                    attempts=count if isinstance(count, int) and 0 < count < 2**31 else 1,
                    topic=clean(record.topic),
                    partition=record.partition,
                    offset=record.offset,
                    key=clean(record.key) or None,
                    transient=code == "RETRIES_EXHAUSTED",
                    source=where.key,
                )
            )
        return found

    def _letter(self, message: QueueMessage, value: dict[str, Any]) -> Found:
        try:
            letter = _Letter.model_validate(value)
            if letter.encoding == "base64":
                base64.b64decode(letter.envelope, validate=True)
        except (ValidationError, ValueError) as error:
            return self._unreadable(message, str(error))
        consumer = self._consumer(message.queue.removesuffix("-dlq"))
        return Found(
            identity=(consumer, letter.topic, str(letter.partition), str(letter.offset)),
            kind=Kind.EVENT,
            consumer=consumer,
            code=clean(letter.code)[:200],
            message=clean(letter.message)[:_MAX_TEXT],
            detail=clean(letter.detail)[:_MAX_TEXT] if letter.detail else None,
            stack=clean(letter.stack)[:_MAX_TEXT],
            failed_at=letter.at,
            envelope=clean(letter.envelope),
            encoding=letter.encoding,
            attempts=letter.attempts,
            topic=clean(letter.topic),
            partition=letter.partition,
            offset=letter.offset,
            key=clean(letter.key) if letter.key else None,
            source=message.queue,
        )

    def _upload(self, message: QueueMessage) -> Found:
        consumer = self.behind[message.queue]
        return Found(
            identity=(consumer, message.id),
            kind=Kind.UPLOAD,
            consumer=consumer,
            code="UPLOAD_NOT_RECEIVED",
            message="The announcement of an uploaded object was received too often without success.",
            failed_at=message.sent_at,
            envelope=clean(message.body),
            source=message.queue,
        )

    def _run(self, message: QueueMessage, value: dict[str, Any]) -> Found:
        answer = value.get("responsePayload")
        said = answer if isinstance(answer, dict) else {}
        at, error = _time(value.get("timestamp"), message.sent_at), clean(str(said.get("errorType", "?")))[:200]
        return Found(
            # While an engine is down every minute's run of every function fails: a day's letter of each is enough to act on.
            identity=(message.queue, error, at.date().isoformat()),
            kind=Kind.RUN,
            consumer=self._consumer(message.queue.removesuffix("-dlq")),
            code="RUN_FAILED",
            message=clean(f"A run failed: {error}: {said.get('errorMessage', '')}")[:500],
            detail=clean(json.dumps(value.get("requestContext")))[:_MAX_TEXT],
            failed_at=at,
            envelope=clean(message.body),
            source=message.queue,
        )

    def _unreadable(self, message: QueueMessage, why: str = "") -> Found:
        return Found(
            identity=(message.queue, message.id),
            kind=Kind.UNREADABLE,
            consumer=self._consumer(message.queue.removesuffix("-dlq")),
            code="LETTER_MALFORMED",
            message="What lay in the dead-letter queue is no letter; it is kept as it came.",
            detail=clean(why)[:_MAX_TEXT] or None,
            failed_at=message.sent_at,
            envelope=clean(message.body),
            source=message.queue,
        )

    def _lost(self, where: Announced, body: bytes | None, at: datetime, consumer: str = "") -> Found:
        text, encoding = KafkaRecord("", 0, 0, "", body or b"").text()
        return Found(
            identity=(where.key, where.version_id or ""),
            kind=Kind.UNREADABLE,
            consumer=consumer or "unknown",
            code="FAILURE_OBJECT_GONE" if body is None else "FAILURE_OBJECT_WITHOUT_RECORDS",
            message="The object with a failed batch is gone."
            if body is None
            else "The object with a failed batch holds no records that can be read; the topic still has them.",
            failed_at=at,
            envelope=text,
            encoding=encoding,
            source=where.key,
        )

    def _consumer(self, function: str) -> str:
        return clean(function.removeprefix(f"{self.prefix}-"))[:200] or "unknown"


def clean(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate, which JSON can escape into a string, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _reason(error: object, condition: str) -> tuple[str, str]:
    if condition == TOO_LARGE:
        return "RECORD_TOO_LARGE", "The record is larger than a function can be given."
    if error:
        return (
            "FUNCTION_FAILED",
            "The consumer ended without an answer each time: a crash, a time-out or too little memory.",
        )
    return "RETRIES_EXHAUSTED", "What the consumer depends on did not answer until the retries were used up."


def announced(value: dict[str, Any]) -> Iterator[Announced]:
    """The objects that a notification of S3 speaks of."""
    records = value.get("Records")
    for record in records if isinstance(records, list) else ():
        try:
            stored = record["s3"]["object"]
            yield Announced(unquote_plus(str(stored["key"])), stored.get("versionId"))
        except (KeyError, TypeError, AttributeError):
            continue


def _records(payload: object) -> list[KafkaRecord]:
    """The records of the event in a failure object; those that are none are left out."""
    event = _json(payload) if isinstance(payload, str) else payload
    groups = event.get("records") if isinstance(event, dict) else None
    found = []
    for group in groups.values() if isinstance(groups, dict) else ():
        for record in group if isinstance(group, list) else ():
            try:
                key, value = record.get("key") or "", record.get("value") or ""
                place = (str(record["topic"]), int(record["partition"]), int(record["offset"]))
                text = base64.b64decode(key).decode("utf-8", "replace")
                if 0 <= place[1] < 2**31 and 0 <= place[2] < 2**63:
                    found.append(KafkaRecord(*place, text, base64.b64decode(value)))
            except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
                continue
    return found


def _time(value: object, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return otherwise
    return found if found.tzinfo else otherwise


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
