"""One class for the fake and the real document store: what the use cases rely on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from functions.files.adapters import MongoNodes, MongoRecords, MongoRuns
from functions.files.ports import NodeFilter
from leanda.changes import Change
from leanda.contracts.artefacts import Issue, Record, RecordStatus, Row, Severity
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FolderCreated, RunState
from leanda.errors import OutboxFull, RevisionConflict, Unavailable
from leanda.limits import MAX_OUTBOX_ENTRIES
from leanda.persistence.aggregates import relay
from leanda.telling import HEARD
from tests.fakes.clock import FakeClock
from tests.fakes.files import FakeNodes, FakeRecords, FakeRuns
from tests.fakes.messaging import FakePublisher

ORIGIN = Origin(cause="request-1", correlation_id="correlation-1")
pytestmark = pytest.mark.integration


class World:
    """Nodes, runs and records of one kind, with a broker that can be down."""

    def __init__(self, nodes: Callable[..., Any], runs: Callable[..., Any], records: Any) -> None:
        self.clock, self.broker = FakeClock(), FakePublisher()
        self.nodes = nodes(self.broker, self.clock)
        self.runs = runs(self.broker, self.clock)
        self.records = records


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield World(
            lambda broker, clock: FakeNodes(broker, clock, "files"),
            lambda broker, clock: FakeRuns(broker, clock, "files"),
            FakeRecords(),
        )
        return
    client: MongoClient[dict[str, Any]] = MongoClient(request.getfixturevalue("document_store"), tz_aware=True)
    database = client[f"t{uuid.uuid4().hex[:12]}"]
    world = World(
        lambda broker, clock: MongoNodes(database, broker, clock, patient=True),
        lambda broker, clock: MongoRuns(database, broker, clock, patient=True),
        MongoRecords(database),
    )
    world.nodes.ensure_indexes(local=True)
    world.runs.ensure_indexes(local=True)
    world.records.ensure_indexes()
    yield world
    client.close()


def fact(node_id: str, revision: int = 0) -> FolderCreated:
    return FolderCreated(file_id=node_id, node_type="folder", owner_id="o", revision=revision, placement=0)


def node(node_id: str, **more: Any) -> dict[str, Any]:
    return {"_id": node_id, "revision": 0, "deleted": False, "type": "folder", "name": node_id, **more}


class TestAggregates:
    def test_inserting_again_changes_and_announces_nothing(self, world: World) -> None:
        assert world.nodes.insert(node("a", size=1), Change(emit=(fact("a"),)), ORIGIN)
        assert not world.nodes.insert(node("a", size=2), Change(emit=(fact("a"),)), ORIGIN)
        assert world.nodes.get("a")["size"] == 1
        world.nodes.publish("a")
        assert len(world.broker.sent) == 1

    def test_a_document_comes_without_its_outbox(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        assert "outbox" not in world.nodes.get("a")
        assert "outbox" not in world.nodes.get_many(["a", "b"])["a"]
        assert world.nodes.get("b") is None

    def test_a_guarded_change_raises_the_revision_and_an_older_reading_is_refused(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(), ORIGIN)
        read = world.nodes.get("a")
        world.nodes.apply(read, Change(set_={"name": "b", "deep.er": 1}, emit=(fact("a", 1),)), ORIGIN)
        assert (world.nodes.get("a")["revision"], world.nodes.get("a")["deep"]) == (1, {"er": 1})
        with pytest.raises(RevisionConflict):
            world.nodes.apply(read, Change(set_={"name": "c"}, emit=(fact("a", 1),)), ORIGIN)
        assert world.nodes.get("a")["name"] == "b"
        world.nodes.publish("a")
        assert len(world.broker.sent) == 1, "a refused change announces nothing"

    def test_the_last_revision_that_was_announced_is_known(self, world: World) -> None:
        def announced() -> tuple[int, int]:
            found = world.nodes.get("a")
            return found["revision"], found["announced"]

        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        assert announced() == (0, 0)
        world.nodes.apply(world.nodes.get("a"), Change(set_={"name": "b"}), ORIGIN)
        assert announced() == (1, 0)
        world.nodes.apply(world.nodes.get("a"), Change(unset=("size",), emit=(fact("a", 2),)), ORIGIN)
        assert announced() == (2, 2)
        world.nodes.apply(world.nodes.get("a"), Change(emit=(fact("a", 2),), guarded=False), ORIGIN)
        assert announced() == (2, 2)

    def test_marks_commute_and_leave_the_revision(self, world: World) -> None:
        world.runs.insert(node("r", chunks={}), Change(), ORIGIN)
        read = world.runs.get("r")
        for n in (1, 0):
            world.runs.apply(read, Change(set_={f"chunks.{n}.parsed": {"n": n}}, guarded=False), ORIGIN)
        found = world.runs.get("r")
        assert found["chunks"] == {"0": {"parsed": {"n": 0}}, "1": {"parsed": {"n": 1}}}
        assert found["revision"] == 0

    def test_unset_removes(self, world: World) -> None:
        world.runs.insert(node("r", deadline=world.clock.now()), Change(), ORIGIN)
        world.runs.apply(world.runs.get("r"), Change(set_={"name": "x"}, unset=("deadline",)), ORIGIN)
        assert "deadline" not in world.runs.get("r")

    def test_entries_leave_oldest_first_and_are_gone_once_confirmed(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        world.nodes.apply(world.nodes.get("a"), Change(set_={"x": 1}, emit=(fact("a", 1), fact("a", 2))), ORIGIN)
        world.nodes.publish("a")
        assert [event.data["revision"] for event in world.broker.events()] == [0, 1, 2]
        world.nodes.publish("a")
        assert len(world.broker.sent) == 3

    def test_what_is_said_again_leaves_as_it_was_behind_what_is_new(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        world.nodes.publish("a")
        (sent,) = world.broker.sent
        world.nodes.apply(world.nodes.get("a"), Change(emit=(fact("a", 1),), again=(sent,)), ORIGIN)
        world.nodes.publish("a")
        assert [event.data["revision"] for event in world.broker.events()] == [0, 1, 0]
        assert world.broker.sent[2] == sent
        world.nodes.apply(world.nodes.get("a"), Change(again=(sent,), guarded=False), ORIGIN)
        world.nodes.publish("a")
        assert world.broker.sent[3:] == [sent]

    def test_what_the_broker_did_not_confirm_stays_and_the_relay_sends_it_when_it_is_old_enough(
        self, world: World
    ) -> None:
        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        world.broker.down = True
        with pytest.raises(Unavailable):
            world.nodes.publish("a")
        world.broker.down = False
        assert world.nodes.stale(10) == []
        world.clock.forward(seconds=6)
        assert world.nodes.stale(10) == ["a"]
        assert relay([world.nodes]) == 1
        assert (len(world.broker.sent), world.nodes.stale(10)) == (1, [])

    def test_no_more_events_wait_than_an_outbox_holds_and_they_are_not_lost(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        world.broker.down = True
        with pytest.raises(Unavailable):
            world.nodes.publish("a")

        def write(*revisions: int) -> None:
            change = Change(set_={"x": revisions[-1]}, emit=tuple(fact("a", n) for n in revisions))
            world.nodes.apply(world.nodes.get("a"), change, ORIGIN)

        write(*range(1, MAX_OUTBOX_ENTRIES - 2))
        with pytest.raises(OutboxFull):
            write(*range(97, 100))
        assert world.nodes.get("a")["x"] == MAX_OUTBOX_ENTRIES - 3
        write(98, 99)
        with pytest.raises(OutboxFull):
            write(100)
        world.nodes.apply(world.nodes.get("a"), Change(set_={"x": "silently"}), ORIGIN)
        with pytest.raises(RevisionConflict):
            world.nodes.apply(world.nodes.get("a") | {"revision": 1}, Change(set_={"x": 0}), ORIGIN)
        world.broker.down = False
        world.nodes.publish("a")
        assert len(world.broker.sent) == MAX_OUTBOX_ENTRIES
        write(100)

    def test_more_than_an_outbox_holds_is_refused_at_once(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(), ORIGIN)
        many = Change(emit=tuple(fact("a", n) for n in range(MAX_OUTBOX_ENTRIES + 1)))
        with pytest.raises(OutboxFull):
            world.nodes.apply(world.nodes.get("a"), many, ORIGIN)


class TestNodes:
    def test_children_come_by_name_page_by_page_without_deleted_ones(self, world: World) -> None:
        for name in ("c", "a", "b", "d"):
            world.nodes.insert(node(name, parentId="p", deleted=name == "d"), Change(), ORIGIN)
        first = world.nodes.children("p", after=None, limit=2)
        rest = world.nodes.children("p", after=[first[-1]["name"], first[-1]["_id"]], limit=2)
        assert [found["name"] for found in (*first, *rest)] == ["a", "b", "c"]

    def test_everything_below_comes_by_id_deleted_or_not(self, world: World) -> None:
        for name in ("c", "a", "b"):
            world.nodes.insert(node(name, parentId="p", deleted=name == "b"), Change(), ORIGIN)
        assert world.nodes.below("p", after=None, limit=2) == ["a", "b"]
        assert world.nodes.below("p", after="b", limit=2) == ["c"]

    def test_how_deep_it_goes_below_a_folder_is_known(self, world: World) -> None:
        world.nodes.insert(node("p", ownerId="o", ancestors=["o"]), Change(), ORIGIN)
        world.nodes.insert(node("c", ownerId="o", ancestors=["o", "p"]), Change(), ORIGIN)
        world.nodes.insert(node("gone", ownerId="o", ancestors=["o", "p", "c"], deleted=True), Change(), ORIGIN)
        assert [world.nodes.is_deeper("o", "p", levels) for levels in (1, 2, 3)] == [True, True, False]
        assert [world.nodes.is_deeper("o", "c", levels) for levels in (2, 3)] == [True, False]
        assert not world.nodes.is_deeper("else", "p", 1)

    def test_files_come_newest_first_and_can_be_narrowed(self, world: World) -> None:
        for n, (status, kind) in enumerate([("Processed", "x"), ("Failed", "x"), ("Failed", "y")]):
            at = world.clock.now() + timedelta(seconds=n)
            document = node(
                f"f{n}",
                type="file",
                ownerId="o",
                status=status,
                kind=kind,
                createdAt=at,
                failure={"code": f"C{n}"},
                ancestors=["o"],
            )
            world.nodes.insert(document, Change(), ORIGIN)

        def found(wanted: NodeFilter, after: Any = None) -> list[str]:
            return [one["_id"] for one in world.nodes.files_of("o", wanted, after=after, limit=9)]

        assert found(NodeFilter()) == ["f2", "f1", "f0"]
        assert found(NodeFilter(status="Failed", kind="x")) == ["f1"]
        assert found(NodeFilter(failure_code="C2")) == ["f2"]
        file = world.nodes.get("f0")
        world.nodes.apply(file, Change(set_={"latestRun": {"run": 2, "failure": {"code": "C2"}}}), ORIGIN)
        assert found(NodeFilter(failure_code="C2")) == ["f2", "f0"]
        assert found(
            NodeFilter(failure_code="C2"), after=[(world.clock.now() + timedelta(seconds=2)).isoformat(), "f2"]
        ) == ["f0"]
        assert found(NodeFilter(folder_id="o")) == ["f2", "f1", "f0"]
        theirs = node(
            "g", type="file", ownerId="p", createdAt=world.clock.now(), failure={"code": "C2"}, ancestors=["p"]
        )
        world.nodes.insert(theirs, Change(), ORIGIN)
        everybodys = world.nodes.files_of(None, NodeFilter(failure_code="C2"), after=None, limit=9)
        assert [one["_id"] for one in everybodys] == ["f2", "g", "f0"]
        at = (world.clock.now() + timedelta(seconds=1)).isoformat()
        assert found(NodeFilter(), after=[at, "f1"]) == ["f0"]

    @pytest.mark.parametrize(
        ("moment", "other"), [("deadline", "indexBy"), ("indexBy", "heardBy"), ("heardBy", "deadline")]
    )
    def test_runs_that_are_due_come_in_the_order_in_which_they_became_so(
        self, world: World, moment: str, other: str
    ) -> None:
        for n in (2, 1, 3):
            due = world.clock.now() + timedelta(minutes=n)
            world.runs.insert(node(f"r{n}", **{moment: due}), Change(), ORIGIN)
        world.runs.insert(node("r4", **{other: world.clock.now()}), Change(), ORIGIN)
        runs = world.runs
        found = {"deadline": runs.overdue, "indexBy": runs.unindexed, "heardBy": runs.unheard}[moment]
        now = world.clock.now() + timedelta(minutes=2.5)
        assert [run["_id"] for run in found(now, limit=9)] == ["r1", "r2"]
        assert [run["_id"] for run in found(now, limit=1)] == ["r1"]

    def test_what_was_told_of_a_node_is_due_until_it_is_heard(self, world: World) -> None:
        for key, minutes in (("b", 2), ("a", 1), ("later", 9)):
            due = world.clock.now() + timedelta(minutes=minutes)
            world.nodes.insert(node(key, told={"type": "t"}, tellAt=due, tellings=0), Change(), ORIGIN)
        world.nodes.insert(node("heard"), Change(), ORIGIN)
        due = world.clock.now() + timedelta(minutes=3)
        assert [one["_id"] for one in world.nodes.untold(due, limit=9)] == ["a", "b"]
        world.nodes.apply(node("a"), HEARD, ORIGIN)
        assert [one["_id"] for one in world.nodes.untold(due, limit=9)] == ["b"]

    def test_of_the_runs_that_are_further_the_last_one_to_begin_is_known(self, world: World) -> None:
        states = ["Finished", "Processing", "Parsing", "Open", "Failed", "Cancelled", "Superseded", "NotRequested"]
        later = world.clock.now() + timedelta(minutes=99)
        for n, state in enumerate(states):
            began = world.clock.now() + timedelta(minutes=n)
            world.runs.insert(node(f"r{n}", kind="k", state=state, startedAt=began, stateAt=began), Change(), ORIGIN)
            world.runs.insert(node(f"s{n}", kind="k", state=state, startedAt=began, stateAt=later), Change(), ORIGIN)
        world.runs.insert(node("other", kind="l", state="Finished", startedAt=later, stateAt=later), Change(), ORIGIN)

        def further(state: str) -> str | None:
            found = world.runs.further(RunState(state), kind="k")
            return found and found["_id"]

        assert [further(state) for state in ("Open", "Parsing", "Parsed", "Processing")] == ["s2", "s1", "s1", "s0"]
        assert world.runs.further(RunState.OPEN, kind="m") is None
        last = world.runs.further(RunState.OPEN)
        assert last is not None
        assert last["_id"] == "other", "of any kind"


class TestRecords:
    def records(self) -> list[Row]:
        issue = Issue(code="BAD", severity=Severity.ERROR, message="No.", place="line 1")
        good = [Record(index=n, type="molecule", properties={"molecularWeight": 1.5}) for n in (0, 2)]
        bad = Record(index=1, type="molecule", status=RecordStatus.FAILED, issues=(issue,))
        return [one.to_json_dict() for one in (*good, bad)]

    def test_inserting_twice_leaves_each_once_and_as_it_was(self, world: World) -> None:
        world.records.insert("f", 1, self.records())
        changed = [{**one, "name": "other"} for one in self.records()]
        world.records.insert("f", 1, [*changed, {**changed[0], "index": 3}])
        page = world.records.page("f", 1, status=None, after=None, limit=9)
        assert [one["index"] for one in page] == [0, 1, 2, 3]
        assert "name" not in page[0]

    def test_pages_go_by_index_and_status_and_run(self, world: World) -> None:
        world.records.insert("f", 1, self.records())
        world.records.insert("f", 2, self.records()[:1])
        assert [one["index"] for one in world.records.page("f", 1, status=None, after=0, limit=1)] == [1]
        (failed,) = world.records.page("f", 1, status="Failed", after=None, limit=9)
        assert (failed["index"], failed["issues"][0]["place"]) == (1, "line 1")
        assert len(world.records.page("f", 2, status=None, after=None, limit=9)) == 1
        assert world.records.get("f", 1, 2)["properties"] == {"molecularWeight": 1.5}
        assert world.records.get("f", 1, 7) is None

    def test_records_of_one_run_are_removed_some_at_a_time(self, world: World) -> None:
        world.records.insert("f", 1, self.records())
        world.records.insert("f", 2, self.records())
        world.records.insert("g", 1, self.records())
        assert [world.records.remove("f", 1, limit=2) for _ in range(3)] == [2, 1, 0]
        left = [(key, run) for key in ("f", "g") for run in (1, 2) if world.records.get(key, run, 0)]
        assert left == [("f", 2), ("g", 1)]


class TestRuns:
    def test_those_to_tidy_up_after_come_oldest_first_when_their_time_has_come(self, world: World) -> None:
        now = world.clock.now()
        for n, days in enumerate((3, 1, 5, None)):
            due = {} if days is None else {"tidyAt": now + timedelta(days=days)}
            world.runs.insert({"_id": f"f:{n}", "fileId": "f", "revision": 0, **due}, Change(), ORIGIN)
        assert world.runs.untidy(now, limit=9) == []
        world.clock.forward(days=4)
        assert [run["_id"] for run in world.runs.untidy(world.clock.now(), limit=9)] == ["f:1", "f:0"]


class TestOutbox:
    def test_an_entry_that_comes_while_others_are_sent_is_not_pulled_with_them(self, world: World) -> None:
        world.nodes.insert(node("a"), Change(emit=(fact("a"),)), ORIGIN)
        send = world.broker.publish

        def send_slowly(messages: Any, *, timeout: float) -> None:
            send(messages, timeout=timeout)
            world.broker.publish = send  # type: ignore[method-assign]
            world.nodes.apply(world.nodes.get("a"), Change(set_={"x": 1}, emit=(fact("a", 1),)), ORIGIN)

        world.broker.publish = send_slowly  # type: ignore[method-assign]
        world.nodes.publish("a")
        world.nodes.publish("a")
        assert [event.data["revision"] for event in world.broker.events()] == [0, 1]
