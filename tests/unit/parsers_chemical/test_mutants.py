"""Damaged files never raise anything but a verdict on the file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.parsers.chemical.formats import cdx, cdxml, inchi, mol, sdf, smiles
from leanda.errors import ParseFailure
from leanda.guard import CallFailed, GuardedChild, Limits
from leanda.parsing.format import Format, WholeFormat
from tests.unit.parsers_chemical.drawings import SCHEME, cdxml_fragment, fragment
from tests.unit.parsers_chemical.drawings import cdx as cdx_file
from tests.unit.parsers_chemical.drawings import cdxml as cdxml_file
from tests.unit.parsers_chemical.molfiles import molfile, v3000
from tests.unit.parsers_chemical.molfiles import sdf as sdf_file

MUTANTS = 500
DRAWINGS = 300
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
    (inchi.FORMAT, b"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3 ethanol\nInChI=1S/ClH.Na/h1H;/q;+1/p-1\tsalt\n"),
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


def read_guarded(guard: GuardedChild, arguments: dict[str, str]) -> tuple[list[dict[str, Any]], CallFailed | None]:
    try:
        return [
            json.loads(line[1:]) for line in guard.stream("functions.parsers.reading:read_whole", arguments, b"")
        ], None
    except CallFailed as failed:
        return [], failed


@pytest.fixture(scope="module")
def guard() -> Iterator[GuardedChild]:
    child = GuardedChild(Limits(item_seconds=60))  # a hang ends in ChildDied, which no test here expects
    yield child
    child.close()


@pytest.mark.parametrize(
    ("form", "seed"),
    [
        (cdx.FORMAT, cdx_file(fragment(), fragment("CN", ((1, 2),), first=1001, inside=fragment("O", (), first=2001)))),
        (cdxml.FORMAT, cdxml_file(*SCHEME, f"<group>{cdxml_fragment(first=3001)}</group>").encode()),
    ],
    ids=["cdx", "cdxml"],
)
def test_a_mutated_drawing_neither_kills_nor_hangs_its_reader(
    form: WholeFormat, seed: bytes, guard: GuardedChild, tmp_path: Path
) -> None:
    # In a process of its own, as in production: one mutant of a few hundred made an earlier Indigo abort.
    chance = random.Random(20)
    file = tmp_path / "drawing"
    arguments = {"kind": "chemical", "format": form.name, "path": str(file)}
    good = 0
    for _ in range(DRAWINGS):
        file.write_bytes(mutant(seed, chance))
        records, verdict = read_guarded(guard, arguments)
        assert verdict is None or verdict.code, verdict
        good += bool(records)
        assert [record["index"] for record in records] == list(range(len(records)))
        assert all(record.get("issues") for record in records if not record.get("structure"))
    assert good > DRAWINGS // 10
