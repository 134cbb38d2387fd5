"""The watchdog: what it says again, when it gives up, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.files import bootstrap, repeating
from functions.files.watchdog import lambda_handler
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda import ids, limits
from leanda.access.policy import Viewer
from leanda.changes import Change
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import RunAdvanced
from leanda.messaging.consumer import Consumer
from leanda.ports import Message
from tests.fakes.pipeline import USER, Pipeline

ME = Viewer(USER)
ORIGIN = Origin(cause="request", correlation_id="correlation-1", user_id=USER)
TASK, STORED = "leanda.parsers.chunk.parse.v1", "leanda.files.records.stored.v1"
FACT = "leanda.files.file.created.v1"
ROWS = 300
TABLE = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(ROWS))


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table becomes three tasks."""
    monkeypatch.setattr(limits, "CHUNK_RECORDS", 100)
    monkeypatch.setattr(limits, "PARSE_AT_ONCE_BYTES", 1000)


class Scene:
    """A pipeline in which one type of event does not reach anybody, as long as `deaf`."""

    def __init__(self, type_: str, chunk: int | None = None, *, deliver: bool = True) -> None:
        self.cloud, self.deaf, self.type, self.chunk = Pipeline([tabular(), generic()]), True, type_, chunk
        self.cloud.lost = self._lost
        self.reached: set[str] = set()
        self.file_id = self.cloud.upload("table.csv", TABLE)
        if deliver:
            self.cloud.deliver()

    def _lost(self, consumer: Consumer, event: Event) -> bool:
        of_chunk = self.chunk in {None, event.data.get("chunk")}
        return self.deaf and event.type == self.type and of_chunk and event.data["fileId"] not in self.reached

    def reach(self, file_id: str) -> None:
        """The queue comes to a file."""
        self.reached.add(file_id)
        self.cloud.deliver_messages([message for message in self.cloud.broker.sent if file_id in message.key])
        self.cloud.deliver()

    def look(self, **later: float) -> dict[str, int]:
        counts = self.watch(**later)
        self.cloud.deliver()
        return counts

    def watch(self, **later: float) -> dict[str, int]:
        self.cloud.clock.forward(**later)
        return {name: count for name, count in self.cloud.watchdog.look_after().items() if count}

    @property
    def run(self) -> dict[str, Any]:
        found = self.cloud.runs.get(ids.run_key(self.file_id, 1))
        assert found is not None
        return found

    @property
    def status(self) -> str:
        return str(self.cloud.files.get(ME, self.file_id)["status"])


def test_a_lost_task_is_said_again_as_it_was_and_the_others_are_not() -> None:
    scene = Scene(TASK, chunk=1)
    first = {message.event_id: message for message in scene.cloud.broker.sent}
    sent = len(scene.cloud.broker.sent)
    scene.deaf = False
    assert scene.look(minutes=16) == {"repeated": 1}
    again = [m for m in scene.cloud.broker.sent[sent:] if Event.from_bytes(m.body).type == TASK]
    assert [Event.from_bytes(m.body).data["chunk"] for m in again] == [1]
    before, after = (
        Event.from_bytes(m.body).model_dump(exclude={"time"}) for m in (first[again[0].event_id], again[0])
    )
    assert before == after, "the very same event, hops and all"
    assert scene.status == "Processed"


def test_progress_starts_the_count_anew_and_three_times_without_any_end_the_run() -> None:
    scene = Scene(TASK)
    assert [scene.look(minutes=16) for _ in range(2)] == [{"repeated": 1}] * 2
    scene.chunk = 2
    assert scene.look(minutes=16) == {"repeated": 1}, "chunks 0 and 1 arrive"
    assert [scene.look(minutes=16) for _ in range(3)] == [{"repeated": 1}] * 3
    assert scene.look(minutes=16) == {"closed": 1}
    shown = scene.cloud.files.get(ME, scene.file_id)
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "STEP_TIMED_OUT")
    scene.deaf = False
    scene.cloud.deliver_messages(list(scene.cloud.broker.sent))
    scene.cloud.deliver()
    assert scene.status == "Failed", "results of a closed run are ignored"


@pytest.mark.parametrize("heard", [False, True])
def test_what_no_broker_took_was_not_said_and_ends_no_run(*, heard: bool) -> None:
    """For hours nothing can be published: neither what the file said when its run began (not heard), nor what is said again."""
    scene = Scene(TASK) if heard else Scene("none", deliver=False)
    cloud = scene.cloud
    cloud.broker.down = True
    if not heard:
        (follower, types), *_ = cloud.consumers
        stored = [message for message in cloud.broker.sent if cloud._wanted(follower, types, message)]
        follower.consume(cloud._msk(stored), lambda: 1000.0)
    for _ in range(20):
        assert scene.watch(minutes=16).keys() == {"failed"}
    assert scene.run["state"] == ("Processing" if heard else "Open")
    assert "repeats" not in scene.run
    assert len(cloud.runs.documents[scene.run["_id"]]["outbox"]) <= 2, "an outage fills no outbox"
    cloud.broker.down, scene.deaf = False, False
    assert scene.look(minutes=1) == {"repeated": 1}
    assert scene.status == "Processed"


