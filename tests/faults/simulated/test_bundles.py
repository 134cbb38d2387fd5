"""Faults at every boundary while a bundle is unpacked: each member becomes one file, or says why not."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from leanda.contracts.envelope import Event
from leanda.errors import LeandaError
from leanda.messaging import Consumer
from tests.fakes.pipeline import USER
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import Simulator
from tests.faults.simulated.life import upload
from tests.unit.parsers_bundle import archives as made

SEED = int(os.environ.get("LEANDA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SOME = 15
"""Boundaries tried for each kind of fault in `make test`; `make test-all` tries every one."""
TREE = {
    "bundle.zip": ("ProcessedPartially", 4),
    "bundle": {"a.smi": ("Processed", 1), "in": {"b.csv": ("Processed", 1)}, "bad.csv": ("Failed", 0)},
}


def archive() -> bytes:
    members = {"a.smi": b"CCO\n", "in/b.csv": b"x,y\n1,2\n", "secret": b"?", "bad.csv": b"x,y\n1,2\n" * 40}
    body = made.encrypted(made.packed(members), "secret")
    at = body.index(b"bad.csv") + len("bad.csv")
    return body[: at + 4] + b"\xff\xff\xff" + body[at + 7 :]


def lived(seed: int, boundaries: Boundaries, *, copies: int = 1) -> Simulator:
    cloud = Simulator(seed, boundaries, copies=copies)
    upload(cloud, "bundle.zip", archive(), "key", unpack=True)
    cloud.drain()
    boundaries.armed = False
    return cloud


def tree(cloud: Simulator, parent: str = USER) -> dict[str, Any]:
    return {
        node["name"]: tree(cloud, node["_id"])
        if node["type"] == "folder"
        else (node["status"], node["counts"]["total"])
        for node in cloud.nodes.children(parent, after=None, limit=100)
    }


def check(cloud: Simulator) -> None:
    assert tree(cloud) == TREE
    assert cloud.letters.letters == []
    stored = [key for key, _ in cloud.objects.versions]
    assert len(stored) == len(set(stored)), "a member is stored once"
    assert all(upload["state"] != "Open" for upload in cloud.uploads.documents.values())


@pytest.fixture(scope="module")
def calm() -> Boundaries:
    boundaries = Boundaries()
    check(lived(1, boundaries))
    assert boundaries.passed > 150, "the ports are not instrumented"
    return boundaries


def disturbed(at: int, how: str) -> None:
    boundaries = Boundaries(at, how)
    cloud = lived(1, boundaries)
    try:
        check(cloud)
    except (AssertionError, LeandaError) as error:
        raise AssertionError(f"{how} at {at} ({boundaries.names[at]}): {error}") from error
    assert not boundaries.armed, f"nothing happened at {at}"


@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_a_fault_at_some_boundaries_changes_nothing(how: str, calm: Boundaries) -> None:
    print(f"LEANDA_SEED={SEED}")
    for at in sorted(random.Random(f"{SEED}{how}").sample(calm.suiting(how), SOME)):
        disturbed(at, how)


@pytest.mark.long
@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_a_fault_at_every_boundary_changes_nothing(how: str, calm: Boundaries) -> None:
    for at in calm.suiting(how):
        disturbed(at, how)


def test_what_is_asked_of_blobs_may_get_lost_once() -> None:
    cloud = Simulator(1, Boundaries())
    lost: set[str] = set()

    def once(consumer: Consumer, event: Event) -> bool:
        first = consumer.name == "blobs-on-file-events" and event.id not in lost
        lost.add(event.id)
        return first

    cloud.lost = once
    upload(cloud, "bundle.zip", archive(), "key", unpack=True)
    cloud.wait_out()
    check(cloud)
    assert lost


@pytest.mark.parametrize("round_", range(3))
def test_every_event_four_times_and_shuffled_changes_nothing(round_: int) -> None:
    print(f"LEANDA_SEED={SEED + round_}")
    check(lived(SEED + round_, Boundaries(), copies=4))
