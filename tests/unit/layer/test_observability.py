"""Every line of a log says to which piece of work it belongs: from the request to the last event, and to the letter at its end."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest

from leanda.contracts.envelope import Origin
from leanda.contracts.events import BlobHashed
from leanda.contracts.registry import event_of
from leanda.errors import Unavailable
from leanda.messaging.consumer import Consumer, Group
from leanda.observability import correlated, correlation_id, logger
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakeDeadLetters
from tests.unit.layer.test_consumer import batch, record

Lines = Callable[[], list[tuple[str, str | None]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged so far, as messages with their correlation ids."""
    stream, handler = StringIO(), logger.handlers[0]
    before = handler.setStream(stream)  # type: ignore[attr-defined]

    def read() -> list[tuple[str, str | None]]:
        found = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [(line["message"], line.get("correlation_id")) for line in found]

    yield read
    handler.setStream(before)  # type: ignore[attr-defined]


def _event(name: str) -> bytes:
    origin = Origin(cause=name, correlation_id=f"work-of-{name}")
    return event_of(
        BlobHashed(file_id=name, blob_id="b", sha256="0"), origin, source="test", at=FakeClock().now()
    ).to_bytes()


def _consume(names: list[str], error: Exception, letters: FakeDeadLetters, **options: Any) -> None:
    def handle(group: Group) -> None:
        if any(one.data.subject().startswith("bad") for one in group):
            raise error

    consumer = Consumer("g", handle, letters, FakeClock(), sleep=lambda _: None, **options)
    consumer.consume(batch(*(record(n, _event(name), key=name) for n, name in enumerate(names))), lambda: 100.0)


def test_work_inside_other_work_is_told_apart_and_ends(lines: Lines) -> None:
    with correlated("outer", function="f"):
        with correlated("inner", letter="l"):
            assert correlation_id() == "inner"
            logger.warning("one")
        assert correlation_id() == "outer"
        logger.warning("two")
    assert correlation_id() == "-"
    logger.warning("three")
    assert lines() == [("one", "inner"), ("two", "outer"), ("three", None)]


@pytest.mark.parametrize("options", [{}, {"group": lambda received: [received]}], ids=["alone", "as a group"])
def test_a_letter_is_logged_with_the_work_that_it_belongs_to(options: dict[str, Any], lines: Lines) -> None:
    _consume(["good", "bad", "fine"], ValueError("broken"), FakeDeadLetters(), **options)
    assert ("dead-lettered", "work-of-bad") in lines()
    assert {work for message, work in lines() if message == "handled"} == {"work-of-good", "work-of-fine"}


def test_what_is_handled_is_logged_once_for_each_piece_of_work(lines: Lines) -> None:
    _consume(["one", "two", "two"], ValueError(), FakeDeadLetters(), group=lambda received: [received])
    assert lines() == [("handled", "work-of-one"), ("handled", "work-of-two")]


def test_a_letter_of_an_unknown_type_is_logged_with_its_work(lines: Lines) -> None:
    body = _event("odd").replace(b"hashed.v1", b"hashed.v9")
    consumer = Consumer("g", lambda group: None, FakeDeadLetters(), FakeClock())
    consumer.consume(batch(record(0, body, key="odd")), lambda: 100.0)
    assert lines() == [("dead-lettered", "work-of-odd")]


def test_every_event_that_comes_again_is_logged_with_its_work(lines: Lines) -> None:
    _consume(["bad", "fine"], Unavailable(), FakeDeadLetters(), group=lambda received: [received])
    told = "transient failure; the record will come again"
    assert lines() == [(told, "work-of-bad"), (told, "work-of-fine")]


def test_what_is_not_lettered_is_logged_with_its_work(lines: Lines) -> None:
    names, down = ["bad-1", "bad-2", "bad-3", "good"], FakeDeadLetters()
    _consume(names, ValueError(), down)
    told = [work for message, work in lines() if message.startswith("more than half")]
    assert told == [f"work-of-{name}" for name in names[:3]]
    down.down = True
    _consume(["bad-4"], ValueError(), down)
    assert lines()[-1] == ("a letter could not be kept; its record will come again", "work-of-bad-4")


def test_what_a_client_library_logs_is_told_with_the_work_that_it_is_for(lines: Lines) -> None:
    with correlated("request-1"):
        logging.getLogger("urllib3.connectionpool").warning("Retrying (%s)", "1")
    assert lines() == [("Retrying (1)", "request-1")]
