"""A run is written first and its file after it. What an attempt left that died in between becomes the run that the file begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.files.domain import RunOpen
from functions.files.picturing import Picturing
from functions.files.repeating import STEP
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda import ids
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import FileReprocessRequested
from leanda.messaging.consumer import Consumer
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.parsers_chemical.molfiles import molfile, sdf

ME = Viewer(USER)
PATH = "in/a.csv"
FILE = ids.file_id_of_inbox(USER, PATH)
STRUCTURES, TABLE = sdf(molfile(), molfile(("C",), ())), b"a,b\n1,2\n3,4\n"


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def cloud() -> Pipeline:
    return Pipeline([chemical(), tabular(), generic()])


@contextmanager
def dies(port: Any, method: str) -> Iterator[None]:
    """Whoever calls a method of a port is dead."""

    def die(*_: Any, **__: Any) -> None:
        raise Died

    kept = getattr(port, method)
    setattr(port, method, die)
    with pytest.raises(Died):
        yield
    setattr(port, method, kept)


def reprocess(cloud: Pipeline, file_id: str = FILE) -> None:
    cloud.files.reprocess(ME, file_id, Origin(cause="again", correlation_id="correlation-9", user_id=USER))


def run_of(cloud: Pipeline, number: int, file_id: str = FILE) -> dict[str, Any]:
    found = cloud.runs.get(ids.run_key(file_id, number))
    assert found is not None
    return found


def dropped(cloud: Pipeline) -> None:
    """The structures are there, and an attempt to process it again has died after it had written run 2."""
    cloud.drop(PATH, STRUCTURES)
    cloud.drain()
    with dies(cloud.nodes, "apply"):
        reprocess(cloud)


def shows(cloud: Pipeline, file_id: str = FILE) -> tuple[Any, ...]:
    """What is shown of a file, and that its picture is of the same bytes as its status."""
    shown, node = cloud.files.get(ME, file_id), cloud.nodes.get(file_id)
    assert node is not None
    pictured = Picturing(cloud.nodes, cloud.runs, cloud.records).subject(ME, file_id, None)
    assert (pictured["kind"], pictured["blobId"]) == (node["kind"], node["blob"]["blobId"])
    return (shown["status"], shown["kind"], shown["activeRun"], shown["totalRecords"])


def test_other_bytes_take_over_what_a_dead_attempt_left_of_their_run(cloud: Pipeline) -> None:
    dropped(cloud)
    for _ in range(12):
        cloud.clock.forward(hours=5)
        cloud.watchdog.look_after()
    lost: list[str] = []

    def lose(consumer: Consumer, event: Event) -> bool:
        if lost or event.type != FileReprocessRequested.TYPE or not consumer.name.startswith("parsers-"):
            return False
        lost.append(event.id)
        return True

    cloud.lost = lose
    cloud.drop(PATH, TABLE)
    cloud.deliver()
    run = run_of(cloud, 2)
    assert lost
    assert "repeats" not in run, "how long the dead attempt waited is not held against this one"
    assert run["deadline"] == cloud.clock.now() + STEP
    assert (run["kind"], run["startedAt"], run["correlationId"]) == (
        "tabular",
        cloud.clock.now(),
        cloud.blobs.documents[run["blobId"]]["_id"],
    )
    cloud.clock.forward(minutes=16)
    assert cloud.watchdog.look_after()["repeated"] == 1
    cloud.drain()
    assert shows(cloud) == ("Processed", "tabular", 2, 2)


def test_the_same_attempt_once_more_begins_with_all_its_time(cloud: Pipeline) -> None:
    dropped(cloud)
    cloud.clock.forward(days=3)
    cloud.watchdog.look_after()
    reprocess(cloud)
    assert "repeats" not in run_of(cloud, 2)
    assert run_of(cloud, 2)["deadline"] == cloud.clock.now() + STEP
    cloud.drain()
    assert shows(cloud) == ("Processed", "chemical", 2, 2)


def test_the_first_run_of_a_dropped_file_is_of_the_bytes_that_made_it(cloud: Pipeline) -> None:
    cloud.drop(PATH, STRUCTURES)
    with dies(cloud.nodes, "insert"):
        cloud.deliver()
    cloud.lost = lambda consumer, event: event.data.get("size") == len(STRUCTURES)
    cloud.drop(PATH, TABLE)
    cloud.drain()
    assert shows(cloud) == ("Processed", "tabular", 1, 2)
    assert run_of(cloud, 1)["blobId"] == cloud.nodes.documents[FILE]["blob"]["blobId"]


def test_what_was_not_to_be_processed_takes_nothing_from_who_asks_for_it(cloud: Pipeline) -> None:
    file_id = cloud.upload("a.csv", STRUCTURES, process=False)
    cloud.drain()
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{file_id}", STRUCTURES + STRUCTURES))
    cloud.objects.put(f"uploads/{file_id}", STRUCTURES)
    stored = cloud.nodes.documents[file_id]["blob"]
    again = {"_id": ids.run_key(file_id, 2), "fileId": file_id, "run": 2, "state": "NotRequested", "revision": 0}
    left = run_of(cloud, 1, file_id) | again | {"blobId": stored["blobId"]}
    cloud.runs.documents[left["_id"]] = left | {"outbox": []}  # other bytes began a run, and died
    reprocess(cloud, file_id)
    cloud.drain()
    assert shows(cloud, file_id) == ("Processed", "chemical", 2, 2)


@pytest.mark.parametrize("bodies", [(STRUCTURES, TABLE), (TABLE, STRUCTURES)])
def test_who_dies_before_the_run_is_set_right_is_made_up_for_by_what_is_heard_of_it(
    bodies: tuple[bytes, bytes], cloud: Pipeline
) -> None:
    cloud.drop(PATH, bodies[0])
    cloud.drain()
    with dies(cloud.nodes, "apply"):
        reprocess(cloud)
    cloud.drop(PATH, bodies[1])
    with dies(cloud.runs, "apply"):
        cloud.deliver()
    cloud.deliver_messages([message for message in cloud.broker.sent if b"blob.stored" in message.body])
    cloud.drain()
    assert shows(cloud)[:3] == ("Processed", run_of(cloud, 2)["kind"], 2)
    assert run_of(cloud, 2)["blobId"] == cloud.nodes.documents[FILE]["blob"]["blobId"]


def test_of_two_that_begin_the_same_run_the_one_that_the_file_knows_is_there(cloud: Pipeline) -> None:
    cloud.drop(PATH, STRUCTURES)
    cloud.drain()
    cloud.drop(PATH, TABLE)
    follower, types = cloud.consumers[0]
    stored = follower, [message for message in cloud.broker.sent[-1:] if cloud._wanted(follower, types, message)]
    apply, crossing = cloud.nodes.apply, [True]

    def crossed(*arguments: Any) -> None:
        if crossing:
            crossing.clear()
            cloud.feed(*stored)
        apply(*arguments)

    cloud.nodes.apply = crossed  # type: ignore[method-assign]
    with pytest.raises(RunOpen):
        reprocess(cloud)
    cloud.drain()
    assert run_of(cloud, 2)["blobId"] == cloud.nodes.documents[FILE]["blob"]["blobId"]
    assert shows(cloud)[1:] == ("tabular", 2, 2)
