"""Damaged files never raise anything but a verdict on the file, and none of them takes long."""

from __future__ import annotations

import random
import time

import pytest

from functions.parsers.crystal.formats.cif import FORMAT
from leanda.errors import ParseFailure
from tests.unit.parsers_crystal.cifs import BROKEN, PROTEIN, QUARTZ, SALT
from tests.unit.parsers_crystal.reading import boundaries, read, read_one

MUTANTS = 300
PIECES = (
    b"\0", b"\xff", b"\n;", b"'", b'"', b"loop_", b"data_", b"save_", b"global_", b"_cell_length_a", b"#", b"?", b"\r",
    b"9" * 400, b"(9)", b"e999", b"\xef\xbb\xbf", b"_" * 300, b"_symmetry_equiv_pos_as_xyz", b"x,y,z", b"\x1a",
)  # fmt: skip


def mutant(seed: bytes, chance: random.Random) -> bytes:
    content = bytearray(seed)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                del content[at + chance.randrange(400) :]
            case 1:
                content[at:at] = chance.choice(PIECES)
            case 2:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del content[at : at + chance.randint(1, 80)]
            case 4:
                content[at:at] = content[at : at + chance.randint(1, 200)]
    return bytes(content)


@pytest.mark.parametrize("seed", [QUARTZ + BROKEN + SALT, PROTEIN])
def test_a_mutant_gives_one_record_for_each_boundary_or_a_parse_failure(seed: bytes) -> None:
    chance = random.Random(20)
    for _ in range(MUTANTS):
        content = mutant(seed, chance)
        started = time.process_time()
        try:
            ends = boundaries(content)
            records = read(content)
        except ParseFailure:
            continue
        assert time.process_time() - started < 2, content
        assert [record.index for record in records] == list(range(len(ends))), content
        assert not any(issue.code == "RECORD_UNREADABLE" for record in records for issue in record.issues), content
        assert all(record.issues for record in records if record.structure is None), content


@pytest.mark.parametrize(
    "content",
    [
        b"data_a\nloop_\n_x\n" + b"1 " * 1_000_000,
        b"data_a\n" + b"_x 1\n" * 100_000,
        b"data_a\n" + b"loop_ _x 1\n" * 50_000,
        b"data_a " * 20_000,
        b"data_a\n" + b"save_x _y 1 save_\n" * 20_000,
        b"data_a\n_x " + b"9" * 5_000_000,
        b"data_a\n_cell_length_a " + b"1" * 60 + b"\n_symmetry_space_group_name_H-M '" + b"P 1 " * 100_000 + b"'\n",
        b"data_a\n_x\n;" + b"\\\n" * 1_000_000 + b";\n",
        b"data_" + b"x" * 3_000_000,
        b"data_a\n_" + b"x" * 3_000_000 + b" 1",
        ("data_a\n_x " + "é" * 300_000).encode(),
    ],
)
def test_absurd_files_end_in_seconds(content: bytes) -> None:
    started = time.process_time()
    ends = boundaries(content, 256 * 1024)
    assert len(read(content)) == len(ends)
    assert time.process_time() - started < 8


def test_a_record_keeps_its_version_and_name() -> None:
    assert (FORMAT.version, read_one(SALT).name) == ("1", "salt")
