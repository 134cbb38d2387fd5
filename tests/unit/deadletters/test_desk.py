"""What operators can do with letters, and that nobody else can."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.deadletters import api, bootstrap
from functions.deadletters.domain import LetterBusy, LetterDiscarded, LetterNotDeliverable
from functions.deadletters.ports import LetterFilter
from leanda.errors import InvalidCursor, NotFound
from leanda.http.auth import Principal
from tests.unit.deadletters.desk import OPERATOR, PROCESSOR, SOMEBODY, Room, letter

ALL = LetterFilter()


def room_of(count: int) -> Room:
    room = Room()
    for offset in range(count):
        room.clock.forward(seconds=1)
        room.receive(letter(room.clock.now(), offset=offset, code="ODD" if offset % 2 else "EVEN"))
    return room


@pytest.mark.parametrize("groups", [(), ("operator",), ("Operators",), ("operatorsx", "users")])
def test_to_everybody_else_there_is_no_desk(groups: tuple[str, ...]) -> None:
    room = room_of(1)
    caller, key = Principal("user-1", "ada", groups), room.letters.one()["_id"]
    for use in (
        lambda: room.desk.page(caller, ALL, cursor=None, limit=10),
        lambda: room.desk.get(caller, key),
        lambda: room.desk.redrive(caller, key),
        lambda: room.desk.redrive_many(caller, ALL, limit=10),
        lambda: room.desk.discard(caller, key, "because"),
    ):
        with pytest.raises(NotFound):
            use()
    assert (room.letters.one()["state"], room.nudge.times) == ("Waiting", 0)


def test_letters_are_listed_the_latest_first_in_pages() -> None:
    room = room_of(5)
    found, cursor = [], None
    while True:
        page = room.desk.page(OPERATOR, ALL, cursor=cursor, limit=2)
        found += page["items"]
        cursor = page.get("nextCursor")
        if not cursor:
            break
    assert [item["offset"] for item in found] == [4, 3, 2, 1, 0]
    assert all("envelope" not in item and "stack" not in item for item in found)


def test_letters_are_listed_by_consumer_code_and_state() -> None:
    room = room_of(5)
    assert len(room.desk.page(OPERATOR, LetterFilter(code="ODD"), cursor=None, limit=10)["items"]) == 2
    assert len(room.desk.page(OPERATOR, LetterFilter(consumer=PROCESSOR), cursor=None, limit=10)["items"]) == 5
    assert room.desk.page(OPERATOR, LetterFilter(consumer="x"), cursor=None, limit=10)["items"] == []
    assert room.desk.page(OPERATOR, LetterFilter(state="Redriven"), cursor=None, limit=10)["items"] == []


def test_a_cursor_is_for_its_caller_and_its_query() -> None:
    room = room_of(3)
    cursor = room.desk.page(OPERATOR, ALL, cursor=None, limit=1)["nextCursor"]
    with pytest.raises(InvalidCursor):
        room.desk.page(OPERATOR, LetterFilter(code="ODD"), cursor=cursor, limit=1)
    with pytest.raises(InvalidCursor):
        room.desk.page(Principal("op-2", "x", ("operators",)), ALL, cursor=cursor, limit=1)


def test_a_letter_shows_what_came_and_who_did_what() -> None:
    room = room_of(1)
    shown = room.desk.get(OPERATOR, room.letters.one()["_id"])
    assert shown["stack"]
    assert json.loads(shown["envelope"])["type"] == shown["eventType"]
    assert shown["audit"][0]["at"].endswith("Z")
    with pytest.raises(NotFound):
        room.desk.get(OPERATOR, "unknown")


def test_a_letter_is_discarded_for_a_reason_that_is_kept() -> None:
    room = room_of(1)
    key = room.letters.one()["_id"]
    shown = room.desk.discard(OPERATOR, key, "a test of ours")
    assert (shown["state"], shown["reason"]) == ("Discarded", "a test of ours")
    assert room.audit()[-1] == ("op-1", "discarded")
    assert room.letters.one()["audit"][-1]["text"] == "a test of ours"
    room.desk.discard(OPERATOR, key, "again")
    assert room.letters.one()["reason"] == "a test of ours"
    with pytest.raises(LetterDiscarded):
        room.desk.redrive(OPERATOR, key)


def test_what_is_being_delivered_or_was_cannot_be_discarded() -> None:
    room = room_of(1)
    key = room.letters.one()["_id"]
    room.desk.redrive(OPERATOR, key)
    with pytest.raises(LetterBusy):
        room.desk.discard(OPERATOR, key, "too late")
    room.redrive_due()
    with pytest.raises(LetterBusy):
        room.desk.discard(OPERATOR, key, "too late")


def test_what_holds_no_event_can_only_be_discarded() -> None:
    room = Room()
    room.receive("not a letter")
    key = room.letters.one()["_id"]
    with pytest.raises(LetterNotDeliverable):
        room.desk.redrive(OPERATOR, key)
    assert room.desk.discard(OPERATOR, key, "noise")["state"] == "Discarded"


def test_asking_twice_for_a_delivery_is_asking_once() -> None:
    room = room_of(1)
    key = room.letters.one()["_id"]
    room.desk.redrive(OPERATOR, key)
    room.desk.redrive(OPERATOR, key)
    assert [what for _, what in room.audit()].count("redrive requested") == 1


def test_many_letters_are_redriven_the_oldest_first_and_within_the_bound() -> None:
    room = room_of(5)
    told = room.desk.redrive_many(OPERATOR, LetterFilter(code="EVEN"), limit=2)
    assert told == {"requested": 2, "skipped": 0, "more": True}
    asked = sorted(one["offset"] for one in room.letters.all() if one["state"] == "Redriving")
    assert asked == [0, 2]
    assert room.desk.redrive_many(OPERATOR, ALL, limit=1000) == {"requested": 3, "skipped": 0, "more": False}
    assert room.redrive_due() == {"delivered": 5, "failed": 0}
    assert room.desk.redrive_many(OPERATOR, ALL, limit=1000) == {"requested": 0, "skipped": 0, "more": False}


def test_what_cannot_be_delivered_is_skipped() -> None:
    room = room_of(2)
    room.receive("not a letter")
    assert room.desk.redrive_many(OPERATOR, ALL, limit=10) == {"requested": 2, "skipped": 1, "more": False}


def test_a_long_list_is_broken_off_before_the_answer_is_late() -> None:
    room = room_of(5)
    apply = room.letters.apply

    def slow(*arguments: Any) -> None:
        room.clock.at += timedelta(seconds=9)
        apply(*arguments)

    room.letters.apply = slow  # type: ignore[method-assign]
    told = room.desk.redrive_many(OPERATOR, ALL, limit=10)
    assert (told["requested"], told["more"]) == (3, True)


def call(method: str, path: str, caller: Principal, body: Any = None) -> tuple[int, dict[str, Any]]:
    event = {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "headers": {"content-type": "application/json"},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "body": None if body is None else json.dumps(body),
        "requestContext": {
            "authorizer": {"claims": {"sub": caller.id, "cognito:groups": f"[{' '.join(caller.groups)}]"}}
        },
    }
    answer = api.app.resolve(event, None)  # type: ignore[arg-type]
    return int(answer["statusCode"]), json.loads(answer["body"])


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    made = room_of(2)
    monkeypatch.setattr(bootstrap, "api", lambda: made.desk)
    return made


def test_the_routes_answer_operators_and_nobody_else(room: Room) -> None:
    key = room.letters.all()[0]["_id"]
    routes: list[tuple[str, str, Any, int]] = [
        ("GET", "/v1/dead-letters", None, 200),
        ("GET", f"/v1/dead-letters/{key}", None, 200),
        ("POST", f"/v1/dead-letters/{key}/redrive", None, 202),
        ("POST", "/v1/dead-letters/redrive", {"filter": {}, "limit": 10}, 202),
        ("GET", "/v1/dead-letters/unknown", None, 404),
    ]
    for method, path, body, status in routes:
        hidden = call(method, path, SOMEBODY, body)
        assert (hidden[0], hidden[1]["code"]) == (404, "NOT_FOUND"), path
        assert call(method, path, OPERATOR, body)[0] == status, path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("discard", {}),
        ("discard", {"reason": ""}),
        ("discard", {"reason": "   "}),
        ("discard", {"reason": "x" * 501}),
        ("discard", {"reason": "x", "more": 1}),
        ("redrive", {"filter": {}}),
        ("redrive", {"filter": {}, "limit": 0}),
        ("redrive", {"filter": {}, "limit": 1001}),
        ("redrive", {"filter": {"state": "Nonsense"}, "limit": 1}),
        ("redrive", {"limit": 1}),
    ],
)
def test_a_body_that_does_not_fit_changes_nothing(room: Room, path: str, body: Any) -> None:
    key = room.letters.all()[0]["_id"]
    full = f"/v1/dead-letters/{key}/discard" if path == "discard" else "/v1/dead-letters/redrive"
    assert call("POST", full, OPERATOR, body)[0] == 400
    assert {one["state"] for one in room.letters.all()} == {"Waiting"}


def test_a_conflict_is_told_with_its_code(room: Room) -> None:
    key = room.letters.all()[0]["_id"]
    assert call("POST", f"/v1/dead-letters/{key}/discard", OPERATOR, {"reason": "noise"})[0] == 200
    status, problem = call("POST", f"/v1/dead-letters/{key}/redrive", OPERATOR)
    assert (status, problem["code"]) == (409, "LETTER_DISCARDED")
