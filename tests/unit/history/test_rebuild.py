"""The log alone tells what the store holds: a fold of the events of every file equals its documents."""

from __future__ import annotations

import gzip
import random

import pytest

from functions.files.models import NodeEdit
from functions.history.erasing import Erasing
from functions.history.rebuild import rebuild
from functions.history.use_cases import Keeping, whole_batch
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.http.auth import Principal
from leanda.messaging import Consumer
from tests.fakes.messaging import FakeDeadLetters
from tests.fakes.pipeline import USER, Pipeline
from tests.faults.told import compare
from tests.unit.history.fakes import FakeEventLog

ME = Viewer(USER)
SMILES = b"CCO ethanol\nc1ccccc1 benzene\n"
FILES = {
    "good.smi": SMILES,
    "partly.smi": b"CCO ethanol\nnot-a-smiles( broken\nC methane\n",
    "none.sdf": b"this is no molecule\n" * 3,
    "table.csv": b"name,MW\n" + b"".join(b"row %d,%d\n" % (n, n) for n in range(2500)),
    "notes.bin": b"\x00\x01\x02",
    "broken.sdf.gz": gzip.compress(b"x" * 100_000)[:60],
    "empty.csv": b"",
}


def origin(n: int) -> Origin:
    return Origin(cause=f"request-{n}", correlation_id="correlation-1", user_id=USER)


def logged(cloud: Pipeline, *, seed: int) -> FakeEventLog:
    """All that was published, twice and shuffled, through the consumer of history."""
    log, letters = FakeEventLog(), FakeDeadLetters()
    consumer = Consumer("history-on-events", Keeping(log).keep, letters, cloud.clock, group=whole_batch)
    messages = cloud.broker.sent * 2
    random.Random(seed).shuffle(messages)
    for start in range(0, len(messages), 50):
        assert consumer.consume(cloud._msk(messages[start : start + 50]), lambda: 1000.0) == {"batchItemFailures": []}
    assert letters.letters == []
    return log


def same(cloud: Pipeline, log: FakeEventLog, *, erased: bool = False) -> int:
    return compare(log.entries.values(), cloud.nodes.documents, cloud.runs.documents, erased=erased)


@pytest.mark.parametrize("seed", range(4))
def test_the_log_of_many_files_adds_up_to_the_store(seed: int) -> None:
    cloud = Pipeline([chemical(), tabular(), generic()], seed=seed, copies=2)
    for name, body in FILES.items():
        cloud.upload(name, body)
    cloud.upload("stored-only.smi", SMILES, process=False)
    cloud.drop("in/box/drop.smi", SMILES)
    cloud.deliver()
    assert same(cloud, logged(cloud, seed=seed)) >= len(FILES) + 4


@pytest.mark.parametrize("seed", range(4))
def test_renaming_reprocessing_deleting_and_new_bytes_are_in_the_log(seed: int) -> None:
    cloud = Pipeline([chemical(), tabular(), generic()], seed=seed, copies=2)
    renamed, again, gone = (cloud.upload(name, SMILES) for name in ("a.smi", "b.smi", "c.smi"))
    failed = cloud.upload("bad.sdf", b"junk\n")
    stored = cloud.upload("none.smi", b"", process=False)
    for name in "def":
        cloud.drop(f"box/{name}.smi", SMILES)
    cloud.deliver()
    cloud.files.edit(ME, renamed, "file", NodeEdit(name="renamed.smi"), None, origin(1))
    cloud.files.reprocess(ME, again, origin(2))
    cloud.files.reprocess(ME, failed, origin(3))
    cloud.files.reprocess(ME, stored, origin(5))
    cloud.drop("box/e.smi", b"not(a molecule\n")
    cloud.drop("box/f.smi", b"\0\1")
    cloud.files.delete(ME, gone, "file", None, origin(4))
    cloud.drop("box/d.smi", SMILES + b"C methane\n")
    cloud.deliver()
    same(cloud, logged(cloud, seed=seed))


def test_a_run_that_a_newer_one_took_over_is_superseded() -> None:
    cloud = Pipeline([chemical(), tabular(), generic()])
    cloud.drop("d.smi", SMILES)
    cloud.drop("d.smi", SMILES + b"C methane\n")
    cloud.deliver()
    (node,) = rebuild(logged(cloud, seed=1).entries.values()).values()
    assert node.latest_run == 2
    same(cloud, logged(cloud, seed=1))


def test_a_missing_event_is_noticed() -> None:
    """Otherwise the comparison above could not fail."""
    cloud = Pipeline([chemical(), tabular(), generic()])
    cloud.upload("a.smi", SMILES)
    cloud.deliver()
    log = logged(cloud, seed=1)
    processed = next(key for key, entry in log.entries.items() if entry.type == "leanda.files.file.processed.v1")
    indexed = next(key for key, entry in log.entries.items() if entry.type == "leanda.files.file.indexed.v1")
    del log.entries[processed], log.entries[indexed]
    with pytest.raises(AssertionError):
        same(cloud, log)


def test_events_that_nobody_understands_here_are_left_out() -> None:
    cloud = Pipeline([chemical(), tabular(), generic()])
    cloud.upload("a.smi", SMILES)
    cloud.deliver()
    log = logged(cloud, seed=1)
    entry = next(iter(log.entries.values()))
    changed = entry.body.replace(entry.type, "leanda.files.file.painted.v1")
    log.entries["x"] = type(entry)(
        **{name: getattr(entry, name) for name in entry.__slots__} | {"id": "x", "body": changed}
    )
    assert same(cloud, log) == 1


@pytest.mark.parametrize("seed", range(2))
def test_an_erased_user_leaves_no_word_and_the_log_still_adds_up_to_the_states(seed: int) -> None:
    cloud = Pipeline([chemical(), tabular(), generic()], seed=seed)
    for name, body in FILES.items():
        cloud.upload(name, body)
    cloud.drop("secret project/drop.smi", SMILES)
    cloud.deliver()
    log = logged(cloud, seed=seed)
    told = Erasing(log, cloud.clock).erase(Principal("op", "olga", ("operators",)), file_id=None, user_id=USER)
    assert told == {"redacted": len(log.entries), "more": False}
    words = [*FILES, "secret project", "drop.smi", f'"userid":"{USER}"', '"detail"']
    for entry in log.entries.values():
        assert not [word for word in words if word in entry.body], entry.type
        assert entry.user_id is None
    assert same(cloud, log, erased=True) >= len(FILES) + 2
