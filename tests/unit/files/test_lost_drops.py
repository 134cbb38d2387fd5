"""A drop into an inbox that was given up before it became a file: its owner sees it, where it was dropped, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda import ids
from leanda.access.policy import Viewer
from leanda.contracts.events import BlobStored
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.deadletters.desk import UPLOADS, Room, announcement, letter

ME = Viewer(USER)
SMILES = b"CCO ethanol\nC methane\n"


class Scene(Pipeline):
    """A pipeline and a dead-letter desk that share topics and time."""

    def __init__(self) -> None:
        super().__init__([chemical(), generic()])
        self.desk = Room(clock=self.clock, broker=self.broker)

    def files_of_owner(self) -> list[dict[str, Any]]:
        nodes = [node["_id"] for node in self.nodes.documents.values() if node["type"] == "file"]
        return [self.files.get(ME, key) for key in nodes]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_notification_that_was_given_up_is_a_failed_file_where_it_was_dropped(scene: Scene) -> None:
    stored = scene.objects.put(f"inbox/{USER}/project/drugs & co.smi", SMILES)
    assert scene.desk.receive(announcement(stored[0]), queue=UPLOADS)
    scene.drain()
    (file,) = scene.files_of_owner()
    assert (file["id"], file["name"]) == (ids.file_id_of_inbox(USER, "project/drugs & co.smi"), "drugs & co.smi")
    assert (file["status"], file["failure"]["code"]) == ("Failed", "UPLOAD_NOT_RECEIVED")
    assert file["failure"]["detail"] == f"dead letter {scene.desk.letters.one()['_id']}"
    assert scene.files.get_folder(ME, file["parentId"])["name"] == "project"
    assert file["id"] in scene.index.shown("leanda-nodes-write"), "it is found by its name"
    (step,) = scene.files.timeline(ME, file["id"])["steps"]
    assert step["error"]["deadLetterId"] == scene.desk.letters.one()["_id"]

    scene.receiving.receive(*stored)  # delivered again after all, or found by the sweep
    scene.drain()
    (file,) = scene.files_of_owner()
    assert (file["status"], file["totalRecords"], file["activeRun"]) == ("Processed", 2, 1)
    assert "failure" not in file


def test_stored_bytes_that_no_file_was_made_of_are_a_failed_file(scene: Scene) -> None:
    scene.lost = lambda consumer, event: event.type == BlobStored.TYPE
    scene.drop("drugs.smi", SMILES)
    scene.drain()
    assert scene.files_of_owner() == []
    (stored,) = scene.broker.sent
    given_up = json.loads(letter(scene.clock.now(), code="UNEXPECTED_ERROR")) | {"envelope": stored.body.decode()}
    assert scene.desk.receive(json.dumps(given_up), queue="leanda-test-files-on-file-events-dlq")
    scene.drain()
    (file,) = scene.files_of_owner()
    assert (file["name"], file["status"], file["failure"]["code"]) == ("drugs.smi", "Failed", "UNEXPECTED_ERROR")
    scene.lost = lambda consumer, event: False
    scene.deliver_messages([stored])
    scene.drain()
    assert scene.files_of_owner()[0]["status"] == "Processed"


@pytest.mark.parametrize("path", ["../up.smi", "a//b.smi", "/".join(["d"] * 40) + "/x.smi", "n" * 300])
def test_a_path_that_cannot_be_used_is_shown_in_the_root(path: str, scene: Scene) -> None:
    assert scene.desk.receive(announcement(f"inbox/{USER}/{path}"), queue=UPLOADS)
    scene.drain()
    (file,) = scene.files_of_owner()
    assert (file["parentId"], file["status"]) == (USER, "Failed")


def test_a_file_that_is_there_is_left_as_it_is(scene: Scene) -> None:
    scene.drop("drugs.smi", SMILES)
    scene.drain()
    (before,) = scene.files_of_owner()
    assert scene.desk.receive(announcement(f"inbox/{USER}/drugs.smi"), queue=UPLOADS)
    scene.drain()
    (after,) = scene.files_of_owner()
    assert (after["status"], after["version"]) == (before["status"], before["version"])


def test_an_announced_upload_that_was_given_up_says_so(scene: Scene) -> None:
    file_id = scene.upload("drugs.smi", SMILES)
    stored = next(message for message in scene.broker.sent if message.event_id and b"blob.stored" in message.body)
    scene.broker.sent.remove(stored)
    assert scene.desk.receive(announcement(f"uploads/{file_id}"), queue=UPLOADS)
    scene.drain()
    shown = scene.files.get(ME, file_id)
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "UPLOAD_NOT_RECEIVED")


def test_somebody_elses_object_is_nobodys_file(scene: Scene) -> None:
    for key in ("elsewhere/x.smi", "inbox/nobody/x.smi", "uploads/none"):
        assert scene.desk.receive(announcement(key), queue=UPLOADS)
    scene.drain()
    assert scene.nodes.documents == {}
