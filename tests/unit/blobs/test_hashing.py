"""The SHA-256 of large originals: attached to what is there already, or the condition for being there at all."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

import pytest

from functions.blobs.hashing import BYTES_A_SECOND, RESERVE_SECONDS, TRIES
from functions.blobs.use_cases import Downloading
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda import ids, limits
from leanda.access.policy import Viewer
from leanda.errors import NotFound, Unavailable
from tests.fakes.pipeline import USER, Pipeline
from tests.faults.simulated.boundaries import PORTS, Boundaries, Killed
from tests.faults.simulated.cloud import until_done

ME = Viewer(USER)
SMILES = b"CCO ethanol\nC methane\n"
RIGHT, WRONG = hashlib.sha256(SMILES).hexdigest(), hashlib.sha256(b"other").hexdigest()
STORED, HASHED = "leanda.blobs.blob.stored.v1", "leanda.blobs.blob.hashed.v1"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of some bytes is a large one."""
    monkeypatch.setattr(limits, "MAX_POST_BYTES", 8)


def uploaded(**more: Any) -> tuple[Pipeline, str]:
    cloud = Pipeline([chemical(), generic()])
    file_id = cloud.upload("a.smi", SMILES, **more)
    cloud.deliver()
    return cloud, file_id


def hashed(cloud: Pipeline, **later: float) -> dict[str, int]:
    cloud.clock.forward(**(later or {"seconds": 1}))
    counts = cloud.hashing.hash_due()
    cloud.deliver()
    return {name: count for name, count in counts.items() if count}


def test_it_is_attached_to_a_file_that_was_processed_meanwhile_and_finds_it() -> None:
    cloud, file_id = uploaded()
    before = cloud.files.get(ME, file_id)
    assert (before["status"], before.get("sha256")) == ("Processed", None)
    assert hashed(cloud) == {"hashed": 1}
    after = cloud.files.get(ME, file_id)
    assert (after["status"], after["sha256"], after["latestRun"]["run"]) == ("Processed", RIGHT, 1)
    assert cloud.index.shown("leanda-nodes-write")[file_id]["identifiers"] == [file_id, RIGHT]
    assert hashed(cloud, days=1) == {}
    assert len(cloud.broker.events(HASHED)) == 1


def test_it_waits_until_the_bytes_are_taken() -> None:
    """Heard of before them it would say nothing to anybody."""
    cloud = Pipeline([chemical(), generic()])
    file_id = cloud.upload("a.smi", SMILES)
    assert hashed(cloud) == {}
    cloud.deliver()
    assert hashed(cloud) == {"hashed": 1}
    assert cloud.files.get(ME, file_id)["sha256"] == RIGHT


def test_what_was_announced_is_settled_before_anybody_hears_of_the_bytes() -> None:
    cloud, file_id = uploaded(sha256=RIGHT.upper())
    assert cloud.broker.events(STORED) == []
    assert cloud.files.get(ME, file_id)["status"] == "Loading"
    assert hashed(cloud) == {"hashed": 1}
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["sha256"], shown["totalRecords"]) == ("Processed", RIGHT, 2)
    assert cloud.broker.events(HASHED) == []


def test_bytes_that_are_not_what_was_announced_are_refused_and_never_read() -> None:
    cloud, file_id = uploaded(sha256=WRONG)
    assert hashed(cloud) == {"hashed": 1}
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "BLOB_CHECKSUM_MISMATCH")
    assert cloud.records.documents == {}
    assert not cloud.runs.documents
    (blob_id,) = cloud.blobs.documents
    with pytest.raises(NotFound):
        Downloading(cloud.blobs, cloud.objects).url(blob_id)
    cloud.wait_out()
    assert cloud.files.get(ME, file_id)["failure"]["code"] == "BLOB_CHECKSUM_MISMATCH"


@pytest.mark.parametrize(
    ("fact", "announced"), [(STORED, RIGHT), ("leanda.blobs.blob.rejected.v1", WRONG), (HASHED, None)]
)
def test_what_gets_lost_is_told_again(fact: str, announced: str | None) -> None:
    cloud, file_id = uploaded(sha256=announced)
    deaf = [True]
    cloud.lost = lambda consumer, event: bool(deaf) and event.type == fact and consumer.name.startswith("files-")
    hashed(cloud)
    assert (cloud.files.get(ME, file_id)["status"] == "Loading") == bool(announced)
    deaf.clear()
    cloud.wait_out()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown.get("sha256")) == (("Failed", None) if announced == WRONG else ("Processed", RIGHT))


