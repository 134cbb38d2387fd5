"""Damaged files of every format among good ones, through the whole pipeline: each ends once, and no good one notices.

`tests/unit/parsers/test_every_format.py` reads many more of them; here what is read also goes into artefacts, events, store and
index, which refuse what the real ones would (`tests.fakes.encodings`).
"""

from __future__ import annotations

import gzip
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from functions.parsers.reading import _parser
from leanda.contracts.artefacts import Record
from leanda.guard import Guard, GuardedChild, Limits
from leanda.parsing.format import WITH_POSITION
from leanda.parsing.signatures import ROWS
from tests.fakes.encodings import strict_json
from tests.faults.model import TERMINAL, check
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import Simulator, world_of
from tests.unit.parsers.mutants import mutant, png_chunks_mended
from tests.unit.parsers.seeds import WORDS, Format, seeds

SEED: Final = int(os.environ.get("LEANDA_SEED") or 0) or random.SystemRandom().randrange(1, 1_000_000)
KINDS: Final = sorted({row.kind for row in ROWS} | {"generic"})
FORMATS: Final[list[Format]] = sorted({(row.kind, name) for row in ROWS for name in _parser(row.kind).formats})
EXTENSIONS: Final = {row.format: row.extensions[0] for row in ROWS if row.extensions}
AT_ONCE: Final = len(FORMATS)
"""Mutants of one life: one of each format, if they come in turn."""
NEIGHBOURS: Final = 6
"""Good files of one life."""
MEMORY_BYTES: Final = 1 << 29
"""Half of what a function has: a claim of more than there is ends the child at once."""
OF_ITS_PLACE: Final = ("_id", "fileId", "recordId", "id", "key", "ancestors", "createdAt", "placement", "identifiers")
"""What two records of the same bytes do not share, or only in part."""


@dataclass(frozen=True)
class Kept:
    """What there is of a file: its outcome, its records and what can be found of them."""

    outcome: tuple[Any, ...]
    records: list[dict[str, Any]]
    found: list[dict[str, Any]]


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    """A real child: a toolkit that crashes on a mutant must not end the test."""
    child = GuardedChild(Limits(item_seconds=60.0, call_seconds=120.0, memory_bytes=MEMORY_BYTES))
    yield child
    child.close()


@pytest.fixture(scope="module")
def undisturbed(guard: Guard) -> dict[tuple[Format, int], Kept]:
    """What becomes of every good file where there are no others."""
    cloud = life(SEED, guard)
    accepted = {
        upload(cloud, format, body): (format, n) for format in FORMATS for n, body in enumerate(seeds()[format])
    }
    cloud.drain()
    check(world_of(cloud), {file_id: str(one) for file_id, one in accepted.items()}, {})
    found = {one: kept(cloud, file_id) for file_id, one in accepted.items()}
    for (format, n), one in found.items():
        assert one.outcome[0] in {"Processed", "ProcessedPartially"}, (format, n, one.outcome)
        assert one.found, f"nothing is found of {format} {n}"
    return found


@pytest.mark.parametrize(
    "count", [3 * AT_ONCE, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(3 * 3600)])]
)
def test_mutants_of_every_format_end_once_and_cost_no_neighbour_anything(
    count: int, guard: Guard, undisturbed: dict[tuple[Format, int], Kept]
) -> None:
    print(f"LEANDA_SEED={SEED}")
    pool = [content for format in FORMATS for content in seeds()[format]]
    ends: Counter[str] = Counter()
    for first in range(0, count, AT_ONCE):
        dice = random.Random(f"{SEED} {first}")
        cloud = life(SEED + first, guard)
        damaged = {
            upload(cloud, format, body): f"{format} of life {first}"
            for format, body in (damage(one, pool, dice) for one in FORMATS[: count - first])
        }
        good = {
            upload(cloud, format, seeds()[format][n]): (format, n)
            for format, n in dice.sample(sorted(undisturbed), NEIGHBOURS)
        }
        cloud.drain()
        check(world_of(cloud), damaged | {file_id: str(one) for file_id, one in good.items()}, {})
        check_artefacts(cloud)
        files = [node["_id"] for node in cloud.nodes.documents.values() if node["type"] == "file"]
        statuses = {file_id: check_end(cloud, file_id, damaged.get(file_id, "another file")) for file_id in files}
        ends.update(statuses[file_id] for file_id in damaged)
        for file_id, one in good.items():
            assert kept(cloud, file_id) == undisturbed[one], f"{one} among {first} is not what it is alone"
    print(dict(ends.most_common()))
    assert ends.total() == count
    assert ends["Processed"] + ends["ProcessedPartially"] > count // 4, "the mutants only test the front door"
    assert ends["Failed"] > count // 20, "the mutants are hardly damaged"


