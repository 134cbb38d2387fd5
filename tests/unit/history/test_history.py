"""Every event is kept once, exactly as it came, and shown to who may see its file."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from functions.history import api, bootstrap
from functions.history.ports import NodeAuthority
from functions.history.use_cases import History, Keeping, whole_batch
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import BlobStored, EventData, FileCreated, UserCreated
from leanda.contracts.registry import event_of
from leanda.errors import InvalidCursor, NotFound, Unavailable
from leanda.http.cursors import Cursors
from leanda.messaging import Consumer
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakeDeadLetters
from tests.unit.history.fakes import FakeAuthority, FakeEventLog

CLOCK = FakeClock()
OWNER, READER, STRANGER = Viewer("owner"), Viewer("reader"), Viewer("stranger")


def stored(n: int, file_id: str = "file-1") -> Event:
    body = BlobStored(
        file_id=file_id, blob_id=f"b{n}", version_id="v", sequencer="1", size=1, kind="generic", format="bin",
        owner_id="owner", name="x", inbox_path="secret/x",
    )  # fmt: skip
    return made(body, n)


def made(body: EventData, n: int = 0, user: str | None = "owner") -> Event:
    clock = FakeClock()
    clock.forward(seconds=n)
    origin = Origin(cause=f"cause-{n}", correlation_id="correlation-1", user_id=user)
    return event_of(body, origin, source="test", at=clock.now())


def batch(*values: bytes, topic: str = "file-events") -> dict[str, Any]:
    records = [
        {"topic": topic, "partition": 0, "offset": n, "key": "", "value": base64.b64encode(value).decode()}
        for n, value in enumerate(values)
    ]
    return {"records": {f"{topic}-0": records}}


class Room:
    def __init__(self) -> None:
        self.log, self.authority, self.letters = FakeEventLog(), FakeAuthority(), FakeDeadLetters()
        keeping = Keeping(self.log)
        self.consumer = Consumer(
            "history-on-events", keeping.keep, self.letters, CLOCK, group=whole_batch, sleep=lambda _: None
        )
        self.history = History(self.log, self.authority, Cursors(b"key"))
        self.authority.nodes["file-1"] = NodeAuthority("owner", {}, False, ("owner", "folder-1"), "file")
        self.authority.nodes["folder-1"] = NodeAuthority("owner", {"user:reader": "read"}, False, ("owner",), "folder")

    def keep(self, *events: Event) -> None:
        answer = self.consumer.consume(batch(*(event.to_bytes() for event in events)), lambda: 1000.0)
        assert answer == {"batchItemFailures": []}

    def types(self, viewer: Viewer, **options: Any) -> list[str]:
        page = self.history.of_file(viewer, "file-1", types=options.get("types", ()), cursor=None, limit=50)
        return [item["type"] for item in page["items"]]


def test_an_event_is_kept_once_and_the_first_body_stays() -> None:
    room, event = Room(), stored(0)
    room.keep(event, event, stored(1))
    room.keep(event.model_copy(update={"data": event.data | {"size": 999}}))
    assert len(room.log.entries) == 2
    kept = room.log.entries[event.id]
    assert kept.body == event.to_bytes().decode()
    assert (kept.topic, kept.partition, kept.offset, kept.file_id, kept.user_id) == (
        "file-events", 0, 0, "file-1", "owner",
    )  # fmt: skip


def test_an_event_of_a_user_is_found_by_the_user() -> None:
    room = Room()
    room.keep(made(UserCreated(user_id="user-9"), user=None))
    (kept,) = room.log.entries.values()
    assert (kept.file_id, kept.user_id) == (None, "user-9")


def test_what_is_no_event_becomes_a_letter_and_its_neighbours_are_kept() -> None:
    room = Room()
    event = stored(0)
    answer = room.consumer.consume(batch(b"poison", event.to_bytes(), b"{}"), lambda: 1000.0)
    assert answer == {"batchItemFailures": []}
    assert list(room.log.entries) == [event.id]
    assert len(room.letters.letters) == 2


def test_while_the_store_is_down_the_batch_comes_again() -> None:
    room = Room()
    room.log.down = True
    answer = room.consumer.consume(batch(stored(0).to_bytes()), lambda: 1000.0)
    assert answer["batchItemFailures"]
    assert room.letters.letters == []


def test_the_owner_sees_the_life_of_a_file_in_pages() -> None:
    room = Room()
    room.keep(*(stored(n) for n in (4, 2, 0, 3, 1)), stored(9, "file-2"))
    found, cursor = [], None
    while True:
        page = room.history.of_file(OWNER, "file-1", types=(), cursor=cursor, limit=2)
        found += page["items"]
        cursor = page.get("nextCursor")
        if not cursor:
            break
    assert [item["data"]["blobId"] for item in found] == ["b0", "b1", "b2", "b3", "b4"]
    assert found[0]["data"]["inboxPath"] == "secret/x"
    assert found[0]["time"] == "2026-01-02T03:04:05.000Z"


def test_types_narrow_the_list() -> None:
    room = Room()
    room.keep(stored(0))
    assert room.types(OWNER, types=(BlobStored.TYPE,)) == [BlobStored.TYPE]
    assert room.types(OWNER, types=("leanda.other.thing.happened.v1",)) == []


def test_who_may_read_a_folder_sees_its_files_but_not_the_owners_matters() -> None:
    room = Room()
    room.keep(stored(0))
    (item,) = room.history.of_file(READER, "file-1", types=(), cursor=None, limit=10)["items"]
    assert item["data"]["blobId"] == "b0"
    assert "inboxPath" not in item["data"]
    assert "ownerId" not in item["data"]
    assert "userId" not in item


@pytest.mark.parametrize("case", ["stranger", "unknown", "deleted", "folder deleted", "a folder"])
def test_what_one_may_not_see_is_absent(case: str) -> None:
    room = Room()
    room.keep(stored(0))
    viewer, file_id, nodes = OWNER, "file-1", room.authority.nodes
    if case == "stranger":
        viewer = STRANGER
    elif case == "unknown":
        nodes.clear()
    elif case == "deleted":
        nodes["file-1"] = NodeAuthority("owner", {}, True, ("owner",), "file")
    elif case == "folder deleted":
        nodes["folder-1"] = NodeAuthority("owner", {}, True, ("owner",), "folder")
    else:
        file_id = "folder-1"
    with pytest.raises(NotFound):
        room.history.of_file(viewer, file_id, types=(), cursor=None, limit=10)


def looks(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Who has looked at which file, as the log tells."""
    lines = [vars(record) for record in caplog.records]
    return [(line["by"], line["file"]) for line in lines if "by" in line]


