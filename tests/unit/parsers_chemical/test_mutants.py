"""Damaged files never raise anything but a verdict on the file."""

from __future__ import annotations

import random

import pytest

from functions.parsers.chemical.formats import mol, sdf, smiles
from leanda.errors import ParseFailure
from leanda.parsing.format import Format
from tests.unit.parsers_chemical.molfiles import molfile, v3000
from tests.unit.parsers_chemical.molfiles import sdf as sdf_file

MUTANTS = 500
PIECES = (
    b"\0",
    b"\xff",
    b"$$$$\n",
    b"M  END\n",
    b"999",
    b"-1",
    b"\n",
    b"\r",
    b"> <x>\n",
    b"V3000",
    b"M  V30 ",
    b" " * 300,
    b"\xef\xbb\xbf",
)
SEEDS: tuple[tuple[Format, bytes], ...] = (
    (sdf.FORMAT, sdf_file(molfile(properties=["M  CHG  1   3  -1"]) + "> <A>\n1\n\n", v3000(), molfile(["N"], []))),
    (mol.FORMAT, v3000().encode()),
    (smiles.FORMAT, b"SMILES Name\nC[C@H](N)C(=O)O L-alanine\n[Na+].[Cl-]\nc1ccccc1C#N |$a$| x\tY\n"),
)


def mutant(seed: bytes, chance: random.Random) -> bytes:
    content = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                del content[at:]
            case 1:
                content[at:at] = chance.choice(PIECES)
            case 2:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del content[at : at + chance.randint(1, 80)]
            case 4:
                content[at:at] = content[at : at + chance.randint(1, 200)]
    return bytes(content)


@pytest.mark.parametrize(("form", "seed"), SEEDS, ids=lambda value: getattr(value, "name", ""))
def test_a_mutant_gives_one_record_for_each_boundary_or_a_parse_failure(form: Format, seed: bytes) -> None:
    chance = random.Random(20)
    for _ in range(MUTANTS):
        content = mutant(seed, chance)
        try:
            ends = list(form.boundaries([content], head=content))
            records = list(form.read(content, first_index=0, head=content))
        except ParseFailure:
            continue
        assert [record.index for record in records] == list(range(len(ends))), content
        assert not any(issue.code == "RECORD_UNREADABLE" for record in records for issue in record.issues), content
        assert all(record.issues for record in records if record.structure is None), content
