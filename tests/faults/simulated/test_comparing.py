"""The index is compared, repaired and made anew while files move and get further runs: nothing that is there is hidden by it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.files.models import NodeEdit
from functions.search import rebuild_state
from functions.search.comparing import Report
from leanda import limits
from tests.faults.model import check
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import Simulator, origin, world_of
from tests.faults.simulated.files import EXPECTED, FILES
from tests.faults.simulated.life import ME, compare, make_folder, upload
from tests.faults.simulated.test_simulator import SEED
from tests.unit.search.maintenance import ticking

STEPS = 50
"""More than any rebuild takes here."""
NAMES = ("partly.smi", "table.csv")
SOME = 4
"""Calls at which who compares is paused in `make test`; `make test-all` tries every one."""


@pytest.fixture(autouse=True)
def chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has enough of them for a repair to end within it."""
    monkeypatch.setattr(limits, "CHUNK_RECORDS", 20)


class Comparing:
    """Some files that are found, and what then happens to them all without the index having heard of it."""

    def __init__(self) -> None:
        self.boundaries = Boundaries()
        self.cloud = Simulator(1, self.boundaries)
        self.folder = make_folder(self.cloud, "folder")
        self.accepted = {upload(self.cloud, name, FILES[name].body, name): name for name in NAMES}
        self.cloud.drain()
        self.boundaries.meanwhile = self.cloud.deliver

    def move(self) -> None:
        for file_id in self.accepted:
            edit = NodeEdit(parent_id=self.folder)
            self.cloud.files.edit(ME, file_id, "file", edit, None, origin(f"move-{file_id}"))

    def move_twice(self) -> None:
        self.move()
        for file_id in self.accepted:
            edit = NodeEdit(parent_id=ME.user_id)
            self.cloud.files.edit(ME, file_id, "file", edit, None, origin(f"back-{file_id}"))

    def run_again(self) -> None:
        for file_id in self.accepted:
            self.cloud.files.reprocess(ME, file_id, origin(f"again-{file_id}"))

    def delete_and_restore(self) -> None:
        for file_id in self.accepted:
            self.cloud.files.delete(ME, file_id, "file", None, origin(f"delete-{file_id}"))
            self.cloud.files.restore(ME, file_id, "file", origin(f"restore-{file_id}"))

    def reconcile(self, *, times: int) -> Report:
        go_on = self.cloud.reconciler.go_on
        return Report(**go_on(left=ticking(times=times), grace=timedelta(0))["report"])

    def rebuild(self, *, times: int) -> None:
        """Until it is done; the first step has filled the new index before anything happened."""
        for _ in range(STEPS):
            if self.cloud.rebuild.status()["phase"] in rebuild_state.OPEN:
                self.cloud.rebuild.go_on(left=ticking(times=times))
        assert self.cloud.rebuild.status()["phase"] == rebuild_state.DONE

    def ends_well(self) -> None:
        self.cloud.drain()
        check(world_of(self.cloud), self.accepted, EXPECTED)
        assert compare(self.cloud, times=100) == Report(nodes=len(self.accepted) + 1)


HAPPENINGS: list[Callable[[Comparing], None]] = [
    Comparing.move,
    Comparing.move_twice,
    Comparing.run_again,
    Comparing.delete_and_restore,
]


def _happened(happens: Callable[[Comparing], None], *, rebuilt: bool) -> Comparing:
    world = Comparing()
    if rebuilt:
        assert world.cloud.rebuild.start(left=lambda: -1.0)["phase"] == rebuild_state.COMPARING
    happens(world)
    return world


@pytest.mark.parametrize("times", range(6))
@pytest.mark.parametrize("happens", HAPPENINGS)
def test_a_repair_that_runs_out_of_time_hides_nothing(happens: Callable[[Comparing], None], times: int) -> None:
    world = _happened(happens, rebuilt=False)
    world.reconcile(times=times)
    world.ends_well()


@pytest.mark.parametrize("times", range(3))
@pytest.mark.parametrize("happens", HAPPENINGS)
def test_a_rebuild_in_short_steps_hides_nothing(happens: Callable[[Comparing], None], times: int) -> None:
    world = _happened(happens, rebuilt=True)
    world.cloud.rebuild.go_on(left=ticking(times=times))
    world.cloud.deliver(rounds=3)
    world.rebuild(times=times)
    world.ends_well()


@pytest.mark.parametrize("happens", HAPPENINGS)
@pytest.mark.parametrize("rebuilt", [False, True])
@pytest.mark.parametrize("some", [SOME, pytest.param(None, marks=pytest.mark.long)])
def test_what_the_indexer_writes_while_files_are_compared_stays(
    happens: Callable[[Comparing], None], rebuilt: bool, some: int | None
) -> None:
    """Who compares is paused at a call, and all events that wait are delivered before it goes on."""

    def work(world: Comparing) -> None:
        if rebuilt:
            world.rebuild(times=1000)
        else:
            world.reconcile(times=1000)

    world = _happened(happens, rebuilt=rebuilt)
    before = world.boundaries.passed
    work(world)
    ats = range(before, world.boundaries.passed)
    for at in random.Random(SEED).sample(ats, min(some or len(ats), len(ats))):
        world = _happened(happens, rebuilt=rebuilt)
        world.boundaries.at, world.boundaries.how = at, "sleep"
        work(world)
        assert not world.boundaries.armed
        try:
            world.ends_well()
        except AssertionError as error:
            raise AssertionError(f"paused at {at} ({world.boundaries.names[at]}), seed {SEED}") from error
