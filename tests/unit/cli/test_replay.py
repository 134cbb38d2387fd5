"""`leanda replay`: counted unless told otherwise, followed to its end, and into a shadow of the index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import replay
from tests.unit.cli.conftest import FakeStack, Run
from tests.unit.client.cloud import CloudInMemory

CREATED = "leanda.files.file.created.v1"


NEXT = ["2026-02-01T00:00:00+00:00", "event-7"]


class Replays:
    """Replays in memory, each done after two looks. Answers are cut as often as `cuts` says."""

    def __init__(self, cloud: CloudInMemory) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.cuts = 0
        self.end, self.looks = {"state": "Done", "delivered": 7}, 0
        cloud.faults.append(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response | None:
        path = request.url.path.removeprefix("/api/v1")
        if not path.startswith("/replays"):
            return None
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, path, body))
        if path == "/replays/count":
            return httpx.Response(200, json={"matched": {CREATED: 7}} | self._cut(path, body))
        found = {"id": "replay-1", "state": "Open", "delivered": 0}
        if request.method == "GET":
            self.looks += 1
            over = self.looks % 2 == 0
            found |= self.end | self._cut("/replays") if over else {"delivered": 3}
        return httpx.Response(202, json=found)

    def _cut(self, path: str, body: Any = None) -> dict[str, Any]:
        """Where to go on, of the first answers of a path."""
        before = sum(asked[1] == path for asked in self.asked)
        return {"next": NEXT} if before <= self.cuts else {}


class Index(FakeStack):
    """A stack whose rebuild compares a shadow in two steps."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.actions: list[str] = []

    def invoke(self, root: Path, function: str, event: bytes) -> tuple[bool, bytes]:
        assert function == "search-rebuild"
        action = json.loads(event)["action"]
        self.actions.append(action)
        comparing = self.actions.count("shadow") == 2
        phase = {"shadow": "Comparing" if comparing else "Shadow", "start": "Switching", "continue": "Done"}.get(
            action, "Abandoned"
        )
        compared = {"nodes": 2, "records_missing": 1, "written": 1}
        return True, json.dumps({"phase": phase, "compared": compared}).encode()


@pytest.fixture
def replays(cloud: CloudInMemory, monkeypatch: pytest.MonkeyPatch) -> Replays:
    monkeypatch.setattr(replay, "POLL_SECONDS", 0.0)
    return Replays(cloud)


@pytest.fixture
def index(root: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    import sys

    import local

    fake = Index(root)
    monkeypatch.setitem(sys.modules, "local.stack", fake)
    monkeypatch.setattr(local, "stack", fake, raising=False)
    return fake


def test_without_deliver_it_is_counted(run: Run, replays: Replays) -> None:
    result = run("replay", "files-on-record-events", "--since", "2026-01-01T00:00:00Z", "--limit", "9")
    assert result.exit_code == 0, result.output
    assert "files.file.created.v1" in result.output
    assert "Nothing was delivered" in result.output
    wanted = {
        "consumer": "files-on-record-events", "types": [], "since": "2026-01-01T00:00:00Z", "limit": 9, "perSecond": 50,
    }  # fmt: skip
    assert replays.asked == [("POST", "/replays/count", wanted)]


def test_without_a_limit_all_are_counted(run: Run, replays: Replays) -> None:
    replays.cuts = 2
    result = run("replay", "files-on-record-events", "--json")
    assert json.loads(result.stdout) == [
        {"consumer": "files-on-record-events", "matched": {CREATED: 21}, "more": False}
    ]
    assert [body.get("after") for _, _, body in replays.asked] == [None, NEXT, NEXT]


def test_at_the_limit_it_says_that_there_may_be_more_and_how_to_go_on(run: Run, replays: Replays) -> None:
    replays.cuts = 1
    result = run("replay", "files-on-record-events", "--limit", "7")
    assert len(replays.asked) == 1
    assert "files-on-record-events: there may be more; --since 2026-02-01T00:00:00+00:00 goes on." in result.stderr
    replays.asked.clear()
    assert json.loads(run("replay", "files-on-record-events", "--limit", "7", "--json").stdout)[0]["more"]


@pytest.mark.parametrize(("options", "orders"), [((), 3), (("--limit", "7"), 1)])
def test_without_a_limit_all_are_delivered(run: Run, replays: Replays, options: tuple[str, ...], orders: int) -> None:
    replays.cuts = 2
    result = run("replay", "files-on-record-events", "--type", CREATED, "--deliver", *options)
    assert result.exit_code == 0, result.output
    ordered = [body for _, path, body in replays.asked if path == "/replays"]
    assert [body.get("after") for body in ordered] == [None, NEXT, NEXT][:orders]
    assert f"{7 * orders} of {7 * orders} delivered" in result.stderr
    assert ("--since 2026-02-01T00:00:00+00:00 goes on" in result.stderr) == bool(options)


def test_types_can_be_named_as_they_are_shown(run: Run, replays: Replays) -> None:
    assert run("replay", "x", "--type", "files.file.created.v1", "--type", CREATED, "--deliver").exit_code == 0
    assert {tuple(body["types"]) for _, _, body in replays.asked if body} == {(CREATED, CREATED)}


def test_delivering_follows_the_replay_to_its_end(run: Run, replays: Replays) -> None:
    result = run("replay", "files-on-record-events", "--type", CREATED, "--deliver", "--per-second", "2")
    assert result.exit_code == 0, result.output
    assert "7 of 7 delivered" in result.output
    assert [path for _, path, _ in replays.asked] == [
        "/replays/count",
        "/replays",
        "/replays/replay-1",
        "/replays/replay-1",
    ]
    assert replays.asked[1][2]["perSecond"] == 2


def test_a_replay_that_fails_says_why(run: Run, replays: Replays) -> None:
    replays.end = {"state": "Failed", "delivered": 3, "problem": "not done"}  # type: ignore[dict-item]
    result = run("replay", "files-on-record-events", "--type", CREATED, "--deliver")
    assert result.exit_code == 1
    assert "not done" in result.output


@pytest.mark.parametrize(
    "arguments", [(), ("x", "--shadow"), ("x", "--deliver"), ("--shadow", "--type", CREATED, "--deliver")]
)
def test_an_order_that_is_none_is_refused(run: Run, replays: Replays, arguments: tuple[str, ...]) -> None:
    assert run("replay", *arguments).exit_code == 2
    assert not [one for one in replays.asked if one[1] == "/replays"]


@pytest.mark.parametrize(
    ("more", "actions"), [((), ["abandon"]), (("--use",), ["start", "continue"])], ids=["dropped", "used"]
)
def test_a_shadow_is_replayed_into_compared_and_used_or_dropped(
    run: Run, replays: Replays, index: Index, more: tuple[str, ...], actions: list[str]
) -> None:
    result = run("replay", "--shadow", "--deliver", *more)
    assert result.exit_code == 0, result.output
    assert index.actions == ["shadow", "shadow", "shadow", *actions]
    consumers = [body["consumer"] for _, path, body in replays.asked if path == "/replays"]
    assert consumers == ["search-on-file-events", "search-on-record-events"]
    assert "records_missing" in result.output


def test_a_shadow_too_is_only_counted_at_first(run: Run, replays: Replays, index: Index) -> None:
    assert run("replay", "--shadow").exit_code == 0
    assert index.actions == []
