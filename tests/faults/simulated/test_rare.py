"""Faults at every kind of port call, also at those of days of what seldom happens; and which calls no life passes, and why."""

from __future__ import annotations

import ast
import importlib
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from leanda.errors import LeandaError
from tests.faults.model import check
from tests.faults.simulated.boundaries import FAULTS, PORTS, Boundaries, methods, suits
from tests.faults.simulated.cloud import Simulator, world_of
from tests.faults.simulated.rare import EXPECTED, live_rarely, small
from tests.faults.tree import check_tree

__all__ = ["small"]

SEED = int(os.environ.get("LEANDA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SOME = 16
"""Kinds of calls tried with each kind of fault in `make test`."""
PLACES = 8
"""Places of each kind of call that `make test-all` tries."""
ROOT = Path(__file__).resolve().parents[3]
SOURCES = (ROOT / "layers" / "shared" / "python", ROOT)

NOT_PASSED = {
    "SearchIndex.ensure": "set-up, before there is a file",
    "SearchIndex.search": "who searches changes nothing",
    "DeadLetterQueue.send": "in these lives nothing is given up; see `test_defects.py`",
    "Uploads.get_many": "common to all documents; of uploads nobody asks for many",
    "Structures": "who searches changes nothing",
    "Album": "pictures, drawn for who looks and drawn again when they are gone",
    "Subjects": "pictures",
    "Cache": "an answer for who looks; whatever is wrong with it, there is none",
    "InboxAccess": "credentials for somebody else's call",
    "ServiceClient": "the way to another context; the ports that stand on it are passed",
    "Guard": "a child of the process; its faults are in `tests/unit/layer/test_guard.py`",
    "Clock": "is always right",
    "Format": "reads bytes",
    "WholeFormat": "reads bytes",
    "WritingFormat": "reads bytes",
    "WritingWholeFormat": "reads bytes",
    "functions.history.ports": "the log; the oracle keeps it itself, and a file goes on without it",
    "functions.deadletters.ports": "letters, of which these lives have none (`tests/faults/running/test_redrive_and_rebuild.py`)",
    "Functions": "letters that are delivered again",
    "Nudge": "the same",
    "functions.platform.use_cases": "set-up of topics",
    "functions.platform.probing": "health; who asks changes nothing",
}
"""Ports, their methods, or all of a module's, and why a life of files does not pass them."""


@pytest.fixture(autouse=True)
def seed() -> None:
    print(f"LEANDA_SEED={SEED}")


@pytest.fixture(scope="module")
def calm() -> Boundaries:
    boundaries = Boundaries()
    cloud = Simulator(1, boundaries)
    ends_well(cloud, live_rarely(cloud))
    return boundaries


def ends_well(cloud: Simulator, accepted: dict[str, str]) -> None:
    check(world_of(cloud), accepted, EXPECTED)
    check_tree(cloud.nodes.documents)
    left = {(one["fileId"], one["run"]) for one in cloud.records.documents.values()}
    artefacts = {key[:2] for key in cloud.artefacts.bodies}
    shown = {(key, node["activeRun"]) for key, node in cloud.nodes.documents.items() if node["type"] == "file"}
    assert left | artefacts <= shown, "what is not shown any more was not removed"


def ports() -> Iterator[type]:
    """Every protocol of the product."""
    for source in SOURCES:
        for path in [*source.glob("leanda/**/*.py"), *source.glob("functions/**/*.py")]:
            found = [one.name for one in ast.walk(ast.parse(path.read_text())) if _is_protocol(one)]
            if found:
                module = importlib.import_module(".".join(path.relative_to(source).with_suffix("").parts))
                yield from (getattr(module, name) for name in found)


def _is_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == "Protocol" for b in node.bases)


def test_every_call_of_every_port_is_passed_or_there_is_a_reason(calm: Boundaries) -> None:
    passed = {name.split()[1] for name in calm.names}
    passing = defaultdict[type, set[str]](set)
    for name, protocols in PORTS.items():
        for base in {base for protocol in protocols for base in protocol.__mro__}:
            passing[base] |= {method for method in methods([base]) if f"{name}.{method}" in passed}
    missing = set()
    for port in ports():
        for method in set(methods([port])) - passing[port]:
            names = {f"{port.__name__}.{method}", port.__name__, port.__module__} & NOT_PASSED.keys()
            missing |= names or {f"{port.__module__}.{port.__name__}.{method}"}
    assert missing == NOT_PASSED.keys()


def disturbed(at: int, how: str) -> None:
    boundaries = Boundaries(at, how)
    cloud = Simulator(1, boundaries)
    boundaries.meanwhile = cloud.life_goes_on
    try:
        ends_well(cloud, live_rarely(cloud))
    except (AssertionError, LeandaError) as error:
        raise AssertionError(f"{how} at {at} ({boundaries.names[at]}), seed {SEED}: {error}") from error
    assert not boundaries.armed, f"nothing happened at {at}"


def places(calm: Boundaries, how: str) -> dict[str, list[int]]:
    """Where a fault can happen, by kind of call."""
    found = defaultdict[str, list[int]](list)
    for at, name in enumerate(calm.names):
        if suits(how, name):
            found[name].append(at)
    return found


@pytest.mark.parametrize("how", [*FAULTS, "sleep"])
def test_a_fault_at_some_kinds_of_calls_changes_nothing(how: str, calm: Boundaries) -> None:
    dice, found = random.Random(f"{SEED}{how}"), places(calm, how)
    for name in sorted(dice.sample(sorted(found), SOME)):
        disturbed(dice.choice(found[name]), how)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("how", [*FAULTS, "sleep"])
def test_a_fault_at_every_kind_of_call_changes_nothing(how: str, calm: Boundaries) -> None:
    dice = random.Random(f"{SEED}{how}")
    for at_all in places(calm, how).values():
        for at in sorted(dice.sample(at_all, min(PLACES, len(at_all)))):
            disturbed(at, how)
