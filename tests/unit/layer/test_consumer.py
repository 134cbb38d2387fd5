"""The consumer loop: outcome, transient, defect; the key fence; the half-batch rule."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from leanda.contracts.envelope import Origin
from leanda.contracts.events import BlobHashed
from leanda.contracts.registry import event_of
from leanda.errors import Unavailable
from leanda.messaging.consumer import TRANSIENT_TRIES, Consumer, Group
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakeDeadLetters

CLOCK = FakeClock()


def value(file_id: str, n: int = 0, *, hops: int = 0) -> bytes:
    origin = Origin(cause=f"test-{n}", correlation_id="test-correlation", hops=hops)
    data = BlobHashed(file_id=file_id, blob_id="b", sha256=str(n))
    return event_of(data, origin, source="test", at=CLOCK.now()).to_bytes()


def record(offset: int, body: bytes, *, key: str, partition: int = 0) -> dict[str, Any]:
    return {
        "topic": "file-events",
        "partition": partition,
        "offset": offset,
        "key": base64.b64encode(key.encode()).decode(),
        "value": base64.b64encode(body).decode(),
    }


def batch(*records: dict[str, Any]) -> dict[str, Any]:
    places: dict[str, list[dict[str, Any]]] = {}
    for one in records:
        places.setdefault(f"{one['topic']}-{one['partition']}", []).append(one)
    return {"eventSource": "aws:kafka", "records": places}


class Recorder:
    """Handles events and fails where it is told to."""

    def __init__(self, fail: Callable[[str, str], Exception | None] = lambda file_id, n: None) -> None:
        self.fail, self.done, self.tried = fail, [], []  # type: ignore[var-annotated]

    def handle(self, group: Group) -> None:
        for one in group:
            name = (one.data.file_id, one.event.data["sha256"])
            self.tried.append(name)
            error = self.fail(*name)
            if error:
                raise error
            self.done.append(name)


def run(recorder: Recorder, event: dict[str, Any], letters: FakeDeadLetters | None = None, **options: Any) -> list[Any]:
    consumer = Consumer(
        "test-group", recorder.handle, letters or FakeDeadLetters(), CLOCK, sleep=lambda _: None, **options
    )
    answer = consumer.consume(event, lambda: 1000.0)
    return [(f["itemIdentifier"]["partition"], f["itemIdentifier"]["offset"]) for f in answer["batchItemFailures"]]


def test_an_outcome_is_acknowledged() -> None:
    recorder = Recorder()
    assert run(recorder, batch(record(0, value("a"), key="a"), record(1, value("b"), key="b"))) == []
    assert recorder.done == [("a", "0"), ("b", "0")]


def test_a_transient_failure_is_retried_and_then_stops_its_partition_but_no_other() -> None:
    down = Unavailable()
    recorder = Recorder(lambda file_id, n: down if file_id == "a" else None)
    event = batch(
        record(0, value("x"), key="x"),
        record(1, value("a"), key="a"),
        record(2, value("y"), key="y"),
        record(7, value("z"), key="z", partition=1),
    )
    assert run(recorder, event) == [("file-events-0", 1)]
    assert recorder.tried.count(("a", "0")) == TRANSIENT_TRIES
    assert recorder.done == [("x", "0"), ("z", "0")]


def test_a_transient_failure_that_passes_is_not_reported() -> None:
    answers: list[Exception | None] = [Unavailable(), Unavailable(), None]
    assert run(Recorder(lambda file_id, n: answers.pop(0)), batch(record(0, value("a"), key="a"))) == []


def test_retrying_ends_with_the_time_budget() -> None:
    recorder = Recorder(lambda file_id, n: Unavailable())
    consumer = Consumer("g", recorder.handle, FakeDeadLetters(), CLOCK, sleep=lambda _: None)
    answer = consumer.consume(batch(record(0, value("a"), key="a")), lambda: 3.0)
    assert len(answer["batchItemFailures"]) == 1
    assert len(recorder.tried) == 1


def test_a_poison_record_is_dead_lettered_with_everything_and_its_neighbours_are_done() -> None:
    def poisoned(file_id: str, n: str) -> Exception | None:
        return ValueError("broken inside") if file_id == "bad" else None

    recorder, letters = Recorder(poisoned), FakeDeadLetters()
    bad = value("bad")
    event = batch(*(record(n, bad if n == 2 else value(f"f{n}"), key=f"f{n}") for n in range(5)))
    assert run(recorder, event, letters) == []
    assert [name for name, _ in recorder.done] == ["f0", "f1", "f3", "f4"]
    (letter,) = letters.letters
    assert json.loads(letter.envelope) == json.loads(bad)
    assert (letter.code, letter.attempts, letter.consumer) == ("UNEXPECTED_ERROR", 3, "test-group")
    assert (letter.topic, letter.partition, letter.offset, letter.key) == ("file-events", 0, 2, "f2")
    assert "broken inside" in letter.message
    assert "ValueError" in letter.stack


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "EVENT_MALFORMED"),
        (b"not json", "EVENT_MALFORMED"),
        (b"\xff\xfe\x00", "EVENT_MALFORMED"),
        (b"[1, 2]", "EVENT_MALFORMED"),
        (b"{}", "EVENT_MALFORMED"),
        (value("a").replace(b"hashed.v1", b"hashed.v9"), "EVENT_UNKNOWN"),
        (value("a").replace(b"blob.hashed", b"blob.unheard-of"), "EVENT_UNKNOWN"),
        (value("a", hops=17), "HOP_LIMIT_EXCEEDED"),
        (value("a").replace(b'"blobId":"b"', b'"blobId":{}'), "EVENT_MALFORMED"),
        (value("a")[:-1] + b" " * 300_000 + b"}", "EVENT_MALFORMED"),
    ],
)
def test_what_is_no_event_of_ours_is_dead_lettered_with_a_code(body: bytes, code: str) -> None:
    letters = FakeDeadLetters()
    event = batch(record(0, body, key="k"), *(record(n, value(f"f{n}"), key=f"f{n}") for n in (1, 2, 3)))
    recorder = Recorder()
    assert run(recorder, event, letters) == []
    assert [letter.code for letter in letters.letters] == [code]
    assert len(recorder.done) == 3


def test_later_records_of_a_key_wait_for_the_letter_of_an_earlier_one() -> None:
    order: list[str] = []
    letters = FakeDeadLetters()
    send = letters.send
    letters.send = lambda letter: (order.append("letter"), send(letter))[1]  # type: ignore[method-assign,func-returns-value]

    def fail(file_id: str, n: str) -> Exception | None:
        if n == "0":
            return ValueError("first of its key")
        order.append(f"done {n}")
        return None

    event = batch(
        record(0, value("a", 0), key="a"), record(1, value("a", 1), key="a"), record(2, value("b", 2), key="b")
    )
    assert run(Recorder(fail), event, letters) == []
    assert order == ["done 2", "letter", "done 1"]


def test_records_of_a_key_stay_behind_a_letter_that_could_not_be_kept() -> None:
    letters = FakeDeadLetters()
    letters.down = True
    recorder = Recorder(lambda file_id, n: ValueError() if n == "0" else None)
    event = batch(record(0, value("a", 0), key="a"), record(1, value("a", 1), key="a"))
    assert run(recorder, event, letters) == [("file-events-0", 0)]
    assert recorder.done == []


def test_nothing_overtakes_what_cannot_be_read_either() -> None:
    letters = FakeDeadLetters()
    letters.down = True
    recorder = Recorder()
    event = batch(record(0, b"no event", key="a"), record(1, value("a", 1), key="a"), record(2, value("b", 2), key="b"))
    assert run(recorder, event, letters) == [("file-events-0", 0)]
    assert recorder.done == [("b", "2")]
    letters.down = False
    assert run(recorder, event, letters) == []
    assert recorder.done[1:] == [("b", "2"), ("a", "1")]


@pytest.mark.parametrize("bad", [b"no event", value("a", 0)])
def test_a_key_waits_for_nothing_in_another_partition(bad: bytes) -> None:
    letters = FakeDeadLetters()
    letters.down = True
    recorder = Recorder(lambda file_id, n: ValueError() if n == "0" else None)
    event = batch(record(0, bad, key="a"), record(0, value("a", 1), key="a", partition=1))
    assert run(recorder, event, letters) == [("file-events-0", 0)]
    assert recorder.done == [("a", "1")]


def test_more_than_half_of_a_batch_being_defective_reports_instead_of_draining() -> None:
    letters = FakeDeadLetters()
    recorder = Recorder(lambda file_id, n: ValueError() if file_id != "ok" else None)
    event = batch(*(record(n, value("ok" if n == 0 else f"f{n}"), key=f"k{n}") for n in range(4)))
    assert run(recorder, event, letters) == [("file-events-0", 1)]
    assert letters.letters == []


def test_half_of_a_batch_or_a_small_batch_is_dead_lettered() -> None:
    for size, bad in ((4, 2), (3, 3), (1, 1)):
        letters = FakeDeadLetters()
        recorder = Recorder(lambda file_id, n: ValueError() if file_id == "bad" else None)
        event = batch(*(record(n, value("bad" if n < bad else "good"), key=f"k{n}") for n in range(size)))
        assert run(recorder, event, letters) == []
        assert len(letters.letters) == bad


@pytest.mark.parametrize(("keys", "letters_kept"), [(12, 0), (6, 0), (4, 0), (3, 3), (1, 3)])
def test_records_of_few_keys_are_judged_by_those_that_were_tried(keys: int, letters_kept: int) -> None:
    letters, recorder = FakeDeadLetters(), Recorder(lambda file_id, n: ValueError())
    event = batch(*(record(n, value(str(n % keys), n), key=str(n % keys)) for n in range(12)))
    failed = run(recorder, event, letters)
    assert len(letters.letters) == letters_kept, "a verdict needs four"
    assert min(offset for _, offset in failed) == letters_kept


def test_good_records_that_wait_for_a_bad_one_of_their_key_are_done_after_it() -> None:
    letters, recorder = FakeDeadLetters(), Recorder(lambda file_id, n: ValueError() if int(n) < 2 else None)
    event = batch(*(record(n, value(str(n % 2), n), key=str(n % 2)) for n in range(8)))
    assert run(recorder, event, letters) == []
    assert len(letters.letters) == 2
    assert [int(n) for _, n in recorder.done] == [2, 3, 4, 5, 6, 7]


def test_the_half_batch_rule_is_judged_per_partition() -> None:
    letters = FakeDeadLetters()
    recorder = Recorder(lambda file_id, n: ValueError() if file_id == "bad" else None)
    event = batch(
        *(record(n, value("bad"), key=f"p{n}", partition=0) for n in range(4)),
        *(record(n, value("bad" if n == 0 else "good"), key=f"q{n}", partition=1) for n in range(4)),
    )
    assert run(recorder, event, letters) == [("file-events-0", 0)]
    assert [letter.partition for letter in letters.letters] == [1]


def test_a_defective_group_is_taken_apart_so_that_only_the_guilty_one_is_lettered() -> None:
    letters = FakeDeadLetters()
    recorder = Recorder(lambda file_id, n: ValueError() if file_id == "bad" else None)
    event = batch(*(record(n, value("bad" if n == 1 else f"f{n}"), key=f"k{n}") for n in range(4)))
    assert run(recorder, event, letters, group=lambda received: [received]) == []
    assert [letter.offset for letter in letters.letters] == [1]
    assert {name for name, _ in recorder.done} == {"f0", "f2", "f3"}


def test_what_does_not_fit_into_the_time_left_is_not_begun_and_comes_again() -> None:
    recorder, letters = Recorder(), FakeDeadLetters()
    consumer = Consumer("test", recorder.handle, letters, CLOCK, needs_seconds=30)
    records = [record(n, value(name), key=name) for n, name in enumerate("abc")]
    answer = consumer.consume(batch(*records), lambda: 29.0)
    assert [name for name, _ in recorder.tried] == ["a"]
    (failure,) = answer["batchItemFailures"]
    assert failure["itemIdentifier"] == {"partition": "file-events-0", "offset": 1}
    assert letters.letters == []


def test_the_first_of_an_invocation_is_begun_however_little_time_there_is() -> None:
    recorder = Recorder()
    consumer = Consumer("test", recorder.handle, FakeDeadLetters(), CLOCK, needs_seconds=30)
    consumer.consume(batch(record(0, value("a"), key="a")), lambda: 10.0)
    assert [name for name, _ in recorder.done] == ["a"]


def test_the_handler_sees_how_much_time_its_invocation_has_left() -> None:
    seen: list[float] = []
    consumer = Consumer("test", lambda group: seen.append(consumer.budget.left()), FakeDeadLetters(), CLOCK)
    for seconds in (77.0, 55.0):
        consumer.consume(batch(record(0, value("a"), key="a")), lambda seconds=seconds: seconds)
    assert seen == [77.0, 55.0]
