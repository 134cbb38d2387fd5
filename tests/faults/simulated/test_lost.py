"""Events that a consumer never gets: the watchdog and the sweep say them again, and the file ends as if nothing had been lost."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime

import pytest

from functions.files.repeating import TASK_REPEATS
from leanda import limits
from leanda.contracts.envelope import Event
from leanda.messaging.consumer import Consumer
from tests.faults.model import check
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import Simulator, until_done, world_of
from tests.faults.simulated.files import EXPECTED
from tests.faults.simulated.life import live
from tests.faults.simulated.test_simulator import SEED

OF_FILES = (
    "leanda.files.file.created.v1",
    "leanda.files.file.reprocess-requested.v1",
    "leanda.files.run.",
    "leanda.blobs.",
    "leanda.parsers.",
    "leanda.processor.",
    "leanda.files.records.",
    "leanda.search.",
)
"""What a file and its runs live by. Facts about nodes are repeated by nobody: the index compares itself with the store instead."""


SOME = 3
"""Ways of events tried in `make test`; `make test-all` tries every one."""


def is_of_file(consumer: Consumer, event: Event) -> bool:
    return event.type.startswith(OF_FILES) and consumer.name != "search-on-file-events"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table becomes tasks, in more than one part of a plan."""
    monkeypatch.setattr(limits, "CHUNK_RECORDS", 6)
    monkeypatch.setattr(limits, "PARSE_AT_ONCE_BYTES", 100)


def calm() -> set[tuple[str, str]]:
    """What consumers are given in an undisturbed life."""
    cloud, seen = Simulator(1, Boundaries()), set[tuple[str, str]]()

    def notice(consumer: Consumer, event: Event) -> bool:
        if is_of_file(consumer, event):
            seen.add((consumer.name, event.type))
        return False

    cloud.lost, cloud.time_left = notice, lambda: 30.0
    live(cloud)
    return seen


def test_a_kind_of_event_may_get_lost_on_its_way_to_one_consumer() -> None:
    print(f"LEANDA_SEED={SEED}")
    seen = calm()
    assert ("parsers-tabular-on-parser-tasks", "leanda.parsers.plan.continue.v1") in seen
    for way in random.Random(SEED).sample(sorted(seen), SOME):
        first_is_lost(way)


@pytest.mark.long
def test_each_kind_of_event_may_get_lost_on_its_way_to_each_consumer() -> None:
    seen = calm()
    assert len(seen) >= 13
    for way in sorted(seen):
        first_is_lost(way)


def first_is_lost(way: tuple[str, str]) -> None:
    lost: list[str] = []

    def lose(consumer: Consumer, event: Event) -> bool:
        if lost or (consumer.name, event.type) != way:
            return False
        lost.append(event.id)
        return True

    cloud = Simulator(1, Boundaries())
    cloud.lost, cloud.time_left = lose, lambda: 30.0
    accepted = live(cloud, patiently=True)
    assert lost
    try:
        check(world_of(cloud), accepted, EXPECTED)
    except AssertionError as error:
        raise AssertionError(f"lost: {way}: {error}") from error


@pytest.mark.parametrize("round_", range(2))
def test_a_tenth_of_all_events_may_get_lost(round_: int) -> None:
    seed = SEED + round_
    print(f"LEANDA_SEED={seed}")
    chance, cloud = random.Random(seed), Simulator(seed, Boundaries())
    rounds = defaultdict[str, set[datetime]](set)

    def lose(consumer: Consumer, event: Event) -> bool:
        if not is_of_file(consumer, event) or chance.random() > 0.1:
            return False
        file_id, now = event.data["fileId"], cloud.clock.now()
        # Nobody confirms that the records of a deleted file are gone from the index: that is the reconciler's to find.
        if cloud.nodes.documents.get(file_id, {}).get("deleted"):
            return False
        # A file that has lost something in each of so many rounds of the watchdog is given up, and rightly so.
        if now not in rounds[file_id] and len(rounds[file_id]) == TASK_REPEATS:
            return False
        rounds[file_id].add(now)
        return True

    cloud.lost, cloud.time_left = lose, lambda: 30.0
    accepted = live(cloud, patiently=True)
    check(world_of(cloud), accepted, EXPECTED)


@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_a_watchdog_that_dies_anywhere_loses_and_doubles_nothing(how: str) -> None:
    at = 0
    while True:
        boundaries = Boundaries(None, how)
        cloud = Simulator(1, boundaries)
        accepted = _life_without_tasks(cloud)
        boundaries.at = boundaries.passed + at
        until_done(lambda cloud=cloud: cloud.watchdog.look_after())  # type: ignore[misc]
        reached, boundaries.at = boundaries.passed > boundaries.at, None
        boundaries.armed = True
        cloud.drain()
        cloud.wait_out()
        check(world_of(cloud), accepted, {"small.csv": ("Processed", 300, 300, 0)})
        if not reached:
            break
        at += 1
    assert at > 10


def _life_without_tasks(cloud: Simulator) -> dict[str, str]:
    """A table whose tasks all get lost, at the moment at which the watchdog sees that."""
    cloud.lost = lambda consumer, event: event.type == "leanda.parsers.chunk.parse.v1"
    file_id = cloud.upload("small.csv", b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(300)))
    cloud.drain()
    cloud.lost = lambda consumer, event: False
    cloud.clock.forward(seconds=limits.STEP_SECONDS + 1)
    return {file_id: "small.csv"}