def test_a_repetition_counts_from_when_the_broker_took_it() -> None:
    """After an outage there is as much time for each of them as ever."""
    scene = Scene(TASK)
    assert [scene.look(minutes=16) for _ in range(2)] == [{"repeated": 1}] * 2
    scene.cloud.broker.down = True
    for _ in range(5):
        assert scene.watch(minutes=16).keys() == {"failed"}
    scene.cloud.broker.down = False
    assert scene.look(minutes=1) == {"repeated": 1}, "the third"
    assert scene.look(minutes=14) == {}
    scene.deaf = False
    assert scene.status == "Processing"
    scene.cloud.deliver_messages(list(scene.cloud.broker.sent))
    scene.cloud.deliver()
    assert scene.status == "Processed"


def test_what_only_waits_behind_others_is_neither_repeated_nor_ended() -> None:
    """Events come in the order in which runs began. While the queue moves nobody adds to it, however long it is."""
    scene = Scene(FACT)
    cloud, files = scene.cloud, [scene.file_id]
    for n in range(10):
        cloud.clock.forward(seconds=1)
        files.append(cloud.upload(f"{n}.csv", TABLE))
    cloud.deliver()
    for file_id in files[:-1]:  # one in a quarter of an hour
        scene.reach(file_id)
        assert scene.watch(minutes=14) == {}
    assert [cloud.files.get(ME, one)["status"] for one in files] == ["Processed"] * 10 + ["Loaded"]
    assert [scene.watch(minutes=16) for _ in range(4)] == [{"repeated": 1}] * 3 + [{"closed": 1}], "nothing moves"


class Processor:
    """The queue of the processor, which all kinds share; it hands on as much as a test says."""

    def __init__(self, cloud: Pipeline) -> None:
        self.cloud, self.waiting = cloud, dict[str, Message]()
        [self.consumer] = [one for one, _ in cloud.consumers if one.name == "processor-on-record-events"]
        cloud.lost = self._waits

    def _waits(self, consumer: Consumer, event: Event) -> bool:
        if consumer is not self.consumer:
            return False
        for message in self.cloud.broker.sent:
            if message.event_id == event.id:
                self.waiting.setdefault(event.id, message)
        return True

    def hands_on(self) -> None:
        """One event."""
        event_id = next(iter(self.waiting))
        self.cloud.lost = lambda consumer, event: False
        self.cloud.feed(self.consumer, [self.waiting.pop(event_id)])
        self.cloud.lost = self._waits


@pytest.mark.parametrize("before", ["molecules", "one large table"])
def test_a_queue_that_all_kinds_share_moves_for_all_of_them(before: str) -> None:
    """Four files of another kind, or the chunks of one that stays in one state, are in front of a small table."""
    cloud = Pipeline([tabular(), chemical(), generic()])
    processor = Processor(cloud)
    bodies = [TABLE] if before == "one large table" else [b"C" * n + b"\n" for n in range(1, 5)]
    for n, body in enumerate(bodies):
        cloud.upload(f"{n}.csv" if body is TABLE else f"{n}.smi", body)
    cloud.deliver()
    in_front = len(processor.waiting)
    assert in_front >= 3
    cloud.clock.forward(seconds=1)
    file_id = cloud.upload("small.csv", b"a,b\n1,2\n")
    cloud.deliver()
    processor.hands_on()  # somebody is further from now on
    cloud.deliver()
    for _ in range(in_front - 1):
        for _ in range(14):
            cloud.clock.forward(minutes=1)
            cloud.watchdog.look_after()
            cloud.deliver()
        processor.hands_on()
        cloud.deliver()
    run = cloud.runs.documents[ids.run_key(file_id, 1)]
    assert (run["state"], "repeats" in run) == ("Parsed", False)


def test_a_run_that_others_have_overtaken_is_not_waiting_for_them() -> None:
    scene = Scene(FACT)
    scene.deaf = False
    scene.cloud.clock.forward(minutes=15)
    scene.cloud.upload("later.csv", TABLE)
    scene.cloud.deliver()
    assert scene.look(minutes=1) == {"repeated": 1}
    assert scene.status == "Processed"