def life(seed: int, guard: Guard) -> Simulator:
    """A cloud with the parsers that are deployed."""
    return Simulator(seed, Boundaries(), parsers=[_parser(kind) for kind in KINDS], guard=guard)


def upload(cloud: Simulator, format: Format, body: bytes) -> str:
    """Send a file as somebody does who wants everything of it that there is."""
    kind, name = format
    return cloud.upload(
        f"a.{EXTENSIONS[name.removesuffix(WITH_POSITION)]}",
        body,
        unpack=kind == "bundle",
        position=name.endswith(WITH_POSITION),
    )


def damage(format: Format, pool: Sequence[bytes], dice: random.Random) -> tuple[Format, bytes]:
    """A format with a mutant of one of its files."""
    content = mutant(dice.choice(seeds()[format]), pool, dice, WORDS[format[0]])
    if format[1].startswith("png") and dice.random() < 0.75:
        content = png_chunks_mended(content)
    return format, content


def kept(cloud: Simulator, file_id: str) -> Kept:
    """What there is of a file, but for what its place says."""
    node = cloud.nodes.documents[file_id]
    counts = node["counts"]
    outcome = (node["status"], node["kind"], node["format"], counts["total"], counts["parsed"], counts["failed"])
    records = cloud.records.page(file_id, node["activeRun"], status=None, after=None, limit=1_000_000)
    shown = [one for one in cloud.index.shown("leanda-records-write").values() if one["fileId"] == file_id]
    shown.sort(key=lambda one: one["index"])
    names = [[text for text in one["identifiers"] if text != one["id"]] for one in shown]
    found = [_anywhere(one) | {"names": own} for one, own in zip(shown, names, strict=True)]
    return Kept(outcome, [_anywhere(record) for record in records], found)


def _anywhere(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in OF_ITS_PLACE}


def check_end(cloud: Simulator, file_id: str, name: str) -> str:
    """The one status that a file ended with; what failed has a code."""
    node = cloud.nodes.documents[file_id]
    told = statuses_told(cloud, file_id)
    assert node["status"] in TERMINAL, f"stuck: {name} is {node['status']}"
    ended = [status for status in told if status in TERMINAL]
    assert ended == [node["status"]] == told[-1:], f"{name} is {node['status']}, and was told to be {told}"
    if node["status"] == "Failed":
        assert (node.get("failure") or {}).get("code"), f"{name} failed without a code"
    for record in cloud.records.page(file_id, node["activeRun"], status="Failed", after=None, limit=1_000_000):
        assert record["issues"], f"{name}: record {record['index']} failed without a reason"
        assert all(issue["code"] for issue in record["issues"]), f"{name}: {record['issues']}"
    return str(node["status"])


def statuses_told(cloud: Simulator, file_id: str) -> list[str]:
    """What a file was told to be, one after another."""
    told = {
        event.id: (event.data["revision"], event.data["status"])
        for event in cloud.broker.events()
        if event.data.get("fileId") == file_id
        and event.type.startswith("leanda.files.file.")
        and "status" in event.data
    }
    found = [status for _, status in sorted(told.values(), key=lambda one: one[0])]
    return [status for n, status in enumerate(found) if not n or found[n - 1] != status]


def check_artefacts(cloud: Simulator) -> None:
    """Every line that a stage wrote down is JSON, and every record is one."""
    for (*_, stage, _sha), body in cloud.artefacts.bodies.items():
        if stage == "input":
            continue
        for line in gzip.decompress(body).splitlines():
            strict_json(line)
            if stage in {"parsed", "processed"}:
                Record.model_validate_json(line)
