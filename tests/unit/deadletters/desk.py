"""A dead-letter desk on fakes, and what arrives at it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from functions.deadletters.collecting import Collecting
from functions.deadletters.reading import QueueMessage, Reader
from functions.deadletters.redriving import Redriving
from functions.deadletters.use_cases import Desk
from leanda.contracts.envelope import Origin
from leanda.contracts.events import Counts, RecordsParsed
from leanda.contracts.registry import event_of
from leanda.http.auth import Principal
from leanda.http.cursors import Cursors
from leanda.messaging.letters import Letter
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakePublisher
from tests.unit.deadletters.fakes import FakeFailureObjects, FakeFunctions, FakeLetters, FakeNudge

OPERATOR = Principal("op-1", "operator", ("operators",))
SOMEBODY = Principal("user-1", "ada", ())
FILE = "4d3a52ad-34d7-556d-90f1-ac6d5d8da9c6"
PROCESSOR = "processor-on-record-events"
QUEUE = f"leanda-test-{PROCESSOR}-dlq"
UPLOADS = "leanda-test-blobs-uploads-dlq"


@dataclass
class Room:
    """Everything of the context; `receive` is one message from a queue."""

    clock: FakeClock = field(default_factory=FakeClock)
    broker: FakePublisher = field(default_factory=FakePublisher)
    failures: FakeFailureObjects = field(default_factory=FakeFailureObjects)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    nudge: FakeNudge = field(default_factory=FakeNudge)

    def __post_init__(self) -> None:
        self.letters = FakeLetters(self.broker, self.clock, "deadletters")
        reader = Reader("leanda-test", {UPLOADS: "blobs-on-s3-upload"})
        self.collecting = Collecting(self.letters, self.failures, reader, self.clock)
        self.redriving = Redriving(self.letters, self.functions, self.clock)
        self.desk = Desk(self.letters, self.nudge, Cursors(b"key"), self.clock)
        self._received = 0

    def receive(self, body: str, *, queue: str = QUEUE, message_id: str | None = None) -> bool:
        """Whether the message was taken from its queue."""
        self._received += 1
        message = QueueMessage(message_id or f"message-{self._received}", queue, body, self.clock.now())
        return self.collecting.collect([message]) == []

    def redrive_due(self) -> dict[str, int]:
        return self.redriving.redrive_due(lambda: 900.0)

    def audit(self) -> list[tuple[str, str]]:
        return [(note["by"], note["what"]) for note in self.letters.one()["audit"]]


def parsed(chunk: int = 0, *, hops: int = 3) -> str:
    """The envelope of a RecordsParsed."""
    at = FakeClock().now()
    data = RecordsParsed(
        file_id=FILE, run=1, chunk=chunk, counts=Counts(), artefact="a" * 64, parser="p", version="1",
        started_at=at, ended_at=at,
    )  # fmt: skip
    origin = Origin(cause="cause", correlation_id="correlation-1", user_id="user-1", hops=hops)
    return event_of(data, origin, source="parsers", at=at).to_bytes().decode()


def letter(at: datetime, *, envelope: str | None = None, offset: int = 7, **changed: Any) -> str:
    """A letter as the consumer loop writes it into its queue."""
    fields: dict[str, Any] = {
        "consumer": PROCESSOR,
        "envelope": parsed() if envelope is None else envelope,
        "encoding": "utf-8",
        "code": "UNEXPECTED_ERROR",
        "message": "KeyError: 'x'",
        "detail": None,
        "stack": "Traceback …",
        "attempts": 3,
        "topic": "record-events",
        "partition": 2,
        "offset": offset,
        "key": f"{FILE}:0",
        "at": at,
    }
    return Letter(**fields | changed).body()


def failure_object(*envelopes: str, error: str | None = None, condition: str = "RetryAttemptsExhausted") -> bytes:
    """What Lambda puts into the on-failure bucket ("Capturing discarded batches for an Amazon MSK event source")."""
    records = [
        {
            "topic": "record-events",
            "partition": 1,
            "offset": n,
            "key": base64.b64encode(f"{FILE}:{n}".encode()).decode(),
            "value": base64.b64encode(envelope.encode()).decode(),
        }
        for n, envelope in enumerate(envelopes)
    ]
    event = {"eventSource": "aws:kafka", "records": {"record-events-1": records}}
    return json.dumps(
        {
            "requestContext": {
                "requestId": "r-1",
                "functionArn": f"arn:aws:lambda:eu-west-1:000000000000:function:leanda-test-{PROCESSOR}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": 11,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error},
            "version": "1.0",
            "timestamp": "2026-01-02T03:04:05.000Z",
            "KafkaBatchInfo": {"batchSize": len(records)},
            "payload": json.dumps(event),
        }
    ).encode()


def announcement(key: str, version: str = "v1") -> str:
    """The S3 notification of a failure object."""
    record = {"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {"key": key, "versionId": version}}}
    return json.dumps({"Records": [record]})
