"""The guarded child: a death names its item, limits hold, nothing of the parent is within reach, the child is reused."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leanda.guard import CallFailed, ChildDied, Death, GuardedChild, Limits
from tests.unit.parsers_tabular import workbooks

CALLS = "tests.unit.layer.guard_calls"
PATIENT = Limits(item_seconds=60, call_seconds=120, memory_bytes=512 << 20, output_bytes=8 << 20)
# Only for those that never answer: on a busy machine a new child alone may take a second to start.
QUICK = replace(PATIENT, item_seconds=3)
PAST_THE_LIMIT_SECONDS = 2.0


@pytest.fixture
def child() -> Iterator[GuardedChild]:
    guard = GuardedChild(PATIENT)
    yield guard
    guard.close()


def test_results_come_in_order_and_the_child_is_reused(child: GuardedChild) -> None:
    first = list(child.stream(f"{CALLS}:pid", {}, b""))
    assert list(child.stream(f"{CALLS}:echo", {"times": 3}, b"body")) == [b"0:body", b"1:body", b"2:body"]
    assert list(child.stream(f"{CALLS}:pid", {}, b"")) == first


@pytest.mark.parametrize(
    ("how", "death"),
    [
        ("abort", Death.CRASHED),
        ("abort without memory", Death.MEMORY),
        ("abort in rust", Death.MEMORY),
        ("abort in c++", Death.MEMORY),
        ("abort with chatter", Death.CRASHED),
        ("segfault", Death.CRASHED),
        ("exit", Death.CRASHED),
        ("hang", Death.TIMED_OUT),
        ("spin", Death.TIMED_OUT),
        ("memory", Death.MEMORY),
        ("output", Death.OUTPUT),
    ],
)
def test_a_death_comes_after_exactly_the_results_before_it(how: str, death: Death) -> None:
    results: list[bytes] = []
    child = GuardedChild(QUICK if death is Death.TIMED_OUT else PATIENT)
    with pytest.raises(ChildDied) as died:
        results.extend(child.stream(f"{CALLS}:misbehave", {"after": 2, "how": how}, b""))
    assert results == [b"0", b"1"]
    assert died.value.death is death
    assert list(child.stream(f"{CALLS}:echo", {"times": 1}, b"again")) == [b"0:again"], "the next call has a new child"
    child.close()


def test_a_child_that_works_without_end_is_ended_soon_past_its_limit() -> None:
    """In processor time, its start included: on a busy machine the clock on the wall says nothing."""
    child, before = GuardedChild(QUICK), resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(ChildDied):
        list(child.stream(f"{CALLS}:misbehave", {"after": 0, "how": "spin"}, b""))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0 < used < QUICK.item_seconds + PAST_THE_LIMIT_SECONDS


def test_a_workbook_too_large_for_the_memory_says_so(tmp_path: Path) -> None:
    """Its reader is written in Rust, whose programs abort when an allocation fails."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbooks.xlsx({"A": [["name", "mass"], *([f"row {n}", n / 7] for n in range(60_000))]}))
    child = GuardedChild(replace(PATIENT, memory_bytes=16 << 20))
    arguments = {"kind": "tabular", "format": "xlsx", "path": str(path)}
    with pytest.raises(ChildDied) as died:
        list(child.stream("functions.parsers.reading:read_whole", arguments, b""))
    assert (died.value.death, died.value.detail) == (
        Death.MEMORY,
        "a native library could not have the memory it asked for",
    )


def test_a_structure_too_large_for_the_memory_is_not_called_a_bad_one(child: GuardedChild) -> None:
    with pytest.raises(ChildDied) as died:
        list(child.stream(f"{CALLS}:load_without_memory", {}, b""))
    assert died.value.death is Death.MEMORY
    assert "bad_alloc" in died.value.detail


def test_what_a_child_says_is_passed_on(child: GuardedChild, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChildDied):
        list(child.stream(f"{CALLS}:misbehave", {"after": 0, "how": "abort in rust"}, b""))
    assert "memory allocation of 3840064 bytes failed" in capfd.readouterr().err


