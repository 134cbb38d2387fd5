"""Replaying the log on a running cloud: it is counted, delivered past the topics, and changes nothing that is right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import Cloud, Person, eventually
from tests.topics import Topics

pytestmark = pytest.mark.integration

SMILES = b"CCO ethanol\nC methane\nCC ethane\n"
STORED = "leanda.files.records.stored.v1"


@pytest.fixture(scope="module")
def file(ada: Person) -> dict[str, Any]:
    return dict(ada.searchable(ada.upload("replayed.smi", SMILES)))


def order(file: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"consumer": "search-on-record-events", "fileId": file["id"], "types": [STORED], **more}


def events_of(person: Person, file: dict[str, Any]) -> list[str]:
    return sorted(event["id"] for event in person.client.events(file["id"]))


def test_a_replay_is_counted_ordered_and_done_and_changes_nothing(
    cloud: Cloud, ada: Person, file: dict[str, Any]
) -> None:
    topics = Topics(cloud)
    topics.settle(seconds=150)  # the log comes last; what it does not have yet would look like something new
    operators = cloud.operator.http
    counted = operators.post("/replays/count", json=order(file))
    assert counted.json() == {"matched": {STORED: 1}}
    before, known = ada.client.file(file["id"]), events_of(ada, file)

    assert known
    replay = operators.post("/replays", json=order(file))
    assert replay.status_code == 202, replay.text
    done = eventually(lambda: _over(cloud, replay.json()["id"]), "the replay is over", seconds=150)

    assert (done["state"], done["delivered"]) == ("Done", 1), done
    topics.settle(seconds=150)
    assert ada.client.file(file["id"]) == before
    assert events_of(ada, file) == known, "what a replay makes a consumer say again is recognised"


def test_a_replay_to_nobody_fails_in_the_open(cloud: Cloud, file: dict[str, Any]) -> None:
    replay = cloud.operator.http.post("/replays", json=order(file, consumer="nobody")).json()
    problem = eventually(lambda: _problem(cloud, replay["id"]), "the replay says what is wrong", seconds=150)
    assert "FUNCTION_UNKNOWN" in problem
    stopped = cloud.operator.http.post(f"/replays/{replay['id']}/cancel").json()
    assert stopped["state"] == "Cancelled"


def _over(cloud: Cloud, replay_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] = cloud.operator.http.get(f"/replays/{replay_id}").json()
    return None if found["state"] == "Open" else found


def _problem(cloud: Cloud, replay_id: str) -> str | None:
    found: str | None = cloud.operator.http.get(f"/replays/{replay_id}").json().get("problem")
    return found
