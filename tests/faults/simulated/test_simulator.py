"""Faults at every boundary: death, a failing call, a lost answer, an owner that oversleeps; the end is the undisturbed one."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from typing import Any

import pytest

from functions.search.comparing import Report
from functions.search.reconciling import PAGE
from leanda.errors import Unavailable
from leanda.messaging import Consumer, Group
from leanda.ports import Message
from tests.faults.model import check
from tests.faults.simulated.boundaries import FAULTS, Boundaries, RandomFaults
from tests.faults.simulated.cloud import WINDOW, Simulator, shuffled, world_of
from tests.faults.simulated.files import EXPECTED
from tests.faults.simulated.life import RandomLife, compare, live
from tests.faults.tree import check_tree

SEED = int(os.environ.get("LEANDA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SOME = 12
"""Boundaries tried for each kind of fault in `make test`; `make test-all` tries every one."""
MILLION = 1_000_000

long = pytest.mark.long


@pytest.fixture(autouse=True)
def seed() -> int:
    """Shown with every test that fails."""
    print(f"LEANDA_SEED={SEED}")
    return SEED


@dataclass(frozen=True)
class Calm:
    """The undisturbed life: the boundaries it passes, and what was said in it."""

    boundaries: Boundaries
    sent: list[Message]


@pytest.fixture(scope="module")
def calm() -> Calm:
    boundaries = Boundaries()
    cloud = Simulator(1, boundaries)
    ends_well(cloud, live(cloud))
    return Calm(boundaries, list(cloud.broker.sent))


def ends_well(cloud: Simulator, accepted: dict[str, str]) -> None:
    """What was acknowledged is there once, as in an undisturbed run."""
    check(world_of(cloud), accepted, EXPECTED)
    check_tree(cloud.nodes.documents)


def life_ends_well(life: RandomLife) -> None:
    """And whoever compares the index with the store finds the same, but for revisions that nobody heard of."""
    ends_well(life.cloud, life.accepted)
    total = Report()
    for _ in range(1 + len(life.cloud.nodes.documents) // PAGE):
        total += compare(life.cloud, times=0)
    assert total.drift == total.nodes_stale, total


def disturbed(at: int, how: str, seed: int) -> None:
    boundaries = Boundaries(at, how)
    cloud = Simulator(seed, boundaries)
    boundaries.meanwhile = cloud.life_goes_on
    accepted = live(cloud)
    try:
        ends_well(cloud, accepted)
    except AssertionError as error:
        raise AssertionError(f"{how} at {at} ({boundaries.names[at]}), seed {seed}: {error}") from error
    assert not boundaries.armed, f"nothing happened at {at}"


def test_the_ports_are_instrumented(calm: Calm) -> None:
    assert calm.boundaries.passed > 300


@pytest.mark.parametrize("how", [*FAULTS, "sleep"])
def test_a_fault_at_some_boundaries_changes_nothing(how: str, calm: Calm) -> None:
    for at in sorted(random.Random(f"{SEED}{how}").sample(calm.boundaries.suiting(how), SOME)):
        disturbed(at, how, 1)


@long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("how", [*FAULTS, "sleep"])
def test_a_fault_at_every_boundary_changes_nothing(how: str, calm: Calm) -> None:
    for at in calm.boundaries.suiting(how):
        disturbed(at, how, 1)


# --- disorder ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("round_", range(2))
def test_every_event_five_times_and_shuffled_over_three_instances_changes_nothing(round_: int) -> None:
    cloud = Simulator(SEED + round_, Boundaries(), copies=5)
    ends_well(cloud, live(cloud))


@pytest.mark.parametrize("events", [600, pytest.param(20_000, marks=[long, pytest.mark.timeout(3600)])])
def test_a_busy_life_with_every_event_five_times_changes_nothing(events: int) -> None:
    _busy(Simulator(SEED, Boundaries(), copies=5, window=WINDOW), events)


@pytest.mark.parametrize("events", [1_500, pytest.param(20_000, marks=[long, pytest.mark.timeout(3600)])])
def test_events_that_change_places_among_renames_moves_and_deletions_change_nothing(events: int) -> None:
    _busy(Simulator(SEED, Boundaries(), window=WINDOW), events)


def test_all_events_of_the_day_thirteen_days_later_change_nothing() -> None:
    cloud = Simulator(SEED, Boundaries())
    accepted = live(cloud)
    sent, ends = list(cloud.broker.sent), ends_of_runs(cloud)
    cloud.clock.forward(days=13)
    for message in shuffled(sent, SEED):
        cloud.deliver_messages([message])
    cloud.drain()
    assert ends_of_runs(cloud) == ends
    ends_well(cloud, accepted)


def ends_of_runs(cloud: Simulator) -> dict[str, tuple[Any, ...]]:
    """How and when each run ended: once for all."""
    return {key: (run["state"], run.get("endedAt"), run["revision"]) for key, run in cloud.runs.documents.items()}


# --- faults without end -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [60, pytest.param(5_000, marks=[long, pytest.mark.timeout(3600)])])
def test_faults_again_and_again_change_nothing(faults: int) -> None:
    """In lives of a moderate length: what follows from one event passes so few boundaries that a try without a fault comes."""
    happened, lives = 0, 0
    while happened < faults:
        lives += 1
        boundaries = RandomFaults(SEED + lives, chance=0.004)
        cloud = Simulator(SEED + lives, boundaries, window=WINDOW)
        life = RandomLife(cloud, SEED + lives)
        life.go_on(100)
        life_ends_well(life)
        happened += boundaries.happened


@long
@pytest.mark.timeout(3600)
def test_a_million_steps_of_all_of_this_change_nothing() -> None:
    """Duplicates, disorder, deaths, failures and lost answers together, in lives of a moderate length."""
    steps, lives, began = 0, 0, time.process_time()
    while steps < MILLION:
        lives += 1
        boundaries = RandomFaults(SEED + lives, chance=0.001)
        cloud = Simulator(SEED + lives, boundaries, copies=2, window=WINDOW)
        life = RandomLife(cloud, SEED + lives)
        life.go_on(150)
        life_ends_well(life)
        steps += boundaries.passed + cloud.delivered
    print(f"{steps} steps, {lives} lives, {time.process_time() - began:.0f} s of processor")


# --- a Lambda that dies within its batch ------------------------------------------------------------------------------


@pytest.mark.parametrize("tries", [40, pytest.param(1_000, marks=[long, pytest.mark.timeout(3600)])])
def test_a_death_after_some_records_of_a_batch_changes_nothing(tries: int, calm: Calm) -> None:
    """Batches of a day that is over are delivered again; every consumer dies at a boundary within each of them."""
    dice, boundaries = random.Random(SEED), Boundaries()
    cloud = Simulator(1, boundaries)
    accepted = live(cloud)
    for _ in range(tries):
        batch = dice.sample(cloud.broker.sent, min(len(cloud.broker.sent), dice.randint(2, 12)))
        for consumer, types in cloud.consumers:
            wanted = [one for one in batch if cloud._wanted(consumer, types, one)]
            boundaries.at, boundaries.how, boundaries.armed = boundaries.passed + dice.randint(0, 60), "kill", True
            cloud.feed(consumer, wanted)
    boundaries.armed = False
    cloud.drain()
    ends_well(cloud, accepted)


@pytest.mark.parametrize("n", range(1, 13))
def test_the_response_names_exactly_what_was_not_done(n: int, calm: Calm) -> None:
    """A dependency goes down at record k of n: everything before it was done once, and nothing from it on is acknowledged."""
    for k in range(n + 1):
        cloud, done = Simulator(1, Boundaries()), []

        def handle(group: Group, done: list[str] = done, k: int = k) -> None:
            if len(done) == k:
                raise Unavailable(detail="planted")
            done.extend(one.event.id for one in group)

        consumer = Consumer("any", handle, cloud.letters, cloud.clock, sleep=lambda _: None)
        batch = calm.sent[:n]
        answer = consumer.consume(cloud._msk(batch), lambda: 1000.0)
        assert done == [message.event_id for message in batch[:k]]
        assert [failure["itemIdentifier"]["offset"] for failure in answer["batchItemFailures"]] == [k + 1][: n - k]


def _busy(cloud: Simulator, events: int) -> None:
    life = RandomLife(cloud, SEED, quick=False)
    while cloud.delivered < events:
        life.go_on(20)
    life_ends_well(life)
