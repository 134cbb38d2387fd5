"""Erasure of what the log says of files and users: complete, for what is to come too, in pieces, and by operators only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from functions.history.domain import Entry, entry_of
from functions.history.erasing import ANSWER_WITHIN, Erasing
from functions.history.models import Erasure
from functions.history.ports import EventFilter, Selection
from functions.history.use_cases import Keeping
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import (
    BlobHashed,
    BlobStored,
    Counts,
    DeadLettered,
    EventData,
    Failure,
    RunAdvanced,
    RunState,
)
from leanda.contracts.registry import data_of, event_of
from leanda.errors import NotFound
from leanda.http.auth import Principal
from leanda.messaging import Received
from leanda.messaging.records import KafkaRecord
from tests.fakes.clock import FakeClock
from tests.unit.history.fakes import FakeEventLog

OPERATOR, ADA, BOB = Principal("op", "olga", ("operators",)), "ada-id", "bob-id"


class Archive:
    """A log with two files of Ada and one of Bob, in which Ada did something, too."""

    def __init__(self) -> None:
        self.log, self.clock, self.n = FakeEventLog(), FakeClock(), 0
        self.erasing = Erasing(self.log, self.clock)
        for file_id, owner in (("a1", ADA), ("a2", ADA), ("b1", BOB)):
            self.keep(stored(file_id, owner), user=owner)
            self.keep(BlobHashed(file_id=file_id, blob_id="b", sha256="0"), user=None)
        self.keep(BlobHashed(file_id="b1", blob_id="b", sha256="1"), user=ADA)

    def event(self, data: EventData, user: str | None) -> Event:
        self.n += 1
        origin = Origin(cause=f"cause-{self.n}", correlation_id="correlation-1", user_id=user)
        return event_of(data, origin, source="blobs", at=self.clock.now())

    def keep(self, data: EventData, user: str | None) -> Entry:
        return self.keep_event(self.event(data, user))

    def keep_event(self, event: Event) -> Entry:
        data = data_of(event)
        record = KafkaRecord("file-events", 0, self.n, data.file_id, event.to_bytes())
        Keeping(self.log).keep([Received(record, event, data)])
        return self.log.entries[event.id]

    def erase(self, **whom: Any) -> dict[str, object]:
        return self.erasing.erase(OPERATOR, **{"file_id": None, "user_id": None, **whom})

    def redacted(self) -> list[str]:
        return sorted(str(entry.file_id) for entry in self.log.entries.values() if entry.redacted)


def stored(file_id: str, owner: str) -> BlobStored:
    return BlobStored(
        file_id=file_id, blob_id="b", version_id="v", sequencer="1", size=1, kind="generic", format="raw", owner_id=owner,
        name="my secret.bin", inbox_path="secret/my secret.bin",
    )  # fmt: skip


def test_of_a_purged_file_all_entries_are_redacted_and_no_other() -> None:
    archive = Archive()
    assert archive.erase(file_id="a1") == {"redacted": 2, "more": False}
    assert archive.redacted() == ["a1", "a1"]
    assert archive.erase(file_id="a1") == {"redacted": 0, "more": False}


def test_of_an_erased_user_goes_what_the_user_did_and_what_happened_to_the_users_files() -> None:
    archive = Archive()
    assert archive.erase(user_id=ADA) == {"redacted": 5, "more": False}
    assert archive.redacted() == ["a1", "a1", "a2", "a2", "b1"]
    kept = [entry for entry in archive.log.entries.values() if not entry.redacted]
    assert {entry.file_id for entry in kept} == {"b1"}
    assert "my secret" in kept[0].body
    assert archive.log.page(EventFilter(user_id=ADA), after=None, limit=10) == []


def test_a_redacted_entry_is_a_valid_event_without_words_and_is_given_to_nobody_again() -> None:
    archive = Archive()
    before = {key: data_of(Event.from_bytes(one.body.encode())) for key, one in archive.log.entries.items()}
    archive.erase(file_id="a1")
    for key, entry in archive.log.entries.items():
        event = Event.from_bytes(entry.body.encode())
        data = data_of(event)
        if entry.file_id == "a1":
            assert event.userid is None
            words = {"name": "(erased)", "inbox_path": "(erased)"} if isinstance(data, BlobStored) else {}
            assert data == before[key].model_copy(update=words)
    replayed = archive.log.select(Selection(), after=None, limit=100)
    assert "a1" not in {entry.file_id for entry in replayed}


@pytest.mark.parametrize("whom", [{"file_id": "a1"}, {"user_id": ADA}])
def test_what_comes_later_is_redacted_on_arrival(whom: dict[str, str]) -> None:
    archive = Archive()
    archive.erase(**whom)
    late = archive.keep(stored("a1", ADA), user=ADA)
    assert late.redacted
    assert "my secret" not in late.body
    assert not archive.keep(stored("b1", BOB), user=BOB).redacted


def test_what_arrives_while_an_erasure_looks_is_redacted() -> None:
    archive = Archive()
    append = archive.log.append

    def erased_meanwhile(entries: Any) -> None:
        """An erasure that begins after the consumer has asked, and has looked through everything before the entry is there."""
        archive.log.append = append  # type: ignore[method-assign]
        assert archive.erase(file_id="a1") == {"redacted": 2, "more": False}
        append(entries)

    archive.log.append = erased_meanwhile  # type: ignore[method-assign]
    late = archive.keep(stored("a1", ADA), user=ADA)
    assert late.redacted
    assert "my secret" not in late.body


def test_an_entry_that_was_kept_just_before_somebody_was_erased_is_redacted_when_it_comes_again() -> None:
    """The consumer may have ended between keeping it and asking again."""
    archive = Archive()
    event = archive.event(stored("a1", ADA), ADA)
    body = event.to_bytes().decode()
    archive.log.append([entry_of(event, topic="file-events", partition=0, offset=99, key="a1", body=body)])
    archive.log.erase(["a1"])
    archive.keep_event(event)
    assert archive.log.entries[event.id].redacted


def test_what_a_letter_says_goes_too() -> None:
    """The text of an exception may quote the file; a failure that a letter caused says the same."""
    archive = Archive()
    words = "KeyError: my secret"
    letter = DeadLettered(
        file_id="a1", letter_id="1", consumer="c", code="UNEXPECTED_ERROR", message=words, event_type="t", record_key="a1"
    )  # fmt: skip
    failure = Failure(code="UNEXPECTED_ERROR", message=words, detail="dead letter 1")
    kept = [archive.keep(letter, user=ADA), archive.keep(RunAdvanced(
        file_id="a1", run=1, state=RunState.FAILED, counts=Counts(), indexed=0, failure=failure
    ), user=ADA)]  # fmt: skip
    archive.erase(file_id="a1")
    for entry in (archive.log.entries[one.id] for one in kept):
        assert "my secret" not in entry.body
        assert "UNEXPECTED_ERROR" in entry.body
        data_of(Event.from_bytes(entry.body.encode()))


def test_when_the_time_is_over_a_repetition_goes_on() -> None:
    archive = Archive()
    redact = archive.log.redact

    def slow(entries: Any) -> None:
        redact(entries)
        archive.clock.forward(seconds=(ANSWER_WITHIN + timedelta(seconds=1)).total_seconds())

    archive.log.redact = slow  # type: ignore[method-assign]
    total, calls, more = 0, 0, True
    while more:
        told = archive.erase(user_id=ADA)
        total, calls, more = total + int(str(told["redacted"])), calls + 1, bool(told["more"])
    assert (total, archive.redacted()) == (5, ["a1", "a1", "a2", "a2", "b1"])
    assert calls > 1


def test_to_who_is_no_operator_it_is_not_there() -> None:
    archive = Archive()
    with pytest.raises(NotFound):
        archive.erasing.erase(Principal(ADA, "ada"), file_id=None, user_id=ADA)
    assert (archive.redacted(), archive.log.gone) == ([], set())


@pytest.mark.parametrize("body", [{}, {"fileId": "a", "userId": "b"}, {"fileId": ""}, {"fileId": "a", "more": 1}])
def test_exactly_one_is_named(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Erasure.model_validate(body)


def test_an_entry_without_words_only_loses_its_user() -> None:
    archive = Archive()
    entry = archive.keep(BlobHashed(file_id="a3", blob_id="b", sha256="0"), user=ADA)
    assert entry == entry_of(
        Event.from_bytes(entry.body.encode()),
        topic="file-events",
        partition=0,
        offset=archive.n,
        body=entry.body,
        key="a3",
    )
