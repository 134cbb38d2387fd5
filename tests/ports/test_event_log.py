"""One class for the fake and the real log of history, and for the orders of replays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from functions.history.adapters import MongoEventLog, MongoReplayJobs
from functions.history.domain import Entry, entry_of, redacted
from functions.history.ports import EventFilter, Selection
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import BlobHashed
from leanda.contracts.registry import event_of
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakePublisher
from tests.unit.history.fakes import FakeEventLog
from tests.unit.history.test_replays import FakeReplayJobs

pytestmark = pytest.mark.integration
CLOCK = FakeClock()
ORIGIN = Origin(cause="c", correlation_id="correlation-1")


class World:
    def __init__(self, log: Any, jobs: Any) -> None:
        self.log, self.jobs = log, jobs


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield World(FakeEventLog(), FakeReplayJobs(FakePublisher(), CLOCK))
        return
    client: MongoClient[dict[str, Any]] = MongoClient(request.getfixturevalue("document_store"), tz_aware=True)
    database = client[f"t{uuid.uuid4().hex[:12]}"]
    log, jobs = MongoEventLog(database), MongoReplayJobs(database, CLOCK)
    log.ensure_indexes()
    jobs.ensure_indexes(local=True)
    yield World(log, jobs)
    client.close()


def entry(n: int, *, file_id: str = "f", user: str | None = "u", sha: str = "0") -> Entry:
    origin = Origin(cause=f"cause-{n}", correlation_id="correlation-1", user_id=user)
    at = CLOCK.now() + timedelta(seconds=n)
    event = event_of(BlobHashed(file_id=file_id, blob_id="b", sha256=sha), origin, source="blobs", at=at)
    return entry_of(event, topic="file-events", partition=0, offset=n, key=file_id, body=event.to_bytes().decode())


def test_the_first_body_of_an_id_stays(world: World) -> None:
    world.log.append([entry(0), entry(1)])
    world.log.append([entry(0, sha="1"), entry(2)])
    found = world.log.page(EventFilter(file_id="f"), after=None, limit=10)
    assert found == [entry(0), entry(1), entry(2)]


def test_pages_and_selections_go_by_time(world: World) -> None:
    world.log.append([entry(n, file_id="f" if n % 2 else "g") for n in (3, 1, 2, 0)])
    first = world.log.select(Selection(), after=None, limit=3)
    rest = world.log.select(Selection(), after=(first[-1].time, first[-1].id), limit=3)
    assert [one.offset for one in (*first, *rest)] == [0, 1, 2, 3]
    assert [one.offset for one in world.log.select(Selection(file_id="g"), after=None, limit=9)] == [0, 2]
    window = Selection(since=CLOCK.now() + timedelta(seconds=1), until=CLOCK.now() + timedelta(seconds=3))
    assert [one.offset for one in world.log.select(window, after=None, limit=9)] == [1, 2]
    assert world.log.select(Selection(types=("other",)), after=None, limit=9) == []


def test_what_is_redacted_stays_in_its_file_s_life_and_in_nobody_s(world: World) -> None:
    world.log.append([entry(0), entry(1), entry(2, file_id="g", user=None)])
    some = world.log.unredacted(EventFilter(user_id="u"), limit=1)
    assert len(some) == 1
    world.log.redact([redacted(one) for one in some])
    assert len(world.log.unredacted(EventFilter(user_id="u"), limit=9)) == 1
    world.log.redact([redacted(one) for one in world.log.unredacted(EventFilter(file_id="f"), limit=9)])
    world.log.redact([])
    assert world.log.unredacted(EventFilter(file_id="f"), limit=9) == []
    assert world.log.page(EventFilter(user_id="u"), after=None, limit=9) == []
    assert world.log.page(EventFilter(file_id="f"), after=None, limit=9) == [redacted(entry(0)), redacted(entry(1))]
    assert [one.file_id for one in world.log.select(Selection(), after=None, limit=9)] == ["g"]
    world.log.append([entry(0)])
    assert world.log.page(EventFilter(file_id="f"), after=None, limit=1) == [redacted(entry(0))], (
        "nothing brings it back"
    )


def test_who_is_erased_is_noted_once_and_found_among_others(world: World) -> None:
    world.log.erase(["f", "u"])
    world.log.erase(["f"])
    world.log.erase([])
    assert world.log.erased(["f", "x", "u"]) == {"f", "u"}
    assert world.log.erased([]) == set()


def test_replays_are_due_in_their_order_until_they_are_over(world: World) -> None:
    now = CLOCK.now()
    for n in (2, 1, 3):
        world.jobs.insert({"_id": f"r{n}", "revision": 0, "dueAt": now + timedelta(minutes=n)}, Change(), ORIGIN)
    assert [job["_id"] for job in world.jobs.due(now + timedelta(minutes=2), limit=9)] == ["r1", "r2"]
    world.jobs.apply(world.jobs.get("r1"), Change(set_={"state": "Done"}, unset=("dueAt",)), ORIGIN)
    assert [job["_id"] for job in world.jobs.due(now + timedelta(minutes=9), limit=1)] == ["r2"]
