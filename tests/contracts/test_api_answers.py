"""What the API really answers has the shapes of the OpenAPI document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from functions.deadletters import domain as letters
from functions.deadletters import views as dead_letter_views
from functions.deadletters.reading import Found, QueueMessage, Reader
from functions.files.models import NewFile, NewFolder
from functions.history import views as history_views
from functions.history.domain import entry_of
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.errors import NotFound
from leanda.http.app import problem
from tests.fakes.pipeline import USER, Pipeline
from tools.generate.answers import SUCCESS
from tools.generate.places import ROOT
from tools.generate.samples import samples

ME = Viewer(USER)
ORIGIN = Origin(cause="request", correlation_id="correlation-1")
PARTLY = b"CCO ethanol\nnot-a-smiles( broken\nC methane\n"
BASE = "urn:openapi"


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs/openapi.json").read_text())
    return found


@pytest.fixture(scope="module")
def fits(openapi: dict[str, Any]):
    """Asserts that a value has the shape of a named schema, and no member that the schema does not know."""
    registry: Any = Registry().with_resource(BASE, Resource.opaque(openapi))

    def check(value: Any, name: str) -> None:
        shown = json.loads(json.dumps(value, default=str))
        schema = {"$ref": f"{BASE}#/components/schemas/{name}"}
        Draft202012Validator(schema, registry=registry, format_checker=FormatChecker()).validate(shown)
        known = openapi["components"]["schemas"][name].get("properties", {})
        assert set(shown) <= set(known), f"{name} does not describe {set(shown) - set(known)}"

    return check


@pytest.fixture(scope="module")
def cloud() -> Pipeline:
    made = Pipeline([chemical(), generic()])
    made.upload("waiting.smi", PARTLY)
    made.upload("partly.smi", PARTLY)
    made.upload("junk.sdf", b"nothing of use\n" * 3)
    made.drop("robots/notes.bin", b"\x00\x01\x02")
    made.deliver()
    return made


def files(cloud: Pipeline) -> list[dict[str, Any]]:
    shown = [cloud.files.get(ME, key) for key, node in cloud.nodes.documents.items() if node["type"] == "file"]
    assert {file["status"] for file in shown} >= {"ProcessedPartially", "Failed", "Processed"}
    return shown


def test_files_in_every_state(cloud: Pipeline, fits: Any) -> None:
    for file in files(cloud):
        fits(file, "File")
        fits(cloud.files.timeline(ME, file["id"]), "Processing")


def test_a_file_on_its_way(fits: Any) -> None:
    fresh = Pipeline([chemical()])
    made = fresh.files.create(ME, NewFile(name="a.smi", size=10), idempotency_key=None, origin=ORIGIN)
    fits(made, "AnnouncedFile")
    large = fresh.files.create(ME, NewFile(name="b.sdf", size=2**30), idempotency_key=None, origin=ORIGIN)
    fits(large, "AnnouncedFile")
    assert {made["upload"]["kind"], large["upload"]["kind"]} == {"post", "multipart"}
    for one in (made, large):
        fits(fresh.uploading.progress(USER, one["id"]), "UploadProgress")
        fits(fresh.files.timeline(ME, one["id"]), "Processing")
    fits(fresh.uploading.complete(USER, made["id"]), "UploadState")


def test_lists_and_folders(cloud: Pipeline, fits: Any) -> None:
    fits(cloud.files.children(ME, USER, cursor=None, limit=2), "Nodes")
    fits(cloud.files.get_folder(ME, USER), "Folder")
    folder = cloud.files.create_folder(ME, NewFolder(name="Results"), idempotency_key=None, origin=ORIGIN)
    fits(folder, "Folder")


def test_records(cloud: Pipeline, fits: Any) -> None:
    (partly,) = [file for file in files(cloud) if file["name"] == "partly.smi"]
    page = cloud.files.list_records(ME, partly["id"], status=None, cursor=None, limit=2)
    fits(page, "Records")
    assert page["nextCursor"]
    for index in range(3):
        fits(cloud.files.get_record(ME, partly["id"], index), "WholeRecord")


def test_dead_letters(fits: Any) -> None:
    """The sample letter, read as the collector reads it, waiting and redriven."""
    event = json.loads((ROOT / "events/lambda/deadletters-on-dead-letter.json").read_text())
    (message,) = event["Records"]
    queue = message["eventSourceARN"].rpartition(":")[2]
    now = datetime(2026, 3, 2, tzinfo=UTC)
    (found,) = Reader("leanda-local", {}).read(QueueMessage(message["messageId"], queue, message["body"], now))
    assert isinstance(found, Found)
    document, _ = letters.opened(found, at=now)
    requested = document | dict(letters.requested(document, by="operator", at=now).set_)
    for letter in (document, requested):
        fits(dead_letter_views.short(letter), "DeadLetter")
        fits(dead_letter_views.whole(letter), "WholeDeadLetter")


def test_events_of_the_log(fits: Any) -> None:
    for event in samples():
        entry = entry_of(event, topic="file-events", partition=0, offset=1, body=event.to_bytes().decode())
        for whole in (True, False):
            fits(history_views.entry(entry, whole=whole), "LoggedEvent")


def test_problems(fits: Any) -> None:
    fits(json.loads(problem(NotFound()).body or ""), "Problem")


def test_every_operation_is_described_once(openapi: dict[str, Any]) -> None:
    described = {operation["operationId"] for methods in openapi["paths"].values() for operation in methods.values()}
    assert len(described) == len(SUCCESS) + 1, "SUCCESS describes a handler that no route has"
