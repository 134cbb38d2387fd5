"""A parser's plan in parts, and what it does when the time of its invocation comes to an end."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from functions.files.models import NewFile
from functions.parsers.handling import PLANNING_NEEDS_SECONDS
from functions.parsers.tabular.parser import parser as tabular
from leanda import limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import ChunksPlanned, ContinuePlan, ParseChunk
from leanda.parsing.planner import PART_CHUNKS
from tests.fakes.pipeline import USER, Pipeline

ME = Viewer(USER)
CHUNKS = 2 * PART_CHUNKS + 3
ROWS = 100 * CHUNKS
TABLE = b"n,word\n" + b"".join(b"%d,word %d\n" % (n, n) for n in range(ROWS))
LITTLE, PLENTY = PLANNING_NEEDS_SECONDS / 2, 1000.0


@pytest.fixture(params=[False, True], ids=["plain", "gzip"])
def body(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(limits, "CHUNK_RECORDS", 100)
    monkeypatch.setattr(limits, "PARSE_AT_ONCE_BYTES", 1000)
    monkeypatch.setattr(limits, "MAX_INFLATED_BYTES", 1 << 20)  # so that a compressed file has small chunks, too
    return gzip.compress(TABLE, mtime=0) if request.param else TABLE


def uploaded(body: bytes, *, seconds: float, seed: int = 0) -> tuple[Pipeline, str]:
    cloud = Pipeline([tabular()], seed=seed)
    cloud.time_left = lambda: seconds
    name = "table.csv.gz" if body.startswith(b"\x1f\x8b") else "table.csv"
    origin = Origin(cause="request", correlation_id="correlation-1", user_id=USER)
    made = cloud.files.create(ME, NewFile(name=name, size=len(body)), idempotency_key="key", origin=origin)
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{made['id']}", body))
    cloud.deliver()
    return cloud, made["id"]


def told(cloud: Pipeline, *kinds: Any) -> dict[str, Any]:
    found = [event for kind in kinds for event in cloud.broker.events(kind.TYPE)]
    assert len({event.id for event in found}) == len(found), "nothing is announced twice"
    return {event.id: event.data for event in found}


def outcome(cloud: Pipeline, file_id: str) -> tuple[Any, ...]:
    shown = cloud.files.get(ME, file_id)
    return shown["status"], shown["totalRecords"], shown["indexedRecords"]


def test_the_first_chunk_is_no_task_so_that_something_is_soon_found(body: bytes) -> None:
    cloud, _ = uploaded(body, seconds=PLENTY)
    tasks = {data["chunk"] for data in told(cloud, ParseChunk).values()}
    planned = {row["n"] for data in told(cloud, ChunksPlanned).values() for row in data["chunks"]}
    assert tasks == planned - {0}
    assert len(planned) > CHUNKS


def test_a_plan_that_goes_on_elsewhere_announces_what_one_pass_announces(body: bytes) -> None:
    whole, file_id = uploaded(body, seconds=PLENTY)
    cut, _ = uploaded(body, seconds=LITTLE)
    assert outcome(whole, file_id) == outcome(cut, file_id) == ("Processed", ROWS, ROWS)
    assert told(whole, ChunksPlanned, ParseChunk) == told(cut, ChunksPlanned, ParseChunk)
    steps = cut.broker.events(ContinuePlan.TYPE)
    assert [step.data["part"] for step in steps] == [1, 2]
    assert not whole.broker.events(ContinuePlan.TYPE)


def test_going_on_is_no_further_hop_and_its_cursor_advances(body: bytes) -> None:
    cloud, _ = uploaded(body, seconds=LITTLE)
    steps = cloud.broker.events(ContinuePlan.TYPE)
    (request,) = cloud.broker.events("leanda.files.file.created.v1")
    assert {step.causationid for step in steps} == {request.id}
    assert {step.hops for step in steps} == {request.hops + 1}
    places = [(step.data["part"], step.data["n"], step.data["offset"], step.data["firstIndex"]) for step in steps]
    assert places == sorted(set(places))
    assert {event.hops for event in cloud.broker.events(ParseChunk.TYPE)} == {request.hops + 1}


@pytest.mark.parametrize("seed", range(4))
def test_steps_that_are_repeated_and_shuffled_change_nothing(body: bytes, seed: int) -> None:
    cloud, file_id = uploaded(body, seconds=LITTLE)
    cloud.time_left = lambda: PLENTY  # now one step goes through to the end
    messages = [message for message in cloud.broker.sent for _ in range(2)]
    cloud.random.seed(seed)
    cloud.random.shuffle(messages)
    cloud.deliver_messages(messages)
    cloud.deliver()
    assert outcome(cloud, file_id) == ("Processed", ROWS, ROWS)
    assert len(cloud.records.documents) == ROWS


def test_the_first_records_are_there_before_the_plan_is(body: bytes) -> None:
    """The first part's tasks are published while the rest is still looked through."""
    cloud, _ = uploaded(body, seconds=PLENTY)
    told = [Event.from_bytes(message.body) for message in cloud.broker.sent]
    end = next(at for at, event in enumerate(told) if event.type == ChunksPlanned.TYPE and event.data["last"])
    assert sum(event.type == ParseChunk.TYPE for event in told[:end]) >= 2 * PART_CHUNKS - 1
