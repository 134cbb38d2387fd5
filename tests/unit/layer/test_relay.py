"""The relay: what waits in outboxes goes out, and what there is no time for waits for the next run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle

import pytest

from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FolderCreated
from leanda.errors import Unavailable
from leanda.persistence.aggregates import RELAY_AGE, RELAY_RESERVE_SECONDS, relay
from tests.fakes.aggregates import FakeAggregates
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakePublisher

ORIGIN = Origin(cause="request-1", correlation_id="correlation-1")


def waiting(broker: FakePublisher, names: Sequence[str]) -> list[FakeAggregates]:
    """Two owners, of which each has one of two of these documents, whose events wait long enough."""
    clock = FakeClock()
    owners = [FakeAggregates(broker, clock), FakeAggregates(broker, clock)]
    for name, owner in zip(names, cycle(owners), strict=False):
        fact = FolderCreated(file_id=name, node_type="folder", owner_id="o", revision=0, placement=0)
        assert owner.insert({"_id": name, "revision": 0}, Change(emit=(fact,)), ORIGIN)
    clock.forward(seconds=(RELAY_AGE + timedelta(seconds=1)).total_seconds())
    return owners


def test_the_relay_stops_while_there_is_time_and_the_next_run_goes_on() -> None:
    broker = FakePublisher()
    owners = waiting(broker, ["f0", "f1", "f2", "f3"])
    times = iter([RELAY_RESERVE_SECONDS + 20, RELAY_RESERVE_SECONDS + 10, RELAY_RESERVE_SECONDS + 1, 14.0])
    assert relay(owners, left=lambda: next(times)) == 3
    assert relay(owners) == 1
    assert sorted(event.data["fileId"] for event in broker.events()) == ["f0", "f1", "f2", "f3"]


def test_an_event_that_is_not_taken_holds_up_no_other_document() -> None:
    broker = FakePublisher()
    broker.refuses = lambda message: message.key.startswith("f0")
    owners = waiting(broker, ["f0", "f1", "f2", "f3"])
    with pytest.raises(Unavailable):
        relay(owners)
    assert sorted(event.data["fileId"] for event in broker.events()) == ["f1", "f2", "f3"]
    broker.refuses = lambda _: False
    assert relay(owners) == 1