def test_a_child_that_the_machine_keeps_from_working_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock stands still, as that of a child does which never gets its turn."""
    monkeypatch.setattr("leanda.guard.isolation.processor_clock", lambda _: 0.0)
    child = GuardedChild(replace(PATIENT, item_seconds=1))
    assert list(child.stream(f"{CALLS}:spin_for", {"seconds": 3}, b"")) == [b"done"]
    child.close()


def test_nor_is_it_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leanda.guard.isolation.processor_clock", lambda _: 0.0)
    monkeypatch.setattr("leanda.guard.child.STARVED_TIMES", 2)
    child = GuardedChild(replace(PATIENT, item_seconds=1))
    with pytest.raises(ChildDied) as died:
        list(child.stream(f"{CALLS}:misbehave", {"after": 0, "how": "spin"}, b""))
    assert died.value.death is Death.TIMED_OUT


@pytest.mark.parametrize("how", ["segfault", "hang"])
def test_no_result_before_a_death_is_lost_however_many_there_are(how: str) -> None:
    child, results = GuardedChild(QUICK if how == "hang" else PATIENT), []
    with pytest.raises(ChildDied):
        results.extend(child.stream(f"{CALLS}:misbehave", {"after": 30_000, "how": how}, b""))
    assert results == [b"%d" % n for n in range(30_000)]
    child.close()


def test_small_results_that_come_slowly_are_in_time() -> None:
    """None of them is sent before the last, but each is seen to be finished."""
    child = GuardedChild(QUICK)
    assert len(list(child.stream(f"{CALLS}:slowly", {"times": 8, "seconds": 0.6}, b""))) == 8
    child.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's limits of a process")
def test_each_call_has_its_own_bounds_on_top_of_what_was_used_before(child: GuardedChild) -> None:
    for _ in range(3):
        # Three times more than one call may take is kept; the fourth call may again take all of it.
        assert list(child.stream(f"{CALLS}:keep", {"bytes": 300 << 20}, b"")) == [b"kept"]
        list(child.stream(f"{CALLS}:spin_for", {"seconds": 1.1}, b""))
        seconds, memory, core = map(int, child.stream(f"{CALLS}:bounds", {}, b""))
        assert PATIENT.call_seconds - 1 <= seconds <= PATIENT.call_seconds + 1
        assert abs(memory - PATIENT.memory_bytes) < 16 << 20
        assert core == 0
    with pytest.raises(ChildDied) as died:
        list(child.stream(f"{CALLS}:keep", {"bytes": 600 << 20}, b""))
    assert died.value.death is Death.MEMORY


def test_an_error_keeps_its_code(child: GuardedChild) -> None:
    with pytest.raises(CallFailed) as failed:
        list(child.stream(f"{CALLS}:misbehave", {"after": 0, "how": "raise"}, b""))
    assert (failed.value.code, failed.value.detail) == ("FILE_CORRUPT", "as asked")


def test_a_panic_is_an_error_without_a_code(child: GuardedChild) -> None:
    with pytest.raises(CallFailed) as failed:
        list(child.stream(f"{CALLS}:misbehave", {"after": 0, "how": "panic"}, b""))
    assert failed.value.code is None


def test_a_call_that_is_not_read_to_its_end_does_not_leak_into_the_next(child: GuardedChild) -> None:
    stream = child.stream(f"{CALLS}:echo", {"times": 100_000}, b"x" * 1000)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert list(child.stream(f"{CALLS}:echo", {"times": 1}, b"y")) == [b"0:y"]


def test_the_child_sees_no_secrets_and_reaches_nothing(child: GuardedChild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    names, parent, *attempts = (r.decode() for r in child.stream(f"{CALLS}:look_around", {}, b""))
    assert "AWS" not in names
    if sys.platform == "linux":
        assert attempts == ["denied PermissionError"] * 4
        assert parent == "denied PermissionError" or os.geteuid() == 0, "root may read everything"


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="calls of other architectures")
def test_nor_does_it_by_the_calls_of_another_architecture(child: GuardedChild) -> None:
    assert list(child.stream(f"{CALLS}:other_architectures", {}, b"")) == [b"denied", b"denied"]


@pytest.mark.skipif(sys.platform != "linux", reason="a property of a process of Linux")
def test_who_has_a_child_cannot_be_read_by_it(child: GuardedChild) -> None:
    prctl, get_dumpable, set_dumpable = ctypes.CDLL(None).prctl, 3, 4
    prctl(set_dumpable, 1)
    list(child.stream(f"{CALLS}:pid", {}, b""))
    assert prctl(get_dumpable) == 0


def test_a_payload_larger_than_a_pipe_arrives_whole(child: GuardedChild) -> None:
    (result,) = child.stream(f"{CALLS}:echo", {"times": 1}, b"z" * 5_000_000)
    assert len(result) == 5_000_002
