"""Whatever lies in a dead-letter queue is kept once, at once, and whoever it concerns hears of it."""

from __future__ import annotations

import json

import pytest

from functions.deadletters.reading import Found, QueueMessage, Reader
from leanda.contracts.events import DeadLettered
from leanda.contracts.registry import data_of
from leanda.errors import Unavailable
from tests.unit.deadletters.desk import (
    FILE,
    PROCESSOR,
    QUEUE,
    UPLOADS,
    Room,
    announcement,
    failure_object,
    letter,
    parsed,
)


def test_a_letter_is_stored_and_its_file_hears_of_it() -> None:
    room = Room()
    assert room.receive(letter(room.clock.now()))
    kept = room.letters.one()
    assert (kept["state"], kept["consumer"], kept["code"], kept["attempts"]) == (
        "Waiting", PROCESSOR, "UNEXPECTED_ERROR", 3,
    )  # fmt: skip
    assert kept["envelope"] == parsed()
    (event,) = room.broker.events(DeadLettered.TYPE)
    told = data_of(event)
    assert isinstance(told, DeadLettered)
    assert (told.file_id, told.run, told.chunk, told.attempt) == (FILE, 1, 0, 3)
    assert (told.letter_id, told.record_key, told.event_type) == (
        kept["_id"], f"{FILE}:0", "leanda.parsers.records.parsed.v1",
    )  # fmt: skip
    assert (event.correlationid, event.userid, event.hops) == ("correlation-1", "user-1", 0)
    assert room.broker.sent[0].key == f"{FILE}:0"


def test_the_same_letter_twice_is_one_letter_and_one_announcement() -> None:
    room = Room()
    body = letter(room.clock.now())
    for message_id in ("a", "a", "b"):
        assert room.receive(body, message_id=message_id)
    assert room.letters.one()["failures"] == 1
    assert len(room.broker.sent) == 1


def test_a_record_that_is_given_up_again_later_counts_on_and_is_told_again() -> None:
    room = Room()
    room.receive(letter(room.clock.now()))
    room.clock.forward(minutes=5)
    room.receive(letter(room.clock.now(), code="EVENT_UNKNOWN"))
    kept = room.letters.one()
    assert (kept["failures"], kept["attempts"], kept["code"]) == (2, 6, "EVENT_UNKNOWN")
    first, second = room.broker.events(DeadLettered.TYPE)
    assert first.id != second.id
    assert (first.data["attempt"], second.data["attempt"]) == (3, 6)


def test_letters_of_two_consumers_about_one_event_have_two_announcements() -> None:
    room = Room()
    room.receive(letter(room.clock.now()))
    room.receive(letter(room.clock.now()), queue="leanda-test-files-on-record-events-dlq")
    assert {one["consumer"] for one in room.letters.all()} == {PROCESSOR, "files-on-record-events"}
    assert len({event.id for event in room.broker.events()}) == 2


def test_the_queue_says_whose_letter_it_is_not_the_letter() -> None:
    room = Room()
    room.receive(letter(room.clock.now(), consumer="somebody-else"))
    assert room.letters.one()["consumer"] == PROCESSOR


@pytest.mark.parametrize(
    "envelope",
    [
        "",
        "no json",
        "[]",
        '{"data": 5}',
        '{"type": "leanda.users.user.created.v1", "data": {"userId": "u"}}',
        '{"type": "leanda.parsers.records.parsed.v1", "data": {"fileId": "' + "x" * 500 + '"}}',
        '{"type": "leanda.parsers.records.parsed.v1", "data": {"fileId": "\\ud800"}}',
    ],
)
def test_a_letter_about_no_file_is_kept_without_an_announcement(envelope: str) -> None:
    room = Room()
    assert room.receive(letter(room.clock.now(), envelope=envelope))
    assert room.letters.one()["envelope"] == envelope
    assert room.broker.sent == []


def test_a_malformed_event_that_names_its_file_is_told_to_it() -> None:
    room = Room()
    broken = {"type": "leanda.parsers.records.parsed.v1", "data": {"fileId": FILE, "run": "two", "chunk": -1}}
    room.receive(letter(room.clock.now(), envelope=json.dumps(broken), key=None))
    (event,) = room.broker.events(DeadLettered.TYPE)
    assert event.data["run"] == 0
    assert "chunk" not in event.data
    assert event.data["recordKey"] == FILE


