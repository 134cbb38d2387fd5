"""Replays that operators order: counted first, done in slices, shown, stopped, tried again; and for nobody else."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from functions.history import api, bootstrap
from functions.history.replaying import ReplayOrder
from functions.history.replays import TRIES, ReplayDesk, ReplayWork
from leanda.contracts.events import FileCreated
from leanda.errors import InvalidRequest, NotFound
from leanda.http.auth import Principal
from leanda.messaging.direct import DELIVERY_SECONDS, Answer
from tests.fakes.aggregates import FakeAggregates
from tests.fakes.messaging import FakePublisher
from tests.unit.history.test_replaying import CONSUMER, Room

OPERATOR, SOMEBODY = Principal("op", "olga", ("operators",)), Principal("user-1", "ada")
PLENTY = 900.0


class FakeReplayJobs(FakeAggregates):
    def due(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        found = [job for key in self.documents if (job := self.get(key)) and job.get("dueAt") and job["dueAt"] <= now]
        return sorted(found, key=lambda job: job["dueAt"])[:limit]


class Office(Room):
    """Ten events in the log, a desk and who works for it."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs, self.nudges = FakeReplayJobs(FakePublisher(), self.clock), 0
        self.desk = ReplayDesk(self.jobs, self.replaying, self, self.clock)
        self.worker = ReplayWork(self.jobs, self.replaying, self.clock)

    def now(self) -> None:
        self.nudges += 1

    def order(self, **order: Any) -> str:
        wanted = {"consumer": CONSUMER, "types": (FileCreated.TYPE,), **order}
        return str(self.desk.order(OPERATOR, ReplayOrder(**wanted))["id"])

    def shown(self, replay_id: str) -> dict[str, Any]:
        return self.desk.get(OPERATOR, replay_id)


def test_counting_delivers_nothing_and_leaves_nothing() -> None:
    office = Office()
    assert office.desk.count(OPERATOR, ReplayOrder(consumer=CONSUMER, deliver=True, types=(FileCreated.TYPE,))) == {
        "matched": {FileCreated.TYPE: 10}
    }
    assert (office.given, office.jobs.documents, office.nudges) == ([], {}, 0)


def test_what_is_not_counted_any_more_is_told_and_counted_from_there() -> None:
    office, counts, after = Office(), list[int](), None
    while True:
        counted = office.desk.count(OPERATOR, ReplayOrder(consumer=CONSUMER, limit=4, after=after))
        counts.append(counted["matched"][FileCreated.TYPE])
        if "next" not in counted:
            break
        after = counted["next"]
    assert counts == [4, 4, 2]


def test_an_order_is_delivered_in_slices_as_fast_as_it_says() -> None:
    office = Office()
    replay_id = office.order(per_second=1)
    assert (office.shown(replay_id)["state"], office.nudges, office.given) == ("Open", 1, [])
    assert office.worker.work(lambda: PLENTY) == {"slices": 4, "delivered": 10}
    assert sorted(office.offsets()) == list(range(10))
    assert sum(office.slept) == pytest.approx(10)
    shown = office.shown(replay_id)
    assert (shown["state"], shown["delivered"], shown["types"]) == ("Done", 10, [FileCreated.TYPE])
    assert office.worker.work(lambda: PLENTY) == {"slices": 0, "delivered": 0}


def test_an_order_ends_at_its_limit_and_where_it_was_told_to_go_on() -> None:
    office = Office()
    first = office.order(limit=4, per_second=1)
    office.worker.work(lambda: PLENTY)
    assert (office.shown(first)["state"], sorted(office.offsets())) == ("Done", [0, 1, 2, 3])
    office.given.clear()
    rest = office.order(after=office.shown(first)["next"])
    office.worker.work(lambda: PLENTY)
    assert (office.shown(rest)["state"], sorted(office.offsets())) == ("Done", [4, 5, 6, 7, 8, 9])
    assert "next" not in office.shown(rest), "there is no more"


def test_with_little_time_left_the_next_invocation_goes_on() -> None:
    office = Office()
    replay_id = office.order(per_second=1)
    left = iter([PLENTY, PLENTY, PLENTY, DELIVERY_SECONDS - 1])
    office.worker.work(lambda: next(left, 0.0))
    done = office.shown(replay_id)["delivered"]
    assert 0 < done < 10
    office.clock.forward(minutes=11)
    office.worker.work(lambda: PLENTY)
    assert sorted(office.offsets()) == list(range(10)), "each once"


def test_a_slice_that_is_not_taken_is_tried_again_and_in_the_end_says_why() -> None:
    office = Office()
    replay_id = office.order()
    office.answers = [Answer(None, "Unhandled")] * (TRIES - 1)
    for _ in range(TRIES - 1):
        office.worker.work(lambda: PLENTY)
        assert office.shown(replay_id)["state"] == "Open"
        assert "Unhandled" in office.shown(replay_id)["problem"]
        office.clock.forward(minutes=2)
    office.worker.work(lambda: PLENTY)
    assert (office.shown(replay_id)["state"], sorted(office.offsets()[-10:])) == ("Done", list(range(10)))
    assert "problem" not in office.shown(replay_id)

    replay_id = office.order(consumer="nobody")
    for _ in range(TRIES):
        assert office.shown(replay_id)["state"] == "Open"
        office.worker.work(lambda: PLENTY)
        office.clock.forward(minutes=2)
    assert office.shown(replay_id)["state"] == "Failed"
    assert "FUNCTION_UNKNOWN" in office.shown(replay_id)["problem"]