@pytest.mark.parametrize("case", ["a stranger's", "unknown", "deleted", "files does not answer"])
def test_an_operator_reads_what_happened_to_any_file_but_not_how_it_is_called(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room()
    room.keep(stored(0))
    if case == "unknown":
        room.authority.nodes.clear()
    elif case == "deleted":
        room.authority.nodes["file-1"] = NodeAuthority("owner", {}, True, ("owner",), "file")
    room.authority.down = case == "files does not answer"
    page = room.history.of_file(STRANGER, "file-1", types=(), cursor=None, limit=10, operator=True)
    (item,) = page["items"]
    assert item["data"]["blobId"] == "b0"
    assert not {"name", "inboxPath", "ownerId"} & item["data"].keys()
    assert "userId" not in item
    assert looks(caplog) == [("stranger", "file-1")]


def test_an_operators_own_file_is_shown_like_anybody_elses(caplog: pytest.LogCaptureFixture) -> None:
    room = Room()
    room.keep(stored(0))
    (item,) = room.history.of_file(OWNER, "file-1", types=(), cursor=None, limit=10, operator=True)["items"]
    assert item["data"]["inboxPath"] == "secret/x"
    assert looks(caplog) == []


def test_nothing_is_shown_unchecked() -> None:
    room = Room()
    room.authority.down = True
    with pytest.raises(Unavailable):
        room.types(OWNER)


def test_a_cursor_is_for_its_viewer_and_its_query() -> None:
    room = Room()
    room.keep(stored(0), stored(1))
    cursor = room.history.of_file(OWNER, "file-1", types=(), cursor=None, limit=1)["nextCursor"]
    for viewer, types in ((READER, ()), (OWNER, (BlobStored.TYPE,))):
        with pytest.raises(InvalidCursor):
            room.history.of_file(viewer, "file-1", types=types, cursor=cursor, limit=1)


def test_a_user_sees_what_she_caused_and_nobody_elses() -> None:
    room = Room()
    room.keep(stored(0), stored(1, "file-2"))
    page = room.history.of_user(OWNER, "owner", types=(), cursor=None, limit=10)
    assert [item["fileId"] for item in page["items"]] == ["file-1", "file-2"]
    with pytest.raises(NotFound):
        room.history.of_user(STRANGER, "owner", types=(), cursor=None, limit=10)


def test_the_routes_pass_on_who_asks_and_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.keep(stored(0), stored(1))
    monkeypatch.setattr(bootstrap, "api", lambda: room.history)

    def call(path: str, sub: str, groups: str = "", **query: list[str]) -> tuple[int, Any]:
        event = {
            "httpMethod": "GET",
            "path": path,
            "headers": {},
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "requestContext": {"authorizer": {"claims": {"sub": sub, "cognito:groups": groups}}},
        }
        answer = api.app.resolve(event, None)  # type: ignore[arg-type]
        return int(answer["statusCode"]), json.loads(answer["body"])

    status, page = call("/v1/files/file-1/events", "owner", limit=["1"], type=[BlobStored.TYPE, FileCreated.TYPE])
    assert (status, len(page["items"])) == (200, 1)
    assert call("/v1/files/file-1/events", "stranger")[0] == 404
    assert call("/v1/files/file-1/events", "stranger", "[operators]")[0] == 200
    assert call("/v1/users/owner/events", "stranger", "[operators]")[0] == 404
    assert call("/v1/files/file-1/events", "owner", limit=["0"])[0] == 400
    assert call("/v1/files/file-1/events", "owner", type=["leanda.no.such.thing.v1"])[0] == 400
    assert call("/v1/users/owner/events", "owner")[0] == 200
    assert call("/v1/users/owner/events", "stranger")[0] == 404
