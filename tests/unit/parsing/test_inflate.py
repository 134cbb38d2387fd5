"""gzip input: members, damage, bombs."""

from __future__ import annotations

import gzip
import itertools
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanda import limits
from leanda.errors import FileBomb, FileCorrupt, ParseFailure
from leanda.parsing.inflate import blocks, compression_of, inflate_head


def inflated(data: bytes, size: int = 1000) -> bytes:
    return b"".join(blocks((data[at : at + size] for at in range(0, len(data), size)), "gzip"))


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@given(
    members=st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    padding=st.integers(0, 5),
    garbage=st.sampled_from([b"", b"x", b"garbage after the end", b"\x1f", b"\0\0\x1e\x8b"]),
    size=st.integers(1, 40),
)
def test_members_follow_each_other_and_trailing_garbage_is_ignored(
    members: list[bytes], padding: int, garbage: bytes, size: int
) -> None:
    data = (b"\0" * padding).join(gzip.compress(member) for member in members) + garbage
    assert inflated(data, size) == b"".join(members)


def test_uncompressed_bytes_pass_through() -> None:
    assert list(blocks([b"a", b"bc"], None)) == [b"a", b"bc"]
    assert compression_of(b"plain") is None
    assert compression_of(gzip.compress(b"")) == "gzip"


@given(cut=st.integers(0, 4000), size=st.integers(1, 5000))
def test_a_truncated_stream_is_corrupt_wherever_it_is_cut(cut: int, size: int) -> None:
    whole = gzip.compress(noise(4000))
    with pytest.raises(FileCorrupt):
        inflated(whole[: min(cut, len(whole) - 1)], size)


def test_a_wrong_checksum_is_corrupt() -> None:
    data = bytearray(gzip.compress(b"some text"))
    data[-5] ^= 1
    with pytest.raises(FileCorrupt):
        inflated(bytes(data))


def test_a_damaged_second_member_is_corrupt_after_the_first_was_given() -> None:
    source = blocks([gzip.compress(b"first") + gzip.compress(noise(500))[:100]], "gzip")
    assert next(source) == b"first"
    with pytest.raises(FileCorrupt):
        list(source)


def test_a_bomb_is_noticed_while_inflating_in_bounded_memory() -> None:
    bomb = gzip.compress(b"\0" * (64 * limits.MIB), compresslevel=9)
    assert 64 * limits.MIB / len(bomb) > 1000
    tracemalloc.start()
    try:
        produced: list[int] = []
        with pytest.raises(FileBomb):
            produced.extend(len(block) for block in blocks([bomb], "gzip"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(produced) <= 4 * limits.MIB
    assert peak < 4 * limits.MIB


def test_a_bomb_in_a_later_member_is_noticed_too() -> None:
    data = gzip.compress(noise(200_000)) + gzip.compress(b"\0" * (8 * limits.MIB), compresslevel=9)
    with pytest.raises(FileBomb):
        inflated(data, 65536)


def test_the_whole_is_limited_however_many_members_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_INFLATED_BYTES", 50_000)
    member = gzip.compress(noise(1000))
    assert len(inflated(member * 50)) == 50_000
    with pytest.raises(FileBomb):
        inflated(member * 51)


def test_well_compressible_data_below_the_ratio_is_no_bomb() -> None:
    text = b"".join(b"%d,some text that repeats,and repeats\n" % n for n in range(100_000))
    assert inflated(gzip.compress(text), 65536) == text


@given(kept=st.integers(0, 3000), limit=st.integers(1, 5000))
def test_a_head_is_what_can_be_read_of_a_truncated_stream(kept: int, limit: int) -> None:
    content = noise(1500) + b"text " * 700
    head = inflate_head(gzip.compress(content)[:kept], limit)
    assert len(head) <= limit
    assert content.startswith(head)


def test_a_head_reaches_over_members_and_stops_at_its_limit() -> None:
    data = b"".join(gzip.compress(bytes([65 + n]) * 10) for n in range(5))
    assert inflate_head(data, 25) == b"A" * 10 + b"B" * 10 + b"C" * 5


def test_mutated_streams_raise_nothing_but_a_parse_failure() -> None:
    rng = random.Random(7)
    whole = gzip.compress(noise(300)) + gzip.compress(b"text " * 100)
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        mutant = bytes(data[: rng.randint(1, len(data))])
        inflate_head(mutant)
        try:
            for _ in itertools.islice(blocks([mutant[:50], mutant[50:]], "gzip"), 1000):
                pass
        except ParseFailure:
            continue
