"""Two requests that cross at every boundary, and a death after that: folders stay a tree, and what was acknowledged holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.files.models import NewFile, NewFolder, NodeEdit
from functions.files.placement import ParentDeleted
from leanda.access.policy import Viewer
from leanda.errors import LeandaError
from tests.fakes.pipeline import USER
from tests.faults.model import check
from tests.faults.simulated.boundaries import Boundaries, Killed
from tests.faults.simulated.cloud import Simulator, origin, world_of
from tests.faults.simulated.life import make_folder
from tests.faults.tree import check_tree

ME = Viewer(USER)


class Crossing(Boundaries):
    """At one boundary somebody else's request is done from beginning to end; at a later one the process dies."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = False
        self.dies: int | None = None
        self.where = ""

    def arm(self, at: int, dies: int | None) -> None:
        self.passed, self.at, self.dies, self.armed = 0, at, dies, True

    def _due(self, here: int, name: str) -> bool:
        if here == self.at:
            self.armed, self.where = False, name
            self.meanwhile()
            self.armed = True
        if here == self.dies:
            self.armed = False
            raise Killed(name)
        return False


@dataclass
class Scene:
    """a/inner and b are folders, `file` is in the root; `crossing` is what comes in between."""

    cloud: Simulator
    boundaries: Crossing
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cloud = self.cloud
        for name, parent in (("a", None), ("inner", "a"), ("b", None), ("home", None)):
            self.ids[name] = make_folder(cloud, name, self.ids[parent] if parent else None)
        wanted = NewFile(name="old.smi", size=12, parent_id=self.ids["home"])
        self.ids["file"] = cloud.files.create(ME, wanted, idempotency_key="file", origin=origin("file"))["id"]
        cloud.receiving.receive(*cloud.objects.put(f"uploads/{self.ids['file']}", b"CCO ethanol\n"))
        cloud.drain()

    def move(self, what: str, to: str, type_: str = "folder") -> dict[str, Any]:
        edit = NodeEdit(parent_id=USER if to == "root" else self.ids[to])
        return self.cloud.files.edit(ME, self.ids[what], type_, edit, None, origin(f"move {what}"))

    def delete(self, what: str) -> None:
        self.cloud.files.delete(ME, self.ids[what], "folder", None, origin(f"delete {what}"))

    def upload(self, to: str) -> dict[str, Any]:
        wanted = NewFile(name="new.smi", size=12, parent_id=self.ids[to])
        made = self.cloud.files.create(ME, wanted, idempotency_key="new", origin=origin("new"))
        self.cloud.receiving.receive(*self.cloud.objects.put(f"uploads/{made['id']}", b"CCC propane\n"))
        return made

    def make(self, to: str) -> dict[str, Any]:
        wanted = NewFolder(name="made", parent_id=self.ids[to])
        return self.cloud.files.create_folder(ME, wanted, idempotency_key="made", origin=origin("made"))


def new_scene() -> Scene:
    boundaries = Crossing()
    return Scene(Simulator(1, boundaries), boundaries)


Act = Callable[[Scene], Any]
FIRST: dict[str, Act] = {
    "upload": lambda scene: scene.upload("inner"),
    "folder": lambda scene: scene.make("inner"),
    "move file": lambda scene: scene.move("file", "inner", "file"),
    "move folder": lambda scene: scene.move("b", "inner"),
}
THEN: dict[str, Act] = {
    "delete": lambda scene: scene.delete("a"),
    "delete inner": lambda scene: scene.delete("inner"),
    "move": lambda scene: scene.move("a", "home"),
    "move into it": lambda scene: scene.move("a", "b"),
    "move out": lambda scene: scene.move("inner", "root"),
}


def crossed(first: Act, then: Act, at: int, dies: int | None, *, delivered: bool) -> tuple[int, Any, str]:
    """How many boundaries the first request passed, what it said, and at which boundary they crossed; then the end is judged."""
    scene = new_scene()
    cloud, refused = scene.cloud, list[LeandaError]()

    def meanwhile() -> None:
        try:
            then(scene)
        except LeandaError as error:  # refused: the first was first
            refused.append(error)
        if delivered:
            cloud.deliver()

    scene.boundaries.meanwhile = meanwhile
    scene.boundaries.arm(at, dies)
    said: Any = None
    try:
        said = first(scene)
    except (LeandaError, Killed) as error:
        said = error
    scene.boundaries.armed = False
    passed = scene.boundaries.passed
    cloud.drain()
    cloud.wait_out()
    world = world_of(cloud)
    check_tree(world.nodes)
    if isinstance(said, dict):
        node = world.nodes[said["id"]]
        assert node["parentId"] == said["parentId"], "what was acknowledged was undone"
    check(world, {}, {})
    return passed, said, scene.boundaries.where


def test_two_moves_into_each_other_are_one_move() -> None:
    """At every boundary of the one the other comes in between: never a circle, and one that was acknowledged stays."""
    at, passed, refusals = 0, 1, 0
    while at < passed:
        passed, said, _ = crossed(FIRST["move folder"], THEN["move into it"], at, None, delivered=False)
        refusals += isinstance(said, LeandaError)
        at += 1
    assert refusals > 0


@pytest.mark.parametrize("delivered", [True, False])
@pytest.mark.parametrize("first", FIRST)
def test_nothing_is_acknowledged_in_a_folder_that_went_before_it_was_written(first: str, delivered: bool) -> None:
    at, passed, refusals = 0, 1, 0
    while at < passed:
        passed, said, where = crossed(FIRST[first], THEN["delete"], at, None, delivered=delivered)
        if where in {"before nodes.insert", "before nodes.apply"} and not refusals:
            assert isinstance(said, ParentDeleted), where
            refusals += 1
        at += 1
    assert refusals == 1


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("first", FIRST)
def test_requests_that_cross_anywhere_leave_a_tree(first: str, then: str) -> None:
    at = 0
    while True:
        passed, _, _ = crossed(FIRST[first], THEN[then], at, None, delivered=bool(at % 2))
        if passed <= at:
            break
        at += 1
    assert at > 10


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("first", FIRST)
def test_who_dies_after_that_leaves_a_tree(first: str, then: str, step: int) -> None:
    """Every `step`-th boundary to cross at, and then to die at."""
    passed, _, _ = crossed(FIRST[first], THEN[then], -1, None, delivered=False)
    for at in range(0, passed, step):
        for dies in range(at, passed + 4, step):
            crossed(FIRST[first], THEN[then], at, dies, delivered=bool(dies % 2))