def test_nothing_is_announced_about_announcements() -> None:
    room = Room()
    room.receive(letter(room.clock.now()))
    room.receive(letter(room.clock.now(), envelope=room.broker.sent[0].body.decode(), offset=8))
    assert len(room.letters.all()) == 2
    assert len(room.broker.sent) == 1


def test_an_event_that_went_in_a_circle_is_still_told_of() -> None:
    room = Room()
    room.receive(letter(room.clock.now(), envelope=parsed(hops=17), code="HOP_LIMIT_EXCEEDED"))
    (event,) = room.broker.events(DeadLettered.TYPE)
    assert event.hops == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "5",
        "[1]",
        "{}",
        '{"Records": "x"}',
        '{"Records": [{"s3": 5}]}',
        '{"envelope": 5}',
        '{"envelope": "\\ud800", "text": "\\ud800"}',
        "[" * 100_000,
        json.dumps({"envelope": "no base64", "encoding": "base64", "code": "c", "message": "m", "attempts": 1,
                    "topic": "t", "partition": 1, "offset": 1, "at": "2026-01-01T00:00:00Z"}),
        json.dumps({"envelope": "", "encoding": "utf-8", "code": "c", "message": "m", "attempts": 1, "topic": "t",
                    "partition": 2**70, "offset": 1, "at": "2026-01-01T00:00:00Z"}),
    ],
)  # fmt: skip
def test_what_is_no_letter_is_kept_as_it_came(body: str) -> None:
    room = Room()
    assert room.receive(body)
    kept = room.letters.one()
    assert (kept["kind"], kept["code"], kept["consumer"]) == ("unreadable", "LETTER_MALFORMED", PROCESSOR)
    assert kept["envelope"] == body
    assert room.receive(body, message_id="message-1")
    assert room.letters.one()["failures"] == 1


def test_text_that_utf8_cannot_hold_does_not_stand_in_the_way() -> None:
    room = Room()
    fields = json.loads(letter(room.clock.now()))
    room.receive(json.dumps(fields | {"message": "bad \ud800", "key": "\ud800"}))
    kept = room.letters.one()
    assert (kept["message"], kept["key"]) == ("bad ?", "?")


RELAY = "leanda-test-files-relay-dlq"


def failed_run(*, day: int = 2, minute: int = 0, error: str = "KeyError") -> str:
    """What Lambda says of a scheduled run that failed."""
    return json.dumps({
        "timestamp": f"2026-01-{day:02}T03:{minute:02}:00.000Z",
        "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:000000000000:function:leanda-test-files-relay"},
        "requestPayload": {},
        "responsePayload": {"errorType": error, "errorMessage": "'x'"},
    })  # fmt: skip


def test_an_announced_upload_that_nobody_took_is_a_letter() -> None:
    room = Room()
    notification = announcement(f"uploads/{FILE}")
    assert room.receive(notification, queue=UPLOADS)
    kept = room.letters.one()
    assert (kept["kind"], kept["consumer"], kept["code"]) == ("upload", "blobs-on-s3-upload", "UPLOAD_NOT_RECEIVED")
    assert kept["envelope"] == notification


def test_a_failed_scheduled_run_is_a_letter_without_an_announcement() -> None:
    room = Room()
    assert room.receive(failed_run(), queue=RELAY)
    kept = room.letters.one()
    assert (kept["kind"], kept["consumer"], kept["code"]) == ("run", "files-relay", "RUN_FAILED")
    assert "KeyError" in kept["message"]
    assert room.broker.sent == []


def test_a_function_that_fails_every_minute_is_one_letter_a_day_for_each_error() -> None:
    room = Room()
    for minute in range(3):
        assert room.receive(failed_run(minute=minute), queue=RELAY)
    kept = room.letters.one()
    assert (kept["failures"], kept["failedAt"].minute) == (3, 2)
    room.receive(failed_run(error="Unavailable"), queue=RELAY)
    room.receive(failed_run(day=3), queue=RELAY)
    assert len(room.letters.all()) == 3


def test_the_test_message_of_s3_is_taken_and_forgotten() -> None:
    room = Room()
    assert room.receive(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}))
    assert room.letters.all() == []


