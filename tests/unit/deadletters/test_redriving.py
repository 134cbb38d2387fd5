"""Letters are delivered again straight to the consumer that failed, and how that went is written down."""

from __future__ import annotations

import base64
import copy
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.deadletters.domain import AUTOMATIC_FOR, LEASE, Letter
from functions.deadletters.ports import LetterFilter
from leanda.contracts.events import DeadLettered, Redriven
from leanda.messaging.direct import Answer
from tests.unit.deadletters.desk import (
    FILE,
    OPERATOR,
    PROCESSOR,
    UPLOADS,
    Room,
    announcement,
    failure_object,
    letter,
    parsed,
)


def waiting(**changed: Any) -> tuple[Room, str]:
    room = Room()
    room.receive(letter(room.clock.now(), **changed))
    return room, room.letters.one()["_id"]


def test_a_redriven_letter_is_delivered_as_a_batch_of_one() -> None:
    room, key = waiting()
    shown = room.desk.redrive(OPERATOR, key)
    assert shown["state"] == "Redriving"
    assert room.nudge.times == 1
    assert room.redrive_due() == {"delivered": 1, "failed": 0}
    ((consumer, event),) = room.functions.called
    assert (consumer, event["eventSource"]) == (PROCESSOR, "aws:kafka")
    ((place, (record,)),) = event["records"].items()
    assert (place, record["topic"], record["partition"], record["offset"]) == ("record-events-2", "record-events", 2, 7)
    assert base64.b64decode(record["value"]).decode() == parsed()
    assert base64.b64decode(record["key"]).decode() == f"{FILE}:0"
    kept = room.letters.one()
    assert (kept["state"], kept["outcome"]["ok"], "dueAt" in kept) == ("Redriven", True, False)
    assert room.audit() == [("consumer", "failed"), ("op-1", "redrive requested"), ("op-1", "redriven")]


def test_it_is_counted_how_long_somebody_has_to_be_told_of_a_letter() -> None:
    room, key = waiting()
    room.clock.forward(minutes=3)
    assert room.redriving.oldest_seconds() >= 180
    room.desk.redrive(OPERATOR, key)
    room.redrive_due()
    assert room.redriving.oldest_seconds() == 0


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    raw = base64.b64encode(b"\xff\xfe").decode()
    room, key = waiting(envelope=raw, encoding="base64")
    room.desk.redrive(OPERATOR, key)
    room.redrive_due()
    ((_, event),) = room.functions.called
    assert event["records"]["record-events-2"][0]["value"] == raw


def test_the_file_hears_of_the_delivery_before_the_consumer_is_called() -> None:
    room, key = waiting()
    told: list[str] = []
    room.functions.answers[PROCESSOR] = lambda _: (told.extend(room.broker.types()), Answer({}))[1]
    room.desk.redrive(OPERATOR, key)
    room.redrive_due()
    assert told == [DeadLettered.TYPE, Redriven.TYPE]
    assert room.broker.events(Redriven.TYPE)[0].data["attempt"] == 4


def test_while_the_broker_is_down_nothing_is_delivered_and_soon_tried_again() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    room.broker.down = True
    assert room.redrive_due() == {"delivered": 0, "failed": 0}
    assert room.functions.called == []
    room.broker.down = False
    room.clock.forward(minutes=1)
    assert room.redrive_due() == {"delivered": 1, "failed": 0}
    assert [event.data["attempt"] for event in room.broker.events(Redriven.TYPE)] == [4, 5]


def test_busy_functions_are_asked_again_soon() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    room.functions.down = True
    room.redrive_due()
    kept = room.letters.one()
    assert (kept["state"], "outcome" in kept) == ("Waiting", False)
    assert kept["postponed"]["why"]
    room.functions.down = False
    room.clock.forward(minutes=1)
    assert room.redrive_due() == {"delivered": 1, "failed": 0}
    assert "postponed" not in room.letters.one()


def test_a_consumer_that_never_answers_is_not_asked_for_ever() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    room.functions.down = True
    for _ in range(200):
        room.redrive_due()
        room.clock.forward(minutes=1)
    kept = room.letters.one()
    assert (kept["state"], kept["outcome"]["code"], "dueAt" in kept) == ("Waiting", "NOT_ANSWERED", False)
    assert room.broker.events()[-1].type == DeadLettered.TYPE, "its file hears that it waits"
    room.functions.down = False
    room.desk.redrive(OPERATOR, key)
    assert room.redrive_due() == {"delivered": 1, "failed": 0}


def test_who_does_not_want_to_wait_for_a_consumer_discards_the_letter() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    room.functions.down = True
    room.redrive_due()
    room.desk.discard(OPERATOR, key, "The consumer is being rebuilt.")
    room.letters.publish(key)
    assert room.broker.events()[-1].type == DeadLettered.TYPE, "its file was told of a delivery"
    room.functions.down = False
    room.clock.forward(hours=1)
    assert room.redrive_due() == {"delivered": 0, "failed": 0}
    assert room.letters.one()["state"] == "Discarded"


