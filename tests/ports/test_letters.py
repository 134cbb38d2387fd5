"""Fakes and real ones do the same: a consumer's queue of letters, what mappings gave up, and the store of collected letters."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from functions.deadletters.adapters import MongoLetters, S3FailureObjects
from functions.deadletters.ports import FailureObjects, LetterFilter, Letters
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.errors import Unavailable
from leanda.messaging.letters import DeadLetterQueue, Letter, SqsDeadLetterQueue
from local.cloud.aws import Aws
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakeDeadLetters, FakePublisher
from tests.ports.buckets import s3_client, versioned_bucket
from tests.unit.deadletters.fakes import FakeFailureObjects, FakeLetters

pytestmark = pytest.mark.integration
NOW = datetime(2026, 5, 1, 12, 30, 15, 250_000, tzinfo=UTC)
ORIGIN = Origin(cause="c", correlation_id="correlation-1")
LETTER = Letter(
    consumer="files-on-file-events",
    envelope='{"specversion": "1.0", "name": "Ä ☃ \\u0000"}',
    encoding="text",
    code="INTERNAL_ERROR",
    message="Something went wrong inside Leanda.",
    detail=None,
    stack="Traceback …",
    attempts=3,
    topic="file-events",
    partition=2,
    offset=17,
    key=None,
    at=NOW,
)


@dataclass
class Queue:
    """A queue, what is in it as JSON, and how it stops answering."""

    port: DeadLetterQueue
    bodies: Callable[[], list[dict[str, Any]]]
    stop: Callable[[], None]


@pytest.fixture(params=["fake", "real"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "fake":
        fake = FakeDeadLetters()
        return Queue(
            fake, lambda: [json.loads(one.body()) for one in fake.letters], lambda: setattr(fake, "down", True)
        )
    sqs = Aws(request.getfixturevalue("aws")).client("sqs")
    url = sqs.create_queue(QueueName=f"letters-{uuid.uuid4().hex[:12]}")["QueueUrl"]

    def bodies() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return Queue(SqsDeadLetterQueue(sqs, url), bodies, lambda: sqs.delete_queue(QueueUrl=url))


class TestQueue:
    def test_a_letter_is_kept_with_everything_that_it_says(self, queue: Queue) -> None:
        queue.port.send(LETTER)
        (body,) = queue.bodies()
        assert body == dataclasses.asdict(LETTER) | {"at": "2026-05-01T12:30:15.250000+00:00"}

    def test_the_same_letter_may_be_there_twice(self, queue: Queue) -> None:
        for _ in range(2):
            queue.port.send(LETTER)
        assert len(queue.bodies()) == 2

    def test_a_queue_that_does_not_take_it_says_so(self, queue: Queue) -> None:
        queue.stop()
        with pytest.raises(Unavailable):
            queue.port.send(LETTER)


@pytest.fixture(params=["fake", "real"])
def letters(request: pytest.FixtureRequest) -> Iterator[Letters]:
    if request.param == "fake":
        yield FakeLetters(FakePublisher(), FakeClock(), "deadletters")
        return
    client: MongoClient[dict[str, Any]] = MongoClient(request.getfixturevalue("document_store"), tz_aware=True)
    store = MongoLetters(client[f"t{uuid.uuid4().hex[:12]}"], FakePublisher(), FakeClock(), patient=True)
    store.ensure_indexes(local=True)
    yield store
    client.close()


def keep(letters: Letters, key: str, *, minute: int = 0, **more: Any) -> None:
    letter = {"_id": key, "revision": 0, "consumer": "c", "code": "X", "state": "Waiting", "envelope": "{}"}
    letters.insert(letter | {"failedAt": NOW + timedelta(minutes=minute)} | more, Change(), ORIGIN)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [one["_id"] for one in found]


class TestLetters:
    def test_pages_go_from_the_latest_failure_and_on_behind_a_position(self, letters: Letters) -> None:
        for key, minute in (("a", 1), ("c", 2), ("b", 2), ("d", 0)):
            keep(letters, key, minute=minute)
        assert names(letters.page(LetterFilter(), after=None, limit=2)) == ["c", "b"]
        behind = (NOW + timedelta(minutes=2), "b")
        assert names(letters.page(LetterFilter(), after=behind, limit=9)) == ["a", "d"]
        assert names(letters.oldest(LetterFilter(), limit=3)) == ["d", "a", "b"]

    @pytest.mark.parametrize(
        "wanted", [LetterFilter(consumer="mine"), LetterFilter(code="Y"), LetterFilter(state="Discarded")]
    )
    def test_both_lists_can_be_narrowed(self, letters: Letters, wanted: LetterFilter) -> None:
        keep(letters, "other")
        keep(letters, "wanted", consumer="mine", code="Y", state="Discarded")
        assert names(letters.page(wanted, after=None, limit=9)) == ["wanted"]
        assert names(letters.oldest(wanted, limit=9)) == ["wanted"]

    def test_those_that_are_due_come_longest_due_first(self, letters: Letters) -> None:
        for key, minute in (("b", 2), ("a", 1), ("later", 9)):
            keep(letters, key, dueAt=NOW + timedelta(minutes=minute))
        keep(letters, "never")
        due = NOW + timedelta(minutes=2)
        assert names(letters.due(due, limit=9)) == ["a", "b"], "due is what has come"
        assert names(letters.due(due, limit=1)) == ["a"]


@dataclass
class Failures:
    """Where mappings put what they gave up; putting returns the version."""

    port: FailureObjects
    put: Callable[[str, bytes], str]


@pytest.fixture(params=["fake", "real"])
def failures(request: pytest.FixtureRequest) -> Failures:
    if request.param == "fake":
        fake = FakeFailureObjects()
        return Failures(fake, fake.put)
    s3 = s3_client(request.getfixturevalue("aws"))
    bucket = versioned_bucket(s3)
    return Failures(
        S3FailureObjects(s3, bucket), lambda key, body: s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    )


class TestFailureObjects:
    def test_what_a_mapping_gave_up_is_read_by_the_version_that_was_told_or_not_at_all(
        self, failures: Failures
    ) -> None:
        version = failures.put("k", b"{}")
        assert failures.port.get("k", version) == b"{}"
        assert failures.port.get("k", str(uuid.uuid4())) is None
        assert failures.port.get("other", None) is None
