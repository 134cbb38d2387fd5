"""Profiles: made once, seen in part by others, changed by their owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from functions.users import api, bootstrap, domain, on_signup
from functions.users.use_cases import Users
from tests.fakes.aggregates import FakeAggregates
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakePublisher

ADA = "a0a0a0a0-1111-4222-8333-444444444444"
BOB = "b0b0b0b0-1111-4222-8333-444444444444"


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def profiles(publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAggregates]:
    clock = FakeClock()
    aggregates = FakeAggregates(publisher, clock, "users", patient=False)
    monkeypatch.setattr(bootstrap, "users", lambda: Users(aggregates, clock))
    return aggregates


def ask(
    method: str,
    path: str,
    *,
    who: str = ADA,
    body: Any = None,
    headers: dict[str, str] | None = None,
    name: str | None = None,
) -> tuple[int, Any, dict[str, Any]]:
    """One request as API Gateway delivers it, and the answer."""
    event = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"content-type": "application/json"} | (headers or {}),
        "multiValueHeaders": {k: [v] for k, v in ({"content-type": "application/json"} | (headers or {})).items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "requestContext": {
            "authorizer": {"claims": {"sub": who, "token_use": "access", "username": name or who}},
            "path": path,
            "stage": "api",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = api.lambda_handler(event, SimpleNamespace(aws_request_id="request", function_name="users-api"))
    answered = {name.lower(): value for name, (value, *_) in answer["multiValueHeaders"].items()}
    return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None, answered


def sign_up(user_id: str, **attributes: str) -> dict[str, Any]:
    event = {
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "userName": user_id,
        "request": {"userAttributes": {"sub": user_id} | attributes},
        "response": {},
    }
    assert on_signup.lambda_handler(event, None) is event
    return event


def test_the_first_request_makes_the_profile_and_announces_it_once(
    profiles: FakeAggregates, publisher: FakePublisher
) -> None:
    status, first, headers = ask("GET", "/v1/me", name="ada")
    again = ask("GET", "/v1/me", name="ada")
    assert status == 200
    assert first == again[1]
    assert (first["id"], first["displayName"], first["version"], headers["etag"]) == (ADA, "ada", 1, '"1"')
    assert publisher.types() == ["leanda.users.user.created.v1"]


def test_whoever_makes_a_profile_the_announcement_has_the_same_id(publisher: FakePublisher) -> None:
    ids = set()
    for way in ("request", "sign-up"):
        clock, own = FakeClock(), FakePublisher()
        users = Users(FakeAggregates(own, clock, "users"), clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bootstrap, "users", lambda users=users: users)
            if way == "request":
                ask("GET", "/v1/me")
            else:
                sign_up(ADA, email="ada@example.org", email_verified="true")
        ids |= {event.id for event in own.events("leanda.users.user.created.v1")}
    assert len(ids) == 1


def test_events_carry_no_personal_data(profiles: FakeAggregates, publisher: FakePublisher) -> None:
    sign_up(ADA, email="ada@example.org", email_verified="true", name="Ada Lovelace")
    ask("PATCH", "/v1/me", body={"displayName": "Countess"})
    assert len(publisher.sent) == 2
    for event in publisher.events():
        assert event.data == {"fileId": "", "userId": ADA} or event.data == {"userId": ADA}
        assert b"example.org" not in event.to_bytes()


def test_another_sees_id_and_name_only(profiles: FakeAggregates) -> None:
    sign_up(ADA, email="ada@example.org", email_verified="true", name="Ada Lovelace")
    status, shown, _ = ask("GET", f"/v1/users/{ADA}", who=BOB)
    assert (status, shown) == (200, {"id": ADA, "displayName": "Ada Lovelace"})
    own = ask("GET", f"/v1/users/{ADA}")[1]
    assert own["email"] == "ada@example.org"


@pytest.mark.parametrize("name", ["ada@example.org", ADA])
def test_a_first_name_is_neither_an_address_nor_the_bare_id(profiles: FakeAggregates, name: str) -> None:
    assert ask("GET", "/v1/me", name=name)[1]["displayName"] == "User a0a0a0a0"


def test_looking_at_another_does_not_make_a_profile(profiles: FakeAggregates) -> None:
    status, problem, _ = ask("GET", f"/v1/users/{BOB}")
    assert (status, problem["code"]) == (404, "NOT_FOUND")
    assert profiles.documents == {}


def test_looking_at_oneself_by_id_makes_the_own_profile(profiles: FakeAggregates) -> None:
    assert ask("GET", f"/v1/users/{ADA}")[0] == 200
    assert list(profiles.documents) == [ADA]


def test_an_edit_needs_the_current_version_if_it_names_one(profiles: FakeAggregates, publisher: FakePublisher) -> None:
    ask("GET", "/v1/me")
    status, edited, headers = ask("PATCH", "/v1/me", body={"displayName": "  Ada\tL. "}, headers={"if-match": '"1"'})
    assert (status, edited["displayName"], headers["etag"]) == (200, "Ada L.", '"2"')
    status, problem, _ = ask("PATCH", "/v1/me", body={"displayName": "late"}, headers={"if-match": '"1"'})
    assert (status, problem["code"]) == (412, "PRECONDITION_FAILED")
    assert publisher.types() == ["leanda.users.user.created.v1", "leanda.users.user.updated.v1"]


def test_an_edit_that_changes_nothing_keeps_the_version(profiles: FakeAggregates, publisher: FakePublisher) -> None:
    ask("PATCH", "/v1/me", body={"displayName": "Ada"})
    assert ask("PATCH", "/v1/me", body={"displayName": "Ada"})[1]["version"] == 2
    assert len(publisher.sent) == 2


@pytest.mark.parametrize(
    "body", [{}, {"displayName": ""}, {"displayName": " \n"}, {"displayName": "x" * 101}, {"email": "x"}]
)
def test_a_bad_edit_is_refused(profiles: FakeAggregates, body: dict[str, Any]) -> None:
    status, problem, _ = ask("PATCH", "/v1/me", body=body)
    assert status == 400
    assert problem["code"] in {"INVALID_REQUEST", "DISPLAY_NAME_REFUSED"}


def test_an_unchanged_profile_is_not_sent_again(profiles: FakeAggregates) -> None:
    ask("GET", "/v1/me")
    assert ask("GET", "/v1/me", headers={"if-none-match": '"1"'})[0] == 304


def test_a_late_sign_up_adds_the_address_and_keeps_the_chosen_name(
    profiles: FakeAggregates, publisher: FakePublisher
) -> None:
    ask("PATCH", "/v1/me", body={"displayName": "Ada"})
    for _ in range(2):
        sign_up(ADA, email="ada@example.org", email_verified="true", name="Augusta")
    own = ask("GET", "/v1/me")[1]
    assert (own["displayName"], own["email"], own["version"]) == ("Ada", "ada@example.org", 3)
    assert len(publisher.sent) == 3


def test_an_address_that_nobody_verified_is_not_kept(profiles: FakeAggregates) -> None:
    sign_up(ADA, email="boss@example.org", email_verified="false")
    assert "email" not in ask("GET", "/v1/me")[1]


def test_a_silent_broker_does_not_fail_the_request(profiles: FakeAggregates, publisher: FakePublisher) -> None:
    publisher.down = True
    assert ask("GET", "/v1/me")[0] == 200
    assert len(profiles.documents[ADA]["outbox"]) == 1


def test_a_name_that_cannot_be_shown_gives_way_to_the_next() -> None:
    assert domain.first_display_name(ADA, None, "\x00", "a@b", "Ada") == "Ada"
