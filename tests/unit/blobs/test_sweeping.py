"""No upload is stuck: what never came expires with a reason, and what came unheard is received."""

from __future__ import annotations

import pytest

from functions.files.models import NewFile
from leanda import limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from tests.fakes.pipeline import USER, Pipeline

ME = Viewer(USER)


@pytest.fixture
def cloud() -> Pipeline:
    return Pipeline([], seed=1)


def _announce(cloud: Pipeline, size: int) -> str:
    origin = Origin(cause="request", correlation_id="correlation-1", user_id=USER)
    made = cloud.files.create(ME, NewFile(name="late.smi", size=size), idempotency_key=None, origin=origin)
    cloud.deliver()
    return str(made["id"])


def _sweep(cloud: Pipeline) -> dict[str, int]:
    done = cloud.sweeping.sweep()
    cloud.deliver()
    return {name: done[name] for name in ("received", "expired")}


def test_an_upload_is_left_alone_while_it_is_open(cloud: Pipeline) -> None:
    file_id = _announce(cloud, 3)
    cloud.clock.forward(seconds=limits.UPLOAD_OPEN_SECONDS - 1)
    assert _sweep(cloud) == {"received": 0, "expired": 0}
    assert cloud.files.get(ME, file_id)["status"] == "Loading"


def test_an_upload_that_never_came_fails_its_file_once(cloud: Pipeline) -> None:
    file_id = _announce(cloud, 3)
    cloud.clock.forward(seconds=limits.UPLOAD_OPEN_SECONDS + 1)
    assert _sweep(cloud) == {"received": 0, "expired": 1}
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "UPLOAD_EXPIRED")
    assert shown["failure"]["message"]
    assert {event.correlationid for event in cloud.broker.events()} == {"correlation-1"}
    assert _sweep(cloud) == {"received": 0, "expired": 0}


def test_parts_of_an_upload_that_never_ended_are_thrown_away(cloud: Pipeline) -> None:
    file_id = _announce(cloud, limits.MAX_POST_BYTES + 1)
    (upload_id,) = cloud.objects.open_parts
    cloud.objects.open_parts[upload_id][1] = b"part"
    cloud.clock.forward(seconds=limits.UPLOAD_OPEN_SECONDS + 1)
    assert _sweep(cloud) == {"received": 0, "expired": 1}
    assert cloud.objects.open_parts == {}
    assert cloud.files.get(ME, file_id)["status"] == "Failed"


def test_bytes_whose_notification_was_lost_are_received(cloud: Pipeline) -> None:
    file_id = _announce(cloud, 3)
    cloud.objects.put(f"uploads/{file_id}", b"CCO")
    cloud.clock.forward(seconds=limits.UPLOAD_OPEN_SECONDS + 1)
    assert _sweep(cloud) == {"received": 1, "expired": 0}
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["size"]) == ("Loaded", 3)
    assert _sweep(cloud) == {"received": 0, "expired": 0}


def test_bytes_that_come_after_the_end_win(cloud: Pipeline) -> None:
    file_id = _announce(cloud, 3)
    cloud.clock.forward(seconds=limits.UPLOAD_OPEN_SECONDS + 1)
    _sweep(cloud)
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{file_id}", b"CCO"))
    cloud.deliver()
    assert cloud.files.get(ME, file_id)["status"] == "Loaded"
    assert "failure" not in cloud.files.get(ME, file_id)
