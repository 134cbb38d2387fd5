"""The relay: what waits in outboxes goes out, and what there is no time for waits for the next run."""

from __future__ import annotations

from datetime import timedelta

from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FolderCreated
from leanda.persistence.aggregates import RELAY_AGE, RELAY_RESERVE_SECONDS, relay
from tests.fakes.aggregates import FakeAggregates
from tests.fakes.clock import FakeClock
from tests.fakes.messaging import FakePublisher

ORIGIN = Origin(cause="request-1", correlation_id="correlation-1")


def test_the_relay_stops_while_there_is_time_and_the_next_run_goes_on() -> None:
    broker, clock = FakePublisher(), FakeClock()
    owners = [FakeAggregates(broker, clock), FakeAggregates(broker, clock)]
    for n, owner in enumerate((*owners, *owners)):
        fact = FolderCreated(file_id=f"f{n}", node_type="folder", owner_id="o", revision=0, placement=0)
        assert owner.insert({"_id": f"f{n}", "revision": 0}, Change(emit=(fact,)), ORIGIN)
    clock.forward(seconds=(RELAY_AGE + timedelta(seconds=1)).total_seconds())
    times = iter([RELAY_RESERVE_SECONDS + 20, RELAY_RESERVE_SECONDS + 10, RELAY_RESERVE_SECONDS + 1, 14.0])
    assert relay(owners, left=lambda: next(times)) == 3
    assert relay(owners) == 1
    assert sorted(event.data["fileId"] for event in broker.events()) == ["f0", "f1", "f2", "f3"]
