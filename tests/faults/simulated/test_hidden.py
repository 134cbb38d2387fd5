"""Folders are deleted and restored while events of before are under way, twice and out of order: hidden is what is gone."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from functions.search.hiding import NOTE
from functions.search.queries import SearchRequest
from functions.search.use_cases import Search
from leanda.errors import Conflict, NotFound
from leanda.http.cursors import Cursors
from tests.fakes.search import InProcessAuthority
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import Simulator, origin
from tests.faults.simulated.life import ME, make_folder, upload
from tests.unit.search.fakes import MemoryStructures

SEED = int(os.environ.get("LEANDA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)


@pytest.fixture(autouse=True)
def seed() -> int:
    """Shown with every test that fails."""
    print(f"LEANDA_SEED={SEED}")
    return SEED


def found(cloud: Simulator) -> int:
    """How much a search counts."""
    search = Search(cloud.index, InProcessAuthority(cloud.nodes, cloud.runs), MemoryStructures(), Cursors(b"key"))
    total: int = search.find(ME, SearchRequest(), cursor=None, limit=1)["total"]
    return total


def hidden(cloud: Simulator) -> set[str]:
    return {entry["id"] for entry in cloud.index.notes.load(NOTE)[0].get("hidden", ())}


def begun_deletions(cloud: Simulator) -> set[str]:
    """Folders that are deleted, and not because a folder above them is."""
    nodes: dict[str, dict[str, Any]] = cloud.nodes.documents
    return {key for key, node in nodes.items() if node["deleted"] and node["deletion"].startswith(f"{key}:")}


def test_nothing_below_is_counted_before_the_deletion_has_gone_down() -> None:
    cloud = Simulator(1, Boundaries())
    top = make_folder(cloud, "top")
    deep = make_folder(cloud, "deep", top)
    for n, parent in enumerate((top, deep, deep)):
        cloud.upload(f"{n}.smi", b"CCO\nCCC\n", parent_id=parent)
    upload(cloud, "beside.smi", b"CCO\n", "beside")
    cloud.drain()
    assert found(cloud) == 2 + 3 * 3 + 2
    cloud.lost = lambda consumer, event: consumer.name == "files-on-file-events"  # who goes on with a deletion is away
    cloud.files.delete(ME, top, "folder", None, origin("delete"))
    cloud.drain()
    assert len(cloud.index.shown("leanda-records-write")) == 2 * 3 + 1
    assert found(cloud) == 2


@pytest.mark.parametrize("number", range(6))
def test_in_the_end_that_is_hidden_which_is_deleted(number: int) -> None:
    seed = SEED + number
    cloud, dice = Simulator(seed, Boundaries(), copies=2), random.Random(seed)
    folders = [make_folder(cloud, "f0")]
    for n in range(1, 6):
        folders.append(make_folder(cloud, f"f{n}", dice.choice(folders)))
    for folder in folders:
        cloud.upload("some.smi", b"CCO\n", parent_id=folder)
    cloud.drain()
    for n in range(25):
        folder = dice.choice(folders)
        try:
            if cloud.nodes.documents[folder]["deleted"]:
                cloud.files.restore(ME, folder, "folder", origin(f"step-{n}"))
            else:
                cloud.files.delete(ME, folder, "folder", None, origin(f"step-{n}"))
        except (Conflict, NotFound):
            pass  # the folder above it is deleted
        cloud.deliver(rounds=dice.randint(0, 10))
    cloud.drain()
    assert hidden(cloud) == begun_deletions(cloud), f"seed {seed}"
    living = [node for node in cloud.nodes.documents.values() if not node["deleted"]]
    assert found(cloud) == len(living) + sum(node["type"] == "file" for node in living)