def test_every_delivery_is_told_so_that_a_file_given_up_in_between_goes_on() -> None:
    room, key = waiting()
    for _ in range(3):
        room.desk.redrive(OPERATOR, key)
        room.redrive_due()
    events = room.broker.events(Redriven.TYPE)
    assert [event.data["attempt"] for event in events] == [4, 5, 6]
    assert len({event.id for event in events}) == 3


def test_a_delivery_that_nobody_wrote_down_is_told_again_when_it_is_repeated() -> None:
    room, key = waiting()
    room.functions.answers[PROCESSOR] = lambda _: (_ for _ in ()).throw(MemoryError())
    room.desk.redrive(OPERATOR, key)
    with pytest.raises(MemoryError):
        room.redrive_due()
    room.functions.answers.clear()
    room.clock.forward(seconds=LEASE.total_seconds() + 1)
    assert room.redrive_due() == {"delivered": 1, "failed": 0}
    assert [event.data["attempt"] for event in room.broker.events(Redriven.TYPE)] == [4, 5]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer({"errorType": "Runtime.ExitError", "errorMessage": "killed"}, "Unhandled"), "FUNCTION_FAILED"),
        (Answer(None, "Unhandled"), "FUNCTION_FAILED"),
        (
            Answer({"batchItemFailures": [{"itemIdentifier": {"partition": "record-events-2", "offset": 7}}]}),
            "STILL_FAILING",
        ),
    ],
)
def test_a_consumer_that_does_not_take_it_leaves_the_letter_waiting(answer: Answer, code: str) -> None:
    room, key = waiting()
    room.functions.answers[PROCESSOR] = lambda _: answer
    room.desk.redrive(OPERATOR, key)
    assert room.redrive_due() == {"delivered": 0, "failed": 1}
    kept = room.letters.one()
    assert (kept["state"], kept["outcome"]["code"], kept["attempts"], "dueAt" in kept) == ("Waiting", code, 4, False)
    assert [event.data["attempt"] for event in room.broker.events(DeadLettered.TYPE)] == [3, 4]
    assert room.audit()[-1] == ("op-1", "redrive failed")


def test_an_answer_that_is_empty_means_that_all_was_taken() -> None:
    for payload in (None, {}, {"batchItemFailures": []}):
        room, key = waiting()
        room.functions.answers[PROCESSOR] = lambda _, payload=payload: Answer(payload)  # type: ignore[misc]
        room.desk.redrive(OPERATOR, key)
        assert room.redrive_due()["delivered"] == 1


def test_a_letter_of_a_function_that_may_not_be_called_waits_with_the_reason() -> None:
    room = Room()
    room.receive(letter(room.clock.now()), queue="leanda-test-nobody-on-events-dlq")
    room.desk.redrive(OPERATOR, room.letters.one()["_id"])
    assert room.redrive_due() == {"delivered": 0, "failed": 1}
    assert (room.letters.one()["state"], room.letters.one()["outcome"]["code"]) == ("Waiting", "FUNCTION_UNKNOWN")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_consumer_that_dead_letters_it_again_makes_it_wait_again(when: str) -> None:
    """The consumer loop answers that all is well when it dead-letters; its letter comes back through the queue."""
    room, key = waiting()

    def again() -> None:
        room.clock.forward(seconds=1)
        room.receive(letter(room.clock.now(), code="STILL_BROKEN"))

    def answer(_: dict[str, Any]) -> Answer:
        if when == "before":
            again()
        return Answer({"batchItemFailures": []})

    room.functions.answers[PROCESSOR] = answer
    room.desk.redrive(OPERATOR, key)
    room.redrive_due()
    if when == "after":
        again()
    kept = room.letters.one()
    assert (kept["state"], kept["code"], kept["failures"], kept["attempts"]) == ("Waiting", "STILL_BROKEN", 2, 7)
    assert "dueAt" not in kept
    assert kept["outcome"]["ok"] is False
    assert ("op-1", "redriven") in room.audit()
    failed, redriven, again_failed = (
        room.broker.events(DeadLettered.TYPE)[0],
        room.broker.events(Redriven.TYPE)[0],
        room.broker.events(DeadLettered.TYPE)[1],
    )
    assert failed.data["attempt"] < redriven.data["attempt"] <= again_failed.data["attempt"]


def test_an_upload_is_delivered_as_a_message_of_its_queue() -> None:
    room = Room()
    notification = announcement(f"uploads/{FILE}")
    room.receive(notification, queue=UPLOADS)
    room.desk.redrive(OPERATOR, room.letters.one()["_id"])
    assert room.redrive_due() == {"delivered": 1, "failed": 0}
    ((consumer, event),) = room.functions.called
    assert consumer == "blobs-on-s3-upload"
    assert event["Records"][0]["body"] == notification