def test_a_replay_that_is_stopped_delivers_no_further_slice() -> None:
    office = Office()
    replay_id = office.order(per_second=1)
    invoke = office.invoke

    def stopping(consumer: str, event: dict[str, Any]) -> Answer:
        office.desk.cancel(OPERATOR, replay_id)
        return invoke(consumer, event)

    office.invoke = stopping  # type: ignore[method-assign]
    office.worker.work(lambda: PLENTY)
    shown = office.shown(replay_id)
    assert (shown["state"], shown["delivered"], len(office.offsets())) == ("Cancelled", 3, 3)
    assert office.desk.cancel(OPERATOR, replay_id)["state"] == "Cancelled"


def test_of_two_workers_one_has_a_slice() -> None:
    office = Office()
    office.order(per_second=1)
    invoke = office.invoke
    inner: list[dict[str, int]] = []

    def meanwhile(consumer: str, event: dict[str, Any]) -> Answer:
        if not inner:
            inner.append({})
            inner[0] = office.worker.work(lambda: PLENTY)
        return invoke(consumer, event)

    office.invoke = meanwhile  # type: ignore[method-assign]
    office.worker.work(lambda: PLENTY)
    assert inner == [{"slices": 0, "delivered": 0}]
    assert sorted(office.offsets()) == list(range(10))


def test_to_everybody_else_there_is_nothing() -> None:
    office = Office()
    replay_id, order = office.order(), ReplayOrder(consumer=CONSUMER)
    for use in (
        lambda: office.desk.count(SOMEBODY, order),
        lambda: office.desk.order(SOMEBODY, order),
        lambda: office.desk.get(SOMEBODY, replay_id),
        lambda: office.desk.cancel(SOMEBODY, replay_id),
        lambda: office.desk.get(OPERATOR, "unknown"),
    ):
        with pytest.raises(NotFound):
            use()
    assert office.shown(replay_id)["state"] == "Open"


def test_what_is_delivered_must_be_named() -> None:
    with pytest.raises(InvalidRequest):
        Office().desk.order(OPERATOR, ReplayOrder(consumer=CONSUMER))


def test_the_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()
    monkeypatch.setattr(bootstrap, "replay_desk", lambda: office.desk)

    def call(method: str, path: str, caller: Principal, body: Any = None) -> tuple[int, dict[str, Any]]:
        claims = {"sub": caller.id, "cognito:groups": f"[{' '.join(caller.groups)}]"}
        event = {
            "httpMethod": method, "path": path, "resource": path, "headers": {"content-type": "application/json"},
            "queryStringParameters": None, "multiValueQueryStringParameters": None,
            "body": None if body is None else json.dumps(body), "requestContext": {"authorizer": {"claims": claims}},
        }  # fmt: skip
        answer = api.app.resolve(event, None)  # type: ignore[arg-type]
        return int(answer["statusCode"]), json.loads(answer["body"])

    order = {"consumer": CONSUMER, "types": [FileCreated.TYPE], "perSecond": 5, "since": "2026-01-01T00:00:00Z"}
    assert call("POST", "/v1/replays/count", OPERATOR, order) == (200, {"matched": {FileCreated.TYPE: 10}})
    status, replay = call("POST", "/v1/replays", OPERATOR, order)
    assert (status, replay["state"], replay["perSecond"]) == (202, "Open", 5)
    assert call("GET", f"/v1/replays/{replay['id']}", OPERATOR)[0] == 200
    assert call("POST", f"/v1/replays/{replay['id']}/cancel", OPERATOR)[1]["state"] == "Cancelled"
    assert call("GET", f"/v1/replays/{replay['id']}", SOMEBODY)[0] == 404
    assert call("POST", "/v1/replays", SOMEBODY, order)[0] == 404
    for wrong in (
        {"types": []},
        order | {"perSecond": 0},
        order | {"limit": 0},
        order | {"more": 1},
        {"consumer": CONSUMER},
    ):
        assert call("POST", "/v1/replays", OPERATOR, wrong)[0] == 400, wrong
    for path in ("/v1/replays/count", "/v1/replays"):
        status, problem = call("POST", path, OPERATOR, order | {"types": [FileCreated.TYPE, "files.file.created.v1"]})
        assert (status, problem["code"]) == (400, "INVALID_REQUEST")
        assert "there is no event type files.file.created.v1" in json.dumps(problem)


def test_a_slice_that_takes_as_long_as_a_delivery_may_is_nobody_elses() -> None:
    """The next minute's schedule finds it claimed, though it was begun ten and a half minutes ago."""
    office = Office()
    replay_id, invoke, others = office.order(limit=6, per_second=1), office.invoke, list[dict[str, int]]()

    def slow(*asked: Any) -> Answer:
        if not others:
            office.clock.forward(seconds=DELIVERY_SECONDS - 30)
            others.append(office.worker.work(lambda: PLENTY))
        return invoke(*asked)

    office.invoke = slow  # type: ignore[method-assign]
    office.worker.work(lambda: PLENTY)
    assert others == [{"slices": 0, "delivered": 0}]
    assert (office.shown(replay_id)["state"], sorted(office.offsets())) == ("Done", [*range(6)])
