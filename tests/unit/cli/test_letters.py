"""`leanda dlq` and `leanda events`: what they ask the API, print, and how they end."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.unit.cli.conftest import Run
from tests.unit.client.cloud import CloudInMemory

FILE = "4d3a52ad-34d7-556d-90f1-ac6d5d8da9c6"


class Desk:
    """Dead letters and events in memory, in front of the cloud's own routes."""

    def __init__(self, cloud: CloudInMemory) -> None:
        self.letter: dict[str, Any] = {
            "id": "letter-1", "consumer": "processor-on-record-events", "kind": "event", "state": "Waiting",
            "code": "UNEXPECTED_ERROR", "message": "KeyError\x1b[2J", "topic": "record-events", "partition": 2, "offset": 7,
            "eventType": "leanda.parsers.records.parsed.v1", "attempts": 3, "failures": 1, "envelope": "{}", "stack": "Trace",
            "failedAt": "2026-01-02T03:04:05.000Z",
            "audit": [{"at": "2026-01-02T03:04:05.000Z", "by": "consumer", "what": "failed", "text": "KeyError"}],
        }  # fmt: skip
        self.after: dict[str, Any] = {"state": "Redriven", "outcome": {"ok": True, "message": "The consumer took it."}}
        self.asked: list[tuple[str, str, Any]] = []
        self.events = 1
        cloud.faults.append(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response | None:
        path = request.url.path.removeprefix("/api/v1")
        if "dead-letters" not in path and not path.endswith("/events"):
            return None
        body = json.loads(request.content) if request.content else dict(request.url.params.multi_items())
        self.asked.append((request.method, path, body))
        if path.endswith("/events"):
            data = {"run": 1, "state": "Finished"}
            event = {"id": "e", "type": "leanda.files.run.advanced.v1", "time": "2026-01-02T03:04:05.000Z", "hops": 2,
                     "topic": "file-events", "partition": 1, "offset": 4, "data": data}  # fmt: skip
            return httpx.Response(200, json={"items": [event] * self.events})
        if request.method == "GET":
            one = path.count("/") > 1
            return httpx.Response(200, json=self.letter if one else {"items": [self.letter]})
        if path == "/dead-letters/redrive":
            return httpx.Response(202, json={"requested": 4, "skipped": 1, "more": True})
        if path.endswith("/discard"):
            self.letter |= {"state": "Discarded"}
            return httpx.Response(200, json=self.letter)
        self.letter |= self.after
        return httpx.Response(202, json=self.letter | {"state": "Redriving"})


@pytest.fixture
def desk(cloud: CloudInMemory) -> Desk:
    return Desk(cloud)


def test_letters_are_listed(run: Run, desk: Desk) -> None:
    result = run("dlq", "ls", "--consumer", "processor-on-record-events", "--state", "Waiting")
    assert result.exit_code == 0
    assert "record-events-2@7" in result.stdout
    assert "letter-1" in result.stdout
    ((_, path, asked),) = desk.asked
    assert path == "/dead-letters"
    assert (asked["consumer"], asked["state"]) == ("processor-on-record-events", "Waiting")
    assert json.loads(run("dlq", "ls", "--json").stdout)[0]["id"] == "letter-1"


def test_a_letter_is_shown_with_what_happened_and_cannot_move_the_cursor(run: Run, desk: Desk) -> None:
    result = run("dlq", "show", "letter-1")
    assert result.exit_code == 0
    assert "The event as it came" in result.stdout
    assert "consumer" in result.stdout
    assert "\x1b[2J" not in result.stdout


def test_a_letter_that_is_delivered_is_exit_code_0(run: Run, desk: Desk) -> None:
    result = run("dlq", "redrive", "letter-1")
    assert (result.exit_code, result.stdout.strip()) == (0, "Delivered: The consumer took it.")


@pytest.mark.parametrize(
    "after",
    [
        {"state": "Waiting", "outcome": {"ok": False, "message": "Still down."}},
        {"state": "Waiting", "outcome": {"ok": True, "message": "The consumer took it."}, "failures": 2},
    ],
)
def test_a_letter_that_fails_again_is_exit_code_1(run: Run, desk: Desk, after: dict[str, Any]) -> None:
    desk.after = after
    result = run("dlq", "redrive", "letter-1")
    assert result.exit_code == 1
    assert "Waiting" in result.stderr


def test_many_letters_are_redriven_by_a_filter(run: Run, desk: Desk) -> None:
    result = run("dlq", "redrive", "--code", "UNEXPECTED_ERROR", "--limit", "5")
    assert result.exit_code == 0
    assert "4 will be delivered again, 1 cannot be; there may be more." in result.stdout
    assert desk.asked == [("POST", "/dead-letters/redrive", {"filter": {"code": "UNEXPECTED_ERROR"}, "limit": 5})]


@pytest.mark.parametrize("arguments", [(), ("letter-1", "--all")])
def test_what_is_meant_must_be_said(run: Run, desk: Desk, arguments: tuple[str, ...]) -> None:
    assert run("dlq", "redrive", *arguments).exit_code == 2
    assert desk.asked == []


def test_a_letter_is_discarded_with_a_reason(run: Run, desk: Desk) -> None:
    assert run("dlq", "discard", "letter-1", "--reason", " ").exit_code == 2
    assert desk.asked == []
    assert run("dlq", "discard", "--reason", "noise").exit_code == 2
    assert run("dlq", "discard", "letter-1", "--code", "X", "--reason", "noise").exit_code == 2
    assert run("dlq", "discard", "letter-1", "--reason", "noise").exit_code == 0
    assert desk.asked == [("POST", "/dead-letters/letter-1/discard", {"reason": "noise"})]


def test_all_letters_that_wait_for_the_same_reason_are_discarded_at_once(run: Run, desk: Desk) -> None:
    result = run("dlq", "discard", "--consumer", "files-relay", "--code", "RUN_FAILED", "--reason", "Kafka was down")
    assert result.exit_code == 0
    assert "1 discarded" in result.stdout
    (_, _, asked), discarded = desk.asked
    assert (asked["consumer"], asked["code"], asked["state"]) == ("files-relay", "RUN_FAILED", "Waiting")
    assert discarded == ("POST", "/dead-letters/letter-1/discard", {"reason": "Kafka was down"})


def test_the_events_of_a_file_are_listed(run: Run, desk: Desk) -> None:
    result = run("events", FILE, "--type", "leanda.files.run.advanced.v1")
    assert result.exit_code == 0
    assert "files.run.advanced.v1" in result.stdout
    assert "run 1, Finished" in result.stdout
    assert desk.asked[0][1:] == (f"/files/{FILE}/events", {"type": "leanda.files.run.advanced.v1", "limit": "200"})
    run("events")
    assert desk.asked[1][1] == "/users/root/events"


def test_a_list_that_was_cut_says_so(run: Run, desk: Desk) -> None:
    desk.events = 3
    assert "There are more than these 2" in run("events", FILE, "--limit", "2").stderr
    assert run("events", FILE, "--limit", "3").stderr == ""