def transient() -> Room:
    room = Room()
    room.failures.objects["k", "v1"] = failure_object(parsed())
    room.receive(announcement("k"))
    return room


def test_a_transient_failure_is_redriven_by_itself_after_a_while() -> None:
    room = transient()
    assert room.redrive_due() == {"delivered": 0, "failed": 0}
    room.clock.forward(minutes=1)
    assert room.redrive_due() == {"delivered": 1, "failed": 0}
    assert room.letters.one()["state"] == "Redriven"
    assert room.audit() == [("consumer", "failed"), ("schedule", "redriven")]


def test_the_delay_grows_and_after_a_day_the_letter_waits_for_an_operator() -> None:
    room = transient()
    room.functions.answers[PROCESSOR] = lambda _: Answer({"batchItemFailures": [{"itemIdentifier": {}}]})
    began, delays = room.clock.now(), []
    while due := room.letters.one().get("dueAt"):
        delays.append(due - room.clock.now())
        room.clock.at = due
        assert room.redrive_due() == {"delivered": 0, "failed": 1}
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (timedelta(minutes=1), timedelta(hours=1))
    assert AUTOMATIC_FOR - timedelta(hours=1) <= room.clock.now() - began <= AUTOMATIC_FOR
    assert room.letters.one()["state"] == "Waiting"
    assert len(delays) < 40
    room.clock.forward(days=2)
    assert room.redrive_due() == {"delivered": 0, "failed": 0}


def test_who_discards_what_would_be_delivered_by_itself_ends_the_wait_of_its_file() -> None:
    room = transient()
    key = room.letters.one()["_id"]
    room.desk.discard(OPERATOR, key, "The store is gone for good.")
    told = room.broker.events(DeadLettered.TYPE)
    assert [event.data["code"] for event in told] == ["RETRIES_EXHAUSTED", "GIVEN_UP"]
    assert told[1].data["message"].endswith("The store is gone for good.")
    assert told[1].data["attempt"] > told[0].data["attempt"], "else its file takes it for the one that it knows"
    room.clock.forward(hours=2)
    assert room.redrive_due() == {"delivered": 0, "failed": 0}


def test_a_defect_is_never_redriven_by_itself() -> None:
    room, _ = waiting()
    room.clock.forward(days=2)
    assert room.redrive_due() == {"delivered": 0, "failed": 0}
    assert room.functions.called == []


def test_two_workers_deliver_a_letter_once() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    both: list[dict[str, int]] = []

    def answer(_: dict[str, Any]) -> Answer:
        both.append(room.redrive_due())
        return Answer({})

    room.functions.answers[PROCESSOR] = answer
    room.redrive_due()
    assert both == [{"delivered": 0, "failed": 0}]
    assert len(room.functions.called) == 1


def test_two_workers_that_found_a_letter_at_the_same_time_deliver_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one claims and delivers it between this one's look and its claim."""
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    due, others = room.letters.due, [room.redrive_due]

    def look(now: datetime, *, limit: int) -> list[Letter]:
        found = copy.deepcopy(due(now, limit=limit))
        while others:
            assert others.pop()() == {"delivered": 1, "failed": 0}
        return found

    monkeypatch.setattr(room.letters, "due", look)
    assert room.redrive_due() == {"delivered": 0, "failed": 0}
    assert len(room.functions.called) == 1


def test_a_letter_whose_worker_died_is_taken_up_when_its_lease_is_over() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    answers = iter([SystemExit()])

    def die(_: dict[str, Any]) -> Answer:
        for end in answers:
            raise end
        return Answer({})

    room.functions.answers[PROCESSOR] = die
    with pytest.raises(SystemExit):
        room.redrive_due()
    assert room.redrive_due() == {"delivered": 0, "failed": 0}
    room.clock.at += LEASE
    assert room.redrive_due() == {"delivered": 1, "failed": 0}


def test_nothing_is_begun_without_time_for_its_end() -> None:
    room, key = waiting()
    room.desk.redrive(OPERATOR, key)
    assert room.redriving.redrive_due(lambda: 100.0) == {"delivered": 0, "failed": 0}
    assert room.functions.called == []


def test_letters_of_a_partition_are_delivered_in_its_order() -> None:
    room = Room()
    for offset in (9, 7, 8):
        room.receive(letter(room.clock.now(), offset=offset))
    room.desk.redrive_many(OPERATOR, LetterFilter(), limit=10)
    room.redrive_due()
    offsets = [event["records"]["record-events-2"][0]["offset"] for _, event in room.functions.called]
    assert offsets == [7, 8, 9]


def test_redriving_everything_twice_delivers_twice_and_ends_the_same() -> None:
    room, key = waiting()
    for _ in range(2):
        room.desk.redrive(OPERATOR, key)
        room.redrive_due()
    assert len(room.functions.called) == 2
    assert room.letters.one()["state"] == "Redriven"