def test_a_run_that_cannot_be_looked_after_holds_up_no_other() -> None:
    """Neither one whose events no broker takes nor one that meets a defect; the first in line are these."""
    scene = Scene(TASK)
    cloud, good = scene.cloud, scene.file_id
    refused, defect = (cloud.upload(f"{n}.csv", TABLE) for n in range(2))
    cloud.deliver()
    for bad in (refused, defect):
        cloud.runs.documents[ids.run_key(bad, 1)]["deadline"] -= timedelta(minutes=1)
    cloud.broker.refuses = lambda message: message.key.startswith(refused)
    del cloud.runs.documents[ids.run_key(defect, 1)]["plan"]
    assert scene.watch(minutes=16).keys() == {"repeated", "failed"}
    assert "repeats" in cloud.runs.documents[ids.run_key(good, 1)]


def test_nothing_is_said_again_before_the_step_has_had_its_time() -> None:
    scene = Scene(TASK)
    assert scene.look(minutes=14) == {}
    assert scene.look(minutes=2) == {"repeated": 1}
    assert scene.look(minutes=14) == {}


def test_more_tasks_than_one_write_can_announce_are_all_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHUNK_RECORDS", 2)
    scene = Scene(TASK)
    assert len(repeating._first_parts(scene.run)) > 1
    sent = len(scene.cloud.broker.sent)
    scene.deaf = False
    assert scene.look(minutes=16) == {"repeated": 1}
    again = [event.data["chunk"] for event in scene.cloud.broker.events()[sent:] if event.type == TASK]
    assert again == list(range(1, ROWS // 2)), "the first chunk is no task"
    assert scene.status == "Processed"


def test_what_a_deleted_or_superseded_run_lacks_is_not_said_again() -> None:
    scene = Scene(TASK)
    scene.cloud.nodes.documents[scene.file_id]["deleted"] = True  # and the cascade got lost
    assert scene.look(minutes=16) == {"closed": 1}
    assert scene.run["state"] == "Cancelled"
    scene = Scene(TASK)
    scene.cloud.nodes.documents[scene.file_id]["latestRun"]["run"] = 2
    assert scene.look(minutes=16) == {"closed": 1}
    assert scene.run["state"] == "Superseded"


def test_a_run_that_its_file_does_not_know_yet_is_left_to_who_began_it() -> None:
    """The run is written first and the node after it; what was interrupted in between is begun again by its event."""
    cloud = Pipeline([tabular()])
    apply = cloud.nodes.apply

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    cloud.nodes.apply = interrupted  # type: ignore[method-assign]
    file_id = cloud.upload("table.csv", TABLE)
    with pytest.raises(KeyboardInterrupt):
        cloud.deliver()
    cloud.nodes.apply = apply  # type: ignore[method-assign]
    waits = []
    for _ in range(4):
        cloud.clock.forward(days=2)
        looked = cloud.watchdog.look_after()
        del looked["asked"]  # its bytes are still awaited, as far as the file knows
        assert not any(looked.values())
        run = cloud.runs.get(ids.run_key(file_id, 1))
        assert run
        assert run["state"] == "Open"
        waits.append(run["deadline"] - cloud.clock.now())
    assert waits == sorted(set(waits))
    cloud.deliver_messages(list(cloud.broker.sent))
    cloud.deliver()
    assert cloud.files.get(ME, file_id)["status"] == "Processed"


def test_a_mark_that_comes_while_a_run_is_ended_does_not_keep_the_watchdog_busy() -> None:
    scene = Scene(TASK)
    run = scene.run
    scene.cloud.runs.documents[run["_id"]] |= {"state": "Failed"}
    assert scene.look(minutes=16) == {}
    assert "deadline" not in scene.run


def test_stored_records_that_nobody_can_find_are_announced_again_slower_each_time() -> None:
    scene = Scene("leanda.search.records.indexed.v1", chunk=1)
    assert scene.status == "Processed"
    looks = 0
    for _ in range(5 * 24 * 60 // 15):
        looks += scene.look(minutes=15).get("announced", 0)
    assert 9 <= looks <= 14, "after 15, 30, 60 minutes, and so on, up to a day"
    announced = [event for event in scene.cloud.broker.events(STORED) if event.data["chunk"] == 1]
    assert len({event.id for event in announced}) == len(announced) == looks + 1
    assert scene.run["state"] == "Finished", "indexing is only retried, never failed"
    scene.deaf = False
    assert scene.look(days=2) == {"announced": 1}
    assert scene.cloud.files.get(ME, scene.file_id)["indexedRecords"] == ROWS
    assert scene.look(days=2) == {}
    assert "indexBy" not in scene.run


LOST_ENDS: dict[str, tuple[str, bytes, Callable[[Event], bool], tuple[str, int]]] = {
    "finished without records": (
        "a.bin",
        b"\x00\x01zzz",
        lambda event: event.data["state"] == "Finished",
        ("Processed", 0),
    ),
    "finished": ("a.csv", b"a,b\n1,2\n", lambda event: event.data["state"] == "Finished", ("Processed", 1)),
    "found": ("a.csv", b"a,b\n1,2\n", lambda event: bool(event.data["indexed"]), ("Processed", 1)),
    "failed": ("a.csv", b"", lambda event: event.data["state"] == "Failed", ("Failed", 0)),
}


@pytest.mark.parametrize("what", LOST_ENDS)
def test_the_end_of_a_run_that_its_file_did_not_hear_is_told_again(what: str) -> None:
    name, body, is_it, end = LOST_ENDS[what]
    cloud, deaf = Pipeline([tabular(), generic()]), [True]
    cloud.lost = lambda consumer, event: bool(deaf) and event.type == RunAdvanced.TYPE and is_it(event)
    file_id = cloud.upload(name, body)
    cloud.drain()

    def shown() -> tuple[str, int]:
        file = cloud.files.get(ME, file_id)
        return (file["status"], file["indexedRecords"])

    assert shown() != end
    looks = 0
    for _ in range(5 * 24 * 4):
        cloud.clock.forward(minutes=15)
        looks += cloud.watchdog.look_after()["told"]
        cloud.deliver()
    assert 9 <= looks <= 14, "after 15, 30, 60 minutes, and so on, up to a day; without limit"
    deaf.clear()
    cloud.clock.forward(days=2)
    assert cloud.watchdog.look_after()["told"] == 1
    cloud.deliver()
    assert shown() == end
    cloud.clock.forward(days=2)
    assert not any(cloud.watchdog.look_after().values())
    assert "heardBy" not in cloud.runs.documents[ids.run_key(file_id, 1)]


def test_a_cancelled_run_whose_file_did_not_hear_of_it_keeps_nothing_from_its_restoration() -> None:
    scene = Scene(TASK)
    scene.type = RunAdvanced.TYPE
    scene.cloud.files.delete(ME, scene.file_id, "file", None, ORIGIN)
    scene.cloud.deliver()
    scene.cloud.files.restore(ME, scene.file_id, "file", ORIGIN)
    scene.cloud.deliver()
    assert (scene.run["state"], scene.status) == ("Cancelled", "Processing")
    scene.deaf = False
    assert scene.look(minutes=16) == {"told": 1}
    assert scene.status == "Processed"


def test_records_of_a_moved_file_are_announced_until_they_are_indexed_where_it_is_now() -> None:
    scene = Scene("none")
    assert scene.look(days=2) == {}
    scene.type = STORED
    file = scene.cloud.nodes.get(scene.file_id)
    assert file
    scene.cloud.nodes.apply(file, Change(set_={"placement": 1}), ORIGIN)
    run = scene.run
    scene.cloud.runs.apply(run, Change(set_={"indexBy": scene.cloud.clock.now()}, guarded=False), ORIGIN)
    scene.deaf = False
    assert scene.look(minutes=1) == {"announced": 1}
    marks = [chunk["indexed"]["placement"] for chunk in scene.run["chunks"].values()]
    assert marks == [1, 1, 1]


def test_what_is_not_shown_is_not_announced() -> None:
    scene = Scene("leanda.search.records.indexed.v1")
    scene.cloud.files.delete(ME, scene.file_id, "file", None, ORIGIN)
    scene.cloud.deliver()
    sent = len(scene.cloud.broker.sent)
    assert scene.look(days=2) == {}
    assert scene.cloud.broker.sent[sent:] == []
    assert "indexBy" not in scene.run


def test_repetitions_wait_twice_as_long_each_time_and_a_day_at_most() -> None:
    assert [repeating.slower(n) for n in (0, 1, 2)] == [timedelta(minutes=15 * 2**n) for n in (0, 1, 2)]
    assert repeating.slower(7) == repeating.slower(10_000) == timedelta(days=1)


def test_how_many_runs_were_ended_is_a_metric(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(TASK)
    for _ in range(3):
        scene.look(minutes=16)
    scene.cloud.clock.forward(minutes=16)
    monkeypatch.setattr(bootstrap, "watchdog", lambda: scene.cloud.watchdog)

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 55_000

    capsys.readouterr()
    assert lambda_handler({}, Context()) == {
        "repeated": 0,
        "closed": 1,
        "announced": 0,
        "told": 0,
        "asked": 0,
        "failed": 0,
    }
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["RunsClosed"], told["RunsRepeated"], told["RunsAnnounced"]) == ([1.0], [0.0], [0.0])
