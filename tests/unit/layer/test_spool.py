"""What a child had finished when it died is found, whole and once, whatever moment the death picks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leanda.guard.spool import CAPACITY, NAME, Spool

SIZES = [1, 700, CAPACITY // 2, CAPACITY // 2 + 5, 3, CAPACITY + 1, 40, CAPACITY, 2]
ANSWERS = [bytes([65 + n]) * size for n, size in enumerate(SIZES)]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    # Nobody reads beside the writer here, so a full pipe must say so and not wait.
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


class Killed(Exception):
    pass


def received_of(reading: int) -> bytes:
    got = b""
    while True:
        try:
            got += os.read(reading, 1 << 20)
        except BlockingIOError:
            return got


@pytest.mark.parametrize("last", range(len(SIZES)))
def test_all_answers_are_there_after_a_death_behind_any_of_them(
    tmp_path: Path, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    got = bytearray()
    parent, child = Spool(tmp_path, make=True), Spool(tmp_path)
    write = os.write

    def write_and_read(descriptor: int, data: memoryview) -> int:
        sent = write(descriptor, data)
        got.extend(received_of(pipe[0]))
        return sent

    monkeypatch.setattr(os, "write", write_and_read)
    for answer in ANSWERS[: last + 1]:
        child.add(answer, pipe[1])
    assert bytes(got) + parent.rest(len(got)) == b"".join(ANSWERS[: last + 1])


@pytest.mark.parametrize("taken", [0, 1, 5000, CAPACITY - 1])
def test_a_death_inside_of_a_write_neither_loses_nor_repeats(
    tmp_path: Path, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    parent, child = Spool(tmp_path, make=True), Spool(tmp_path)
    answers = [bytes([n % 251]) * 1000 for n in range(CAPACITY // 1000 + 1)]
    write = os.write

    def cut(descriptor: int, data: memoryview) -> int:
        if taken:
            write(descriptor, data[:taken])
        raise Killed

    monkeypatch.setattr(os, "write", cut)
    for answer in answers[:-1]:
        child.add(answer, pipe[1])
    with pytest.raises(Killed):
        child.add(answers[-1], pipe[1])
    got = received_of(pipe[0])
    got += parent.rest(len(got))
    assert got == b"".join(answers[:-1])


def test_a_new_call_begins_with_nothing(tmp_path: Path, pipe: tuple[int, int]) -> None:
    parent, child = Spool(tmp_path, make=True), Spool(tmp_path)
    child.add(b"old", pipe[1])
    parent.reset()
    child.begin()
    assert parent.rest(0) == b""
    child.add(b"new", pipe[1])
    assert parent.rest(0) == b"new"


def test_a_header_that_lies_gives_nothing(tmp_path: Path) -> None:
    parent = Spool(tmp_path, make=True)
    with (tmp_path / NAME).open("r+b") as file:
        file.write((1 << 60).to_bytes(8, "little") * 2)
    assert parent.rest(1 << 60) == b""
