"""Dead letters of a run: when they end it, what reopens it, and what its owner sees."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from functions.files import letters as rules
from functions.parsers.bundle.parser import parser as bundle
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda import ids
from leanda.access.policy import Viewer
from leanda.changes import messages_of
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import (
    BlobRejected,
    BlobStored,
    ChunksPlanned,
    ContinuePlan,
    DeadLettered,
    FileCreated,
    MemberRequested,
    ParseChunk,
    ParseFailed,
    RecordsParsed,
    RecordsProcessed,
    Redriven,
)
from leanda.ports import Message
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.parsers_bundle.archives import packed

ME = Viewer(USER)
LETTER = "0b7c5e3a-91d2-5f48-a6e0-7c2d1b4f8e95"
ROWS = 2500
TABLE = b"name,MW\n" + b"".join(b"row %d,%d\n" % (n, n) for n in range(ROWS))
WIDE = b"a,b\n" + b"".join(b"%d,%s\n" % (n, b"some text " * 45) for n in range(ROWS))
"""Over 1 MB: its chunks are tasks."""


class Scene:
    """A pipeline in which one event is given up by one consumer; `redrive` delivers it after all."""

    def __init__(self, held: type, consumer: str, *, chunk: int | None = None, code: str = "UNEXPECTED_ERROR") -> None:
        self.cloud = Pipeline([chemical(), tabular(), bundle(), generic()])
        self.held, self.consumer, self.chunk, self.code = held.TYPE, consumer, chunk, code  # type: ignore[attr-defined]
        self.kept: list[Message] = []
        self.deaf = False
        self.wanted = self.cloud._wanted
        self.cloud._wanted = self._wanted  # type: ignore[method-assign]
        self.file_id = self.cloud.upload("table.csv", WIDE if held is ParseChunk else TABLE)
        self.cloud.deliver()

    def _wanted(self, consumer: Any, types: set[str], message: Message) -> bool:
        event = Event.from_bytes(message.body)
        held = event.type == self.held and consumer.name == self.consumer
        if held and self.chunk in {None, event.data.get("chunk")}:
            if event.id not in {one.event_id for one in self.kept}:
                self.kept.append(message)
                return False
            if self.deaf:
                return False
        return bool(self.wanted(consumer, types, message))

    def tell(self, kind: type[DeadLettered | Redriven], attempt: int, *, letter: str = LETTER) -> Message:
        (held,) = self.kept
        event = Event.from_bytes(held.body)
        told = kind(
            file_id=self.file_id, letter_id=letter, consumer=self.consumer, code=self.code, message="It broke.",
            event_type=event.type, run=event.data.get("run", 0), chunk=event.data.get("chunk"), attempt=attempt,
            record_key=held.key,
        )  # fmt: skip
        origin = Origin(cause=f"{letter}:{attempt}", correlation_id="correlation-1")
        (message,) = messages_of((told,), origin, source="deadletters", at=self.cloud.clock.now(), sequence=0)
        return message

    def publish(self, *messages: Message) -> None:
        self.cloud.broker.publish(messages, timeout=1)
        self.cloud.deliver()

    def redrive(self, attempt: int = 4) -> None:
        self.publish(self.tell(Redriven, attempt))
        self.publish(*self.kept)

    @property
    def shown(self) -> dict[str, Any]:
        return self.cloud.files.get(ME, self.file_id)

    @property
    def run(self) -> dict[str, Any]:
        found = self.cloud.runs.get(ids.run_key(self.file_id, 1))
        assert found is not None
        return found

    def found(self) -> set[str]:
        """Records that a search shows."""
        return set(self.cloud.index.shown("leanda-records-write"))

    def steps(self) -> dict[str, dict[str, Any]]:
        return {step["name"]: step for step in self.cloud.files.timeline(ME, self.file_id)["steps"]}


HELD = [
    (FileCreated, "parsers-tabular-on-file-events", None, "parse"),
    (ParseChunk, "parsers-tabular-on-parser-tasks", 1, "parse"),
    (RecordsParsed, "processor-on-record-events", 1, "process"),
    (RecordsProcessed, "files-on-record-events", 1, "store"),
    (ChunksPlanned, "files-on-record-events", None, "parse"),
]


@pytest.mark.parametrize(("held", "consumer", "chunk", "step"), HELD, ids=[f"{h.__name__}" for h, *_ in HELD])
def test_a_letter_that_stands_in_the_way_ends_the_run_and_a_redrive_brings_it_on(
    held: type, consumer: str, chunk: int | None, step: str
) -> None:
    scene = Scene(held, consumer, chunk=chunk)
    assert scene.shown["status"] not in {"Processed", "Failed"}
    scene.publish(scene.tell(DeadLettered, 3))
    shown = scene.shown
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "UNEXPECTED_ERROR")
    assert shown["failure"]["message"] == "It broke."
    assert "sequence" not in shown["latestRun"]
    assert scene.steps()[step]["error"] == {
        "code": "UNEXPECTED_ERROR", "message": "It broke.", "deadLetterId": LETTER,
    }  # fmt: skip
    assert scene.steps()[step]["state"] == "failed"
    assert [name for name, one in scene.steps().items() if "error" in one] == [step]
    (entry,) = scene.cloud.files.timeline(ME, scene.file_id)["letters"]
    assert (entry["id"], entry["state"], entry["step"], entry["consumer"]) == (LETTER, "waiting", step, consumer)
    assert "deadline" not in scene.run

    scene.publish(scene.tell(Redriven, 4))
    assert scene.shown["status"] not in {"Processed", "Failed"}
    assert "deadline" in scene.run
    if held is not ChunksPlanned:  # its letter is as old as the plan: the chunks were handled meanwhile
        scene.publish(*scene.kept)
        shown = scene.shown
        assert (shown["status"], shown["totalRecords"], shown["parsedRecords"]) == ("Processed", ROWS, ROWS)
        assert "failure" not in shown
        assert not any("error" in one for one in scene.steps().values())
        assert scene.cloud.files.timeline(ME, scene.file_id)["letters"][0]["state"] == "redriven"
        assert len(scene.found()) == shown["indexedRecords"] == ROWS, (
            "what was hidden when the run failed is found again"
        )
        assert "closedBy" not in scene.run


def test_a_failed_run_that_goes_on_shows_its_records_again_at_a_higher_placement() -> None:
    scene = Scene(RecordsProcessed, "files-on-record-events", chunk=1)
    before = scene.found()
    assert before, "chunks that are stored are found while the run goes on"
    scene.publish(scene.tell(DeadLettered, 3))
    assert scene.found() == set(), "no record of a failed run is found"
    scene.publish(scene.tell(Redriven, 4))
    assert before <= scene.found()
    node = scene.cloud.nodes.get(scene.file_id)
    assert node
    assert node["placement"] == 1
    scene.publish(*scene.kept)
    scene.publish(scene.tell(Redriven, 4), scene.tell(DeadLettered, 3))
    node = scene.cloud.nodes.get(scene.file_id)
    assert node
    assert node["placement"] == 1, "once for each time that it is reopened"
    assert len(scene.found()) == scene.shown["indexedRecords"] == ROWS
    activated = scene.cloud.broker.events("leanda.files.file.run-activated.v1")
    assert [(event.data["run"], event.data["previousTotal"]) for event in activated] == [(1, 0)]


def test_a_reopened_run_counts_as_indexed_what_is_found_again() -> None:
    scene = Scene(RecordsProcessed, "files-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3))
    scene.cloud.lost = lambda consumer, event: consumer.name == "search-on-record-events" and event.data["chunk"] != 1
    scene.redrive()
    assert scene.shown["status"] == "Processed"
    assert 0 < len(scene.found()) < ROWS
    assert scene.shown["indexedRecords"] < ROWS
    assert scene.cloud.broker.events("leanda.files.file.indexed.v1") == []
    scene.cloud.lost = lambda consumer, event: False
    scene.cloud.wait_out()
    assert len(scene.found()) == scene.shown["indexedRecords"] == ROWS
    assert len(scene.cloud.broker.events("leanda.files.file.indexed.v1")) == 1


def test_the_same_attempt_is_the_same_event_however_often_the_letter_was_written_since() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    letter = scene.tell(DeadLettered, 3)
    told = DeadLettered.model_validate(Event.from_bytes(letter.body).data)
    origin = Origin(cause=f"{LETTER}:3", correlation_id="correlation-1")
    at = scene.cloud.clock.now()
    ids_ = {messages_of((told,), origin, source="deadletters", at=at, sequence=n)[0].event_id for n in range(3)}
    assert ids_ == {letter.event_id}
    assert scene.tell(DeadLettered, 4).event_id != letter.event_id


def test_a_letter_about_the_bytes_ends_the_file_and_shows_until_they_are_taken_after_all() -> None:
    scene = Scene(BlobStored, "files-on-file-events")
    assert scene.shown["status"] == "Loading"
    scene.publish(scene.tell(DeadLettered, 3))
    shown = scene.shown
    assert (shown["status"], shown["failure"]["code"], shown["failure"]["message"]) == (
        "Failed", "UNEXPECTED_ERROR", "It broke.",
    )  # fmt: skip
    upload = scene.steps()["upload"]
    assert upload["state"] == "failed"
    assert upload["error"] == {"code": "UNEXPECTED_ERROR", "message": "It broke.", "deadLetterId": LETTER}
    (entry,) = scene.cloud.files.timeline(ME, scene.file_id)["letters"]
    assert (entry["id"], entry["state"], entry["step"]) == (LETTER, "waiting", "upload")
    scene.redrive()
    shown = scene.shown
    assert (shown["status"], shown["totalRecords"]) == ("Processed", ROWS)
    assert "failure" not in shown
    assert not any("error" in one for one in scene.steps().values())
    (entry,) = scene.cloud.files.timeline(ME, scene.file_id)["letters"]
    assert entry["state"] == "redriven"


def test_a_letter_about_a_member_ends_its_file_until_it_is_taken_out_after_all() -> None:
    scene = Scene(MemberRequested, "blobs-on-file-events")
    bundle_id = scene.cloud.upload("one.zip", packed({"a.smi": b"CCO\n"}), unpack=True)
    scene.cloud.deliver()
    blob_id = scene.cloud.nodes.documents[bundle_id]["blob"]["blobId"]
    scene.file_id = ids.file_id_of_member(blob_id, "a.smi")
    assert scene.shown["status"] == "Loading"
    scene.publish(scene.tell(DeadLettered, 3))
    assert (scene.shown["status"], scene.shown["failure"]["code"]) == ("Failed", "UNEXPECTED_ERROR")
    assert scene.steps()["upload"]["error"]["deadLetterId"] == LETTER
    scene.redrive()
    assert (scene.shown["status"], scene.shown["totalRecords"]) == ("Processed", 1)
    assert "failure" not in scene.shown


def test_a_late_letter_about_the_bytes_ends_nothing() -> None:
    scene = Scene(BlobStored, "files-on-file-events")
    scene.publish(*scene.kept)
    scene.publish(scene.tell(DeadLettered, 3))
    assert scene.shown["status"] == "Processed"
    assert scene.steps()["upload"] == scene.steps()["upload"] | {"state": "done", "deadLetterId": LETTER}


def test_bytes_that_are_delivered_again_by_themselves_end_nothing() -> None:
    scene = Scene(BlobStored, "files-on-file-events", code="RETRIES_EXHAUSTED")
    scene.publish(scene.tell(DeadLettered, 11))
    assert scene.shown["status"] == "Loading"
    assert scene.steps()["upload"]["error"]["deadLetterId"] == LETTER


def test_bytes_that_are_given_up_end_the_file_until_they_are_taken_after_all() -> None:
    scene = Scene(BlobStored, "files-on-file-events", code="RETRIES_EXHAUSTED")
    scene.publish(scene.tell(DeadLettered, 11))
    scene.code = "GIVEN_UP"
    scene.publish(scene.tell(DeadLettered, 12))
    assert (scene.shown["status"], scene.shown["failure"]["code"]) == ("Failed", "GIVEN_UP")
    scene.publish(*scene.kept)
    assert scene.shown["status"] == "Processed"


def test_a_refusal_of_the_bytes_that_was_held_up_tells_the_true_reason_in_the_end() -> None:
    scene = Scene(BlobStored, "files-on-file-events")
    scene.publish(scene.tell(DeadLettered, 3))
    refused = BlobRejected(
        file_id=scene.file_id, code="BLOB_SIZE_MISMATCH", message="Too short.", owner_id=USER, name="table.csv"
    )
    origin = Origin(cause="c", correlation_id="correlation-1")
    scene.publish(*messages_of((refused,), origin, source="blobs", at=scene.cloud.clock.now(), sequence=0))
    assert scene.shown["failure"]["code"] == "BLOB_SIZE_MISMATCH"


def test_a_letter_about_a_file_that_nobody_knows_changes_nothing() -> None:
    scene = Scene(BlobStored, "files-on-file-events")
    known = scene.file_id
    scene.file_id = "unknown"
    before = scene.cloud.nodes.get(known)
    scene.publish(scene.tell(DeadLettered, 3))
    assert scene.cloud.nodes.get(known) == before
    assert list(scene.cloud.nodes.documents) == [known]


def test_the_other_chunks_are_finished_first() -> None:
    """A letter about one chunk ends nothing while others are on their way."""
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    run = scene.run
    stored = run["chunks"]["0"].pop("stored")
    run |= {"letters": {LETTER: {"failed": _failed(scene)}}}
    at = scene.cloud.clock.now()
    assert rules.settled(run, at=at, deadline=at).empty
    run["chunks"]["0"]["stored"] = stored
    assert not rules.settled(run, at=at, deadline=at).empty


def _failed(scene: Scene) -> dict[str, Any]:
    return {
        "attempt": 3, "at": scene.cloud.clock.now(), "consumer": scene.consumer, "eventType": scene.held,
        "code": scene.code, "message": "It broke.", "chunk": scene.chunk,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("consumer", "held"),
    [
        ("search-on-record-events", RecordsProcessed),
        ("history-on-events", RecordsParsed),
        ("files-on-record-events", RecordsParsed),
    ],
)
def test_a_letter_that_no_result_waits_for_ends_nothing(consumer: str, held: type) -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.consumer, scene.held = consumer, held.TYPE  # type: ignore[attr-defined]
    run = scene.run | {"letters": {LETTER: {"failed": _failed(scene)}}}
    at = scene.cloud.clock.now()
    assert rules.settled(run, at=at, deadline=at).empty


def test_a_plan_that_nobody_can_go_on_with_ends_the_run_with_its_reason() -> None:
    """Its first parts are there and done; a letter holds the task that makes the next one."""
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.consumer, scene.held, scene.chunk = "parsers-tabular-on-parser-tasks", ContinuePlan.TYPE, None  # type: ignore[assignment]
    mark = {
        "chunks": {
            n: chunk | {"stored": scene.run["chunks"]["0"]["stored"]} for n, chunk in scene.run["chunks"].items()
        }
    }
    run = scene.run | mark | {"letters": {LETTER: {"failed": _failed(scene)}}}
    at = scene.cloud.clock.now()
    assert rules.settled(run, at=at, deadline=at).empty, "the plan is whole"
    del run["lastPart"]
    assert rules.settled(run, at=at, deadline=at).set_["state"] == "Failed"


def test_what_is_delivered_again_by_itself_ends_nothing() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1, code="RETRIES_EXHAUSTED")
    scene.publish(scene.tell(DeadLettered, 11))
    assert scene.shown["status"] != "Failed"
    assert scene.steps()["process"]["error"]["deadLetterId"] == LETTER
    scene.redrive(12)
    assert scene.shown["status"] == "Processed"


def test_a_letter_of_a_chunk_that_is_done_ends_nothing() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(*scene.kept)
    assert scene.shown["status"] == "Processed"
    scene.publish(scene.tell(DeadLettered, 3))
    assert scene.shown["status"] == "Processed"
    assert scene.steps()["process"]["deadLetterId"] == LETTER
    assert "error" not in scene.steps()["process"]


def test_the_missing_result_reopens_the_run_without_any_announcement() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3))
    scene.publish(*scene.kept)
    assert scene.shown["status"] == "Processed"


def test_a_letter_that_comes_again_after_its_redrive_ends_the_run_again() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3))
    scene.publish(scene.tell(Redriven, 4))
    assert scene.shown["status"] == "Processing"
    scene.publish(scene.tell(DeadLettered, 6))
    assert scene.shown["status"] == "Failed"
    scene.redrive(7)
    assert scene.shown["status"] == "Processed"


def test_in_whatever_order_and_however_often_the_end_is_the_same() -> None:
    def told(scene: Scene) -> list[Message]:
        return [scene.tell(DeadLettered, 3), scene.tell(Redriven, 4), *scene.kept]

    for order in itertools.permutations(range(3)):
        scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
        messages = told(scene)
        for index in (*order, *order):
            scene.publish(messages[index])
        assert scene.shown["status"] == "Processed", order
    for order in itertools.permutations(range(3)):
        scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
        messages = [scene.tell(DeadLettered, 3), scene.tell(Redriven, 4), scene.tell(DeadLettered, 6)]
        for index in (*order, *order):
            scene.publish(messages[index])
        assert scene.shown["status"] == "Failed", order


def test_late_facts_of_a_reopened_run_do_not_turn_the_file_back() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3))
    scene.redrive()
    end = scene.shown
    advances = [m for m in scene.cloud.broker.sent if Event.from_bytes(m.body).type == "leanda.files.run.advanced.v1"]
    random.Random(1).shuffle(advances)
    scene.cloud.deliver_messages(advances)
    scene.cloud.deliver()
    assert scene.shown == end


def test_a_redrive_reopens_what_the_watchdog_closed() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1, code="RETRIES_EXHAUSTED")
    scene.publish(scene.tell(DeadLettered, 11))
    scene.deaf = True
    scene.cloud.wait_out()
    scene.deaf = False
    assert scene.shown["failure"]["code"] == "STEP_TIMED_OUT"
    scene.publish(*scene.kept)
    assert scene.shown["status"] == "Failed", "results of a run that the watchdog closed are ignored"
    scene.cloud.clock.forward(minutes=1)
    scene.redrive(12)
    assert scene.shown["status"] == "Processed"


def test_a_verdict_is_final_and_replaces_what_a_letter_said() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3))
    at = scene.cloud.clock.now()
    verdict = ParseFailed(
        file_id=scene.file_id, run=1, code="FILE_CORRUPT", message="No.", parser="p", version="1",
        started_at=at, ended_at=at,
    )  # fmt: skip
    origin = Origin(cause="c", correlation_id="correlation-1")
    scene.publish(*messages_of((verdict,), origin, source="parsers", at=at, sequence=0))
    assert scene.shown["failure"]["code"] == "FILE_CORRUPT"
    scene.redrive()
    assert (scene.shown["status"], scene.shown["failure"]["code"]) == ("Failed", "FILE_CORRUPT")


@pytest.mark.parametrize("how", ["a newer run", "a deletion"])
def test_a_letter_of_a_run_that_is_past_changes_nothing(how: str) -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3))
    origin = Origin(cause="request", correlation_id="correlation-1", user_id=USER)
    if how == "a deletion":
        scene.cloud.files.delete(ME, scene.file_id, "file", None, origin)
    else:
        scene.consumer = "nobody"
        scene.cloud.files.reprocess(ME, scene.file_id, origin)
        scene.consumer = "processor-on-record-events"
        scene.cloud._wanted = scene.wanted  # type: ignore[method-assign]
    scene.cloud.deliver()
    before = scene.run
    scene.publish(scene.tell(Redriven, 4))
    scene.cloud.deliver_messages(list(scene.kept))
    scene.cloud.deliver()
    assert scene.run["state"] == before["state"] == "Failed"
    assert scene.run["chunks"] == before["chunks"]


def test_a_letter_id_that_is_none_becomes_no_field() -> None:
    scene = Scene(RecordsParsed, "processor-on-record-events", chunk=1)
    scene.publish(scene.tell(DeadLettered, 3, letter="a.b$c"))
    assert "letters" not in scene.run