def test_every_record_of_a_failed_batch_is_a_letter() -> None:
    room = Room()
    room.failures.objects["aws/lambda/x y", "v1"] = failure_object(parsed(0), parsed(1), error="Unhandled")
    assert room.receive(announcement("aws/lambda/x+y"), queue="leanda-test-deadletters-failures")
    kept = sorted(room.letters.all(), key=lambda one: one["offset"])
    assert [(one["consumer"], one["partition"], one["offset"]) for one in kept] == [
        (PROCESSOR, 1, 0),
        (PROCESSOR, 1, 1),
    ]
    assert {one["code"] for one in kept} == {"FUNCTION_FAILED"}
    assert [one["envelope"] for one in kept] == [parsed(0), parsed(1)]
    assert all("dueAt" not in one for one in kept)
    assert len(room.broker.events(DeadLettered.TYPE)) == 2


def test_a_batch_without_a_function_error_is_due_again_by_itself() -> None:
    room = Room()
    room.failures.objects["k", "v1"] = failure_object(parsed())
    room.receive(announcement("k"))
    kept = room.letters.one()
    assert (kept["code"], kept["transient"], kept["attempts"]) == ("RETRIES_EXHAUSTED", True, 11)
    assert kept["dueAt"] > room.clock.now()


def test_a_record_that_is_too_large_is_not_due_by_itself() -> None:
    room = Room()
    room.failures.objects["k", "v1"] = failure_object(parsed(), condition="MaximumPayloadSizeExceeded")
    room.receive(announcement("k"))
    assert room.letters.one()["code"] == "RECORD_TOO_LARGE"
    assert "dueAt" not in room.letters.one()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"requestContext": {"functionArn": "f"}}',
        b'{"requestContext": {"functionArn": "f"}, "payload": "{\\"records\\": {\\"a\\": [{\\"topic\\": \\"t\\"}]}}"}',
        b'{"requestContext": {"functionArn": "f"}, "payload": {"records": {"a": [{"topic": "t", "partition": -1, "offset": 0}]}}}',
    ],
)
def test_a_failure_object_that_cannot_be_read_is_kept_whole(content: bytes) -> None:
    room = Room()
    room.failures.objects["k", "v1"] = content
    assert room.receive(announcement("k"))
    kept = room.letters.one()
    assert (kept["kind"], kept["code"], kept["source"]) == ("unreadable", "FAILURE_OBJECT_WITHOUT_RECORDS", "k")


def test_a_failure_object_that_is_gone_is_told_of() -> None:
    room = Room()
    assert room.receive(announcement("k"))
    assert room.letters.one()["code"] == "FAILURE_OBJECT_GONE"


def test_while_s3_is_down_the_message_stays_in_its_queue() -> None:
    room = Room()
    room.failures.down = True
    assert not room.receive(announcement("k"))
    assert room.letters.all() == []


def test_while_the_broker_is_down_the_letter_is_kept_and_the_relay_announces_it() -> None:
    room = Room()
    room.broker.down = True
    assert room.receive(letter(room.clock.now()))
    assert room.letters.one()["state"] == "Waiting"
    room.broker.down = False
    room.clock.forward(seconds=10)
    (key,) = room.letters.stale(10)
    room.letters.publish(key)
    assert len(room.broker.events(DeadLettered.TYPE)) == 1


def test_one_bad_message_of_a_batch_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    insert = room.letters.insert

    def failing(document, change, origin):  # type: ignore[no-untyped-def]
        if document["offset"] == 8:
            raise Unavailable(detail="the store is down for this one")
        return insert(document, change, origin)

    monkeypatch.setattr(room.letters, "insert", failing)
    taken = [room.receive(letter(room.clock.now(), offset=offset)) for offset in (7, 8, 9)]
    assert taken == [True, False, True]
    assert sorted(one["offset"] for one in room.letters.all()) == [7, 9]


def test_a_discarded_letter_stays_discarded_when_its_record_fails_again() -> None:
    room = Room()
    room.receive(letter(room.clock.now()))
    room.letters.documents[room.letters.one()["_id"]]["state"] = "Discarded"
    room.clock.forward(minutes=5)
    room.receive(letter(room.clock.now()))
    assert (room.letters.one()["state"], room.letters.one()["failures"]) == ("Discarded", 2)
    assert len(room.broker.sent) == 1


def test_a_queue_of_another_name_keeps_its_whole_name() -> None:
    (found,) = Reader("other", {}).read(QueueMessage("m", QUEUE, "x", Room().clock.now()))
    assert isinstance(found, Found)
    assert found.consumer == QUEUE.removesuffix("-dlq")
