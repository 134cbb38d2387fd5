"""Clients that die, or get no answer, and do not ask again: what they announced ends with a reason."""

from __future__ import annotations

from contextlib import suppress

import pytest

from functions.files.models import NewFile
from leanda.errors import Unavailable
from tests.faults.model import check
from tests.faults.simulated.boundaries import FAULTS, Boundaries, Killed
from tests.faults.simulated.cloud import Simulator, origin, world_of
from tests.faults.simulated.life import ME


@pytest.mark.parametrize("how", FAULTS)
def test_an_announcement_that_fails_anywhere_and_is_not_repeated_is_not_loading_for_ever(how: str) -> None:
    at, reached = 0, True
    while reached:
        boundaries = Boundaries(at, how)
        cloud = Simulator(1, boundaries)
        with suppress(Killed, Unavailable):
            cloud.files.create(ME, NewFile(name="a.csv", size=9), idempotency_key=None, origin=origin("request"))
        reached, boundaries.at = boundaries.passed > at, None
        cloud.drain()
        check(world_of(cloud), {}, {})
        cloud.clock.forward(hours=25)
        cloud.sweeping.sweep()
        cloud.drain()
        check(world_of(cloud), {}, {})
        assert {node["status"] for node in cloud.nodes.documents.values()} <= {"Failed"}
        at += 1
    assert at > 6
