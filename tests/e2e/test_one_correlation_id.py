"""One correlation id leads from a request to the last event that follows from it, and through the logs of all that works for it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from leanda.contracts.topics import FILE_EVENTS
from local import stack
from tests.cloud import HOME, ROOT, Cloud, Person, eventually
from tests.topics import Topics, changed

pytestmark = pytest.mark.integration

WORKED: dict[str, str] = {
    "files-api": "answered",
    "blobs-internal-api": "answered",
    "blobs-on-s3-upload": "received",
    "files-on-file-events": "handled",
    "parsers-chemical-on-file-events": "handled",
    "files-on-record-events": "handled",
    "processor-on-record-events": "handled",
    "search-on-file-events": "handled",
    "search-on-record-events": "handled",
    "files-internal-api": "answered",
    "history-on-events": "handled",
}
"""Functions that an upload wakes, directly or by events, and what each logs."""


def test_the_id_of_a_request_is_in_every_event_and_every_log_that_follows(cloud: Cloud, ada: Person) -> None:
    correlation, content = f"test-{uuid.uuid4()}", b"CCO ethanol\nCCN ethylamine\n"
    announced = ada.http.post(
        "/files", json={"name": "traced.smi", "size": len(content)}, headers={"x-correlation-id": correlation}
    )
    assert announced.headers["x-correlation-id"] == correlation
    file_id, form = announced.json()["id"], announced.json()["upload"]
    with cloud.http() as storage:
        sent = storage.post(form["url"], data=form["fields"], files={"file": ("traced.smi", content)})
    assert sent.is_success, sent.text
    assert ada.searchable(file_id)["status"] == "Processed"
    topics = Topics(cloud)
    topics.settle()

    events = topics.published(of=[file_id])
    assert len({one.type for one in events}) > 10
    assert {one.type for one in events if one.event["correlationid"] != correlation} == set()
    for function, message in WORKED.items():
        eventually(lambda f=function: _logged(f, correlation), f"{function} logged it")  # type: ignore[misc]
        assert message in {line["message"] for line in _logged(function, correlation)}, function


def test_a_letter_is_logged_with_the_id_of_its_work(cloud: Cloud, ada: Person) -> None:
    file_id = ada.upload("lettered.smi", b"CCO ethanol\n")
    ada.searchable(file_id)
    topics, correlation = Topics(cloud), f"poison-{uuid.uuid4()}"
    good = topics.published(of=[file_id])[0]
    topics.produce(
        FILE_EVENTS.name,
        changed(good.event, id=str(uuid.uuid4()), type="leanda.files.file.teleported.v1", correlationid=correlation),
        key=file_id,
    )
    for function, message in (
        ("search-on-file-events", "dead-lettered"),
        ("deadletters-on-dead-letter", "dead letter"),
    ):
        eventually(
            lambda f=function, m=message: m in {line["message"] for line in _logged(f, correlation)},  # type: ignore[misc]
            f"{function} logged the letter",
        )


def _logged(function: str, correlation: str) -> list[dict[str, Any]]:
    """Lines of a function's log about one piece of work."""
    path = stack.function_log(ROOT, function, options=stack.Options(home=HOME))
    if not path.is_file():
        return []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if correlation in line]
    return [line for line in map(json.loads, lines) if line["correlation_id"] == correlation]
