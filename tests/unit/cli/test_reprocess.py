"""`leanda reprocess`, and how far a file is while it is watched."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from cli.watching import Watched, board
from tests.unit.cli.conftest import Run
from tests.unit.client.cloud import CloudInMemory

FILE = "4d3a52ad-34d7-556d-90f1-ac6d5d8da9c6"


class Orders:
    """Answers two pages, of which the second has a file that cannot be processed now."""

    def __init__(self, cloud: CloudInMemory) -> None:
        self.asked: list[tuple[str, Any]] = []
        cloud.faults.append(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response | None:
        path = request.url.path.removeprefix("/api/v1")
        if not path.endswith("/reprocess"):
            return None
        body = json.loads(request.content) if request.content else None
        self.asked.append((path, body or dict(request.url.params) or None))
        if path != "/reprocess":
            return httpx.Response(202, json={"id": FILE})
        if not body.get("cursor"):
            return httpx.Response(202, json={"accepted": ["a", "b"], "refused": [], "more": True, "nextCursor": "c"})
        refused = [{"id": "d", "code": "RUN_OPEN", "message": "It is being processed."}]
        return httpx.Response(202, json={"accepted": ["c"], "refused": refused, "more": False})


@pytest.fixture
def orders(cloud: CloudInMemory) -> Orders:
    return Orders(cloud)


def test_files_are_processed_again_one_by_one(run: Run, orders: Orders) -> None:
    result = run("reprocess", FILE)
    assert result.exit_code == 0, result.output
    assert orders.asked == [(f"/files/{FILE}/reprocess", None)]


def test_many_are_chosen_and_all_pages_are_gone_through(run: Run, orders: Orders) -> None:
    result = run("reprocess", "--failure-code", "STEP_TIMED_OUT", "--kind", "chemical")
    assert result.exit_code == 1, "one cannot be processed now"
    assert "3 are processed again" in result.output
    assert "It is being processed. (RUN_OPEN)" in result.output
    chosen = {"failureCode": "STEP_TIMED_OUT", "kind": "chemical", "limit": 100}
    assert orders.asked == [("/reprocess", chosen), ("/reprocess", chosen | {"cursor": "c"})]


@pytest.mark.parametrize(("option", "asked"), [("--position", True), ("--no-position", False)])
def test_the_position_is_asked_for_or_not_any_more(run: Run, orders: Orders, option: str, asked: bool) -> None:
    run("reprocess", FILE, option)
    run("reprocess", "--kind", "image", option)
    (_, one), (_, many), _ = orders.asked
    assert one == {"position": str(asked).lower()}
    assert many == {"kind": "image", "position": asked, "limit": 100}


def test_files_of_all_users_are_only_counted(run: Run, cloud: CloudInMemory) -> None:
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/reprocess/all-users"):
            return None
        asked.append(json.loads(request.content))
        more = {"more": True, "nextCursor": "c"} if len(asked) == 1 else {"more": False}
        return httpx.Response(202, json={"accepted": 2, "refused": {"RUN_OPEN": 1}} | more)

    cloud.faults.append(answer)
    result = run("reprocess", "--all-users", "--failure-code", "STEP_TIMED_OUT")
    assert result.exit_code == 1, "some cannot be processed now"
    assert "4 are processed again." in result.stderr
    assert "2 cannot be now (RUN_OPEN)" in result.stderr
    chosen = {"failureCode": "STEP_TIMED_OUT", "limit": 100}
    assert asked == [chosen, chosen | {"cursor": "c"}]
    asked[:] = [None]
    run("reprocess", "--all-users", FILE)
    assert asked[1:] == [{"fileIds": [FILE], "limit": 100}]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--kind", "x", "--folder", "x"),
        ("--kind", "x", "--position"),
        ("--kind", "x", "--wait"),
        ("--kind", "x", FILE),
        ("folder/a.smi",),
    ],
)
def test_of_all_users_files_nothing_else_can_be_asked(run: Run, orders: Orders, options: tuple[str, ...]) -> None:
    assert run("reprocess", "--all-users", *options).exit_code == 2
    assert orders.asked == []


@pytest.mark.parametrize("arguments", [(), (FILE, "--kind", "chemical")])
def test_either_files_or_a_choice_is_named(run: Run, orders: Orders, arguments: tuple[str, ...]) -> None:
    assert run("reprocess", *arguments).exit_code == 2
    assert orders.asked == []


@pytest.mark.parametrize(
    ("last", "code", "told"),
    [
        ({"run": 2, "state": "Finished"}, 0, "12"),
        ({"run": 2, "state": "Failed", "failure": {"code": "STEP_TIMED_OUT", "message": "Too slow."}}, 1, "Too slow."),
    ],
)
def test_the_outcome_of_the_further_run_is_waited_for(
    run: Run, cloud: CloudInMemory, orders: Orders, last: dict[str, Any], code: int, told: str
) -> None:
    """The results of the run before are shown meanwhile; they are not what is waited for."""
    states: list[dict[str, Any]] = [{"run": 2, "state": "Open"}, {"run": 2, "state": "Processing"}, last]

    def file(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith(f"/files/{FILE}"):
            return None
        latest = states.pop(0) if len(states) > 1 else states[0]
        counts = dict.fromkeys(("totalRecords", "parsedRecords", "indexedRecords"), 12)
        body = {"id": FILE, "name": "a.smi", "type": "file", "status": "Processed", "latestRun": latest, **counts}
        return httpx.Response(200, json=body)

    cloud.faults.append(file)
    cloud.faults.append(
        lambda request: (
            httpx.Response(200, json={"fileId": FILE, "steps": []}) if "processing" in request.url.path else None
        )
    )
    result = run("reprocess", FILE, "--wait")
    assert (result.exit_code, states) == (code, [last]), result.output
    assert told in result.output


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        ({"processed": 512, "failed": 3, "total": 1025}, "512/1025"),
        ({"processed": 0, "failed": 0}, "0/?"),
        (None, "7"),
    ],
)
def test_a_file_on_its_way_shows_how_many_records_are_processed(progress: Any, shown: str) -> None:
    file: Any = {"id": FILE, "name": "a.sdf", "status": "Processing", "totalRecords": 7, "failedRecords": 0}
    table = board([Watched(file | ({"progress": progress} if progress else {}))])
    records = next(column for column in table.columns if column.header == "records")
    assert [str(cell) for cell in records.cells] == [shown]
