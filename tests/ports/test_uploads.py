"""One class for the fake and the real store of `blobs`: announced uploads that are due, and the versions of a file's bytes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from functions.blobs.adapters import MongoBlobs, MongoUploads
from functions.blobs.ports import Blobs, Uploads
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.persistence.tellers import Tellers
from leanda.telling import HEARD
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakePublisher
from tests.fakes.pipeline import FakeBlobAggregates, FakeUploadAggregates

pytestmark = pytest.mark.integration
CLOCK = FakeClock()
ORIGIN = Origin(cause="c", correlation_id="correlation-1")


@dataclass
class World:
    uploads: Uploads
    blobs: Blobs

    def announced(self, key: str, *, state: str = "Open", minutes: float = 0) -> None:
        look_at = CLOCK.now() + timedelta(minutes=minutes)
        self.uploads.insert({"_id": key, "revision": 0, "state": state, "lookAt": look_at}, Change(), ORIGIN)

    def overdue(self, *, minutes: float = 0, limit: int = 9) -> list[str]:
        return [one["_id"] for one in self.uploads.overdue(CLOCK.now() + timedelta(minutes=minutes), limit=limit)]


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        broker = FakePublisher()
        yield World(FakeUploadAggregates(broker, CLOCK, "blobs"), FakeBlobAggregates(broker, CLOCK, "blobs"))
        return
    client: MongoClient[dict[str, Any]] = MongoClient(request.getfixturevalue("document_store"), tz_aware=True)
    database = client[f"t{uuid.uuid4().hex[:12]}"]
    uploads = MongoUploads(database, FakePublisher(), CLOCK, patient=True)
    blobs = MongoBlobs(database, FakePublisher(), CLOCK, patient=True)
    uploads.ensure_indexes(local=True)
    blobs.ensure_indexes(local=True)
    yield World(uploads, blobs)
    client.close()


def test_open_uploads_whose_time_has_come_are_due_longest_first(world: World) -> None:
    for key, minutes in (("b", 2), ("a", 1), ("later", 9)):
        world.announced(key, minutes=minutes)
    assert world.overdue(minutes=1) == [], "due is what lies behind"
    assert world.overdue(minutes=3) == ["a", "b"]
    assert world.overdue(minutes=3, limit=1) == ["a"]


@pytest.mark.parametrize("state", ["Stored", "Rejected", "Expired"])
def test_what_has_ended_is_never_due(world: World, state: str) -> None:
    world.announced("ended", state=state)
    assert world.overdue(minutes=1) == []


def test_an_upload_that_was_looked_at_is_due_later(world: World) -> None:
    world.announced("a")
    (found,) = world.uploads.overdue(CLOCK.now() + timedelta(minutes=1), limit=9)
    world.uploads.apply(found, Change(set_={"lookAt": CLOCK.now() + timedelta(minutes=5)}), ORIGIN)
    assert world.overdue(minutes=1) == []
    assert world.overdue(minutes=6) == ["a"]


@pytest.mark.parametrize("which", ["uploads", "blobs"])
def test_what_is_to_be_told_again_is_due_longest_first_until_it_was_heard(world: World, which: str) -> None:
    owner: Tellers = getattr(world, which)
    for key, minutes in (("b", 2), ("a", 1), ("later", 9)):
        due = CLOCK.now() + timedelta(minutes=minutes)
        owner.insert({"_id": key, "revision": 0, "told": {}, "tellAt": due, "tellings": 0}, Change(), ORIGIN)
    owner.insert({"_id": "heard", "revision": 0}, Change(), ORIGIN)

    def found(minutes: float, limit: int = 9) -> list[str]:
        return [one["_id"] for one in owner.untold(CLOCK.now() + timedelta(minutes=minutes), limit=limit)]

    assert found(1) == [], "due is what lies behind"
    assert found(3) == ["a", "b"]
    assert found(3, limit=1) == ["a"]
    owner.apply({"_id": "a", "revision": 0}, HEARD, ORIGIN)
    assert found(3) == ["b"]
    late = Change(set_={"tellAt": CLOCK.now(), "tellings": 1}, guarded=False)
    owner.apply({"_id": "a", "revision": 0}, late, ORIGIN)
    assert found(3) == ["b"], "it was heard while it was told again"


def test_versions_of_one_file_are_known_by_their_sequencers(world: World) -> None:
    for key, file_id, more in (
        ("1", "f", {"sequencer": "0A"}),
        ("2", "f", {"sequencer": "0B"}),
        ("3", "g", {"sequencer": "0C"}),
        ("4", "f", {}),
    ):
        world.blobs.insert({"_id": key, "revision": 0, "fileId": file_id, **more}, Change(), ORIGIN)
    assert sorted(world.blobs.sequencers("f")) == ["0A", "0B"]
    assert world.blobs.sequencers("h") == []


def test_bytes_without_a_checksum_are_due_longest_first_until_it_is_known(world: World) -> None:
    for key, minutes in (("b", 2), ("a", 1), ("later", 9)):
        due = CLOCK.now() + timedelta(minutes=minutes)
        world.blobs.insert({"_id": key, "revision": 0, "unhashed": {"at": due}}, Change(), ORIGIN)
    world.blobs.insert({"_id": "known", "revision": 0}, Change(), ORIGIN)
    world.blobs.insert({"_id": "told", "revision": 0, "unhashed": {"at": CLOCK.now()}, "told": {}}, Change(), ORIGIN)

    def found(minutes: float, limit: int = 9) -> list[str]:
        return [one["_id"] for one in world.blobs.unhashed(CLOCK.now() + timedelta(minutes=minutes), limit=limit)]

    assert found(1) == [], "due is what lies behind"
    assert found(3) == ["a", "b"]
    assert found(3, limit=1) == ["a"]
    later = Change(set_={"unhashed.at": CLOCK.now() + timedelta(minutes=5)})
    world.blobs.apply({"_id": "a", "revision": 0}, later, ORIGIN)
    assert found(3) == ["b"]
    world.blobs.apply({"_id": "b", "revision": 0}, Change(unset=("unhashed",)), ORIGIN)
    assert found(6) == ["a"]