@pytest.mark.parametrize("announced", [None, RIGHT])
def test_bytes_that_are_gone_wait_for_nobody(announced: str | None) -> None:
    cloud, file_id = uploaded(sha256=announced)
    cloud.objects.versions.clear()
    assert hashed(cloud) == {"hashed": 1}
    assert hashed(cloud, days=1) == {}
    failure = cloud.files.get(ME, file_id).get("failure")
    assert (failure and failure["code"]) == ("BLOB_GONE" if announced else None)


@pytest.mark.parametrize("announced", [None, RIGHT])
@pytest.mark.parametrize("death", [Unavailable, Killed])
def test_bytes_that_can_never_be_read_to_their_end_leave_no_file_waiting(
    announced: str | None, death: type[BaseException]
) -> None:
    cloud, file_id = uploaded(sha256=announced)
    tries: list[str] = []

    def slow(key: str, *_: Any, **__: Any) -> Any:
        tries.append(key)
        raise death

    cloud.objects.read = slow  # type: ignore[method-assign]
    for _ in range(200):
        with contextlib.suppress(Killed):
            hashed(cloud, minutes=16)
    assert len(tries) == TRIES
    shown = cloud.files.get(ME, file_id)
    failure = shown.get("failure")
    assert (shown["status"], failure and failure["code"]) == (
        ("Failed", "BLOB_UNREADABLE") if announced else ("Processed", None)
    )


def test_two_at_a_time_share_the_work_and_what_one_died_at_is_due_again() -> None:
    cloud, file_id = uploaded()
    read, others = cloud.objects.read, []

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        others.append(cloud.hashing.hash_due())
        raise Killed

    cloud.objects.read = meanwhile  # type: ignore[method-assign]
    with pytest.raises(Killed):
        hashed(cloud)
    cloud.objects.read = read  # type: ignore[method-assign]
    assert others == [{"hashed": 0, "failed": 0}]
    assert hashed(cloud, minutes=14) == {}
    assert hashed(cloud, minutes=2) == {"hashed": 1}
    assert cloud.files.get(ME, file_id)["sha256"] == RIGHT


def test_what_cannot_be_read_holds_up_no_other_and_what_takes_too_long_waits_for_more_time() -> None:
    cloud, bad = uploaded()
    large, good = (cloud.upload(f"{n}.smi", SMILES) for n in range(2))
    cloud.deliver()
    read = cloud.objects.read

    def broken(key: str, *arguments: Any, **named: Any) -> Any:
        if key.endswith(bad):
            raise ValueError("planted")
        return read(key, *arguments, **named)

    cloud.objects.read = broken  # type: ignore[method-assign]
    cloud.blobs.documents[ids.blob_id(large, cloud.objects.latest[f"uploads/{large}"])]["size"] = 10 * BYTES_A_SECOND
    cloud.clock.forward(seconds=1)
    assert cloud.hashing.hash_due(lambda: RESERVE_SECONDS + 9) == {"hashed": 1, "failed": 1}
    cloud.objects.read = read  # type: ignore[method-assign]
    assert hashed(cloud) == {"hashed": 1}, "with more time"
    assert hashed(cloud, minutes=16) == {"hashed": 1}
    assert [cloud.files.get(ME, one)["sha256"] for one in (bad, large, good)] == [RIGHT] * 3


@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_dying_anywhere_loses_and_doubles_nothing(how: str) -> None:
    at = 0
    while True:
        cloud, boundaries = Pipeline([chemical(), generic()]), Boundaries(at, how)
        plain, right, wrong = (cloud.upload("a.smi", SMILES, sha256=sha) for sha in (None, RIGHT, WRONG))
        cloud.deliver()
        cloud.clock.forward(seconds=1)
        cloud.death = Killed
        for port in PORTS:
            boundaries.wrap(getattr(cloud, port), port)
        until_done(cloud.hashing.hash_due)
        reached = boundaries.passed > at
        boundaries.at = None
        cloud.wait_out()
        shown = [cloud.files.get(ME, one) for one in (plain, right, wrong)]
        assert [one["status"] for one in shown] == ["Processed", "Processed", "Failed"]
        assert [one.get("sha256") for one in shown] == [RIGHT, RIGHT, None]
        assert len({event.id for event in cloud.broker.events(HASHED)}) == 1
        if not reached:
            break
        at += 1
    assert at > 8
