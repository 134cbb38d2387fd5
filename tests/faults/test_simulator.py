"""Faults at every boundary: the process dies, a call fails, an answer is lost; the end is the undisturbed one."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import pytest

from tests.faults.boundaries import Boundaries
from tests.faults.life import live, outcomes, simulator
from tests.faults.model import check

SEED = int(os.environ.get("LEANDA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SOME = 25
"""Boundaries tried for each kind of fault in `make test`; `make test-all` tries every one."""


@dataclass(frozen=True)
class Calm:
    """The undisturbed life: what becomes of each file, and how many boundaries it passes."""

    outcomes: dict[str, tuple[object, ...]]
    boundaries: int


@pytest.fixture(scope="module")
def calm() -> Calm:
    boundaries = Boundaries()
    cloud = simulator(1, boundaries)
    accepted = live(cloud)
    check(cloud, accepted, {})
    return Calm(outcomes(cloud, accepted), boundaries.passed)


def disturbed(at: int, how: str, seed: int, calm: Calm) -> None:
    boundaries = Boundaries(at, how)
    cloud = simulator(seed, boundaries)
    accepted = live(cloud)
    try:
        check(cloud, accepted, calm.outcomes)
    except AssertionError as error:
        raise AssertionError(f"{how} at {at} ({boundaries.names[at]}), seed {seed}: {error}") from error


def test_the_undisturbed_life_has_the_outcomes_it_should(calm: Calm) -> None:
    assert calm.outcomes == {
        "drugs.smi": ("Processed", 3, 3, 0),
        "partly.smi": ("ProcessedPartially", 2, 1, 1),
        "table.csv": ("Processed", 1200, 1200, 0),
        "bad.sdf": ("Failed", 1, 0, 1),
        "raw.bin": ("Processed", 0, 0, 0),
    }
    assert calm.boundaries > 300, "the ports are not instrumented"


@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_a_fault_at_some_boundaries_changes_nothing(how: str, calm: Calm) -> None:
    print(f"LEANDA_SEED={SEED}")
    for at in sorted(random.Random(f"{SEED}{how}").sample(range(calm.boundaries), SOME)):
        disturbed(at, how, 1, calm)


@pytest.mark.long
@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_a_fault_at_every_boundary_changes_nothing(how: str, calm: Calm) -> None:
    for at in range(calm.boundaries):
        disturbed(at, how, 1, calm)


@pytest.mark.parametrize("round_", range(6))
def test_every_event_five_times_and_shuffled_changes_nothing(round_: int, calm: Calm) -> None:
    seed = SEED + round_
    print(f"LEANDA_SEED={seed}")
    cloud = simulator(seed, Boundaries(), copies=5)
    accepted = live(cloud)
    check(cloud, accepted, calm.outcomes)


def test_all_events_of_the_day_thirteen_days_later_change_nothing(calm: Calm) -> None:
    cloud = simulator(SEED, Boundaries())
    accepted = live(cloud)
    sent = list(cloud.broker.sent)
    cloud.clock.forward(days=13)
    random.Random(SEED).shuffle(sent)
    cloud.deliver_messages(sent)
    cloud.drain()
    check(cloud, accepted, calm.outcomes)
