"""Damaged spreadsheets never raise anything but a verdict on the file, and soon."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from functions.parsers.guarded import read_whole
from leanda.errors import ParseFailure
from leanda.guard import GuardedChild, Limits
from tests.samples import manifest
from tests.unit.parsers_tabular import workbooks as made

MUTANTS = 300
SECONDS = 60.0  # A mutant takes milliseconds; this tells one that hangs from a machine that is busy.
PIECES = (b"\0", b"\xff" * 4, b"<", b">", b"&#0;", b"<row/>", b"999", b"-1", b't="s"', b"\x09\x08\x10\0", b"1e400")
SHEETS = {"A": [["name", "mass"], ["water", 18.015], ["ethanol", 46.07]], "B": [["x"], [True], ["=1+1"]]}


def seed(name: str) -> bytes:
    if name == "xlsx":
        return made.xlsx(SHEETS)
    if name == "ods":
        return made.ods(made.ods_row("a", "b") + made.ods_row("c", 1.5))
    return next(
        row for row in manifest("spreadsheet") if row.path.endswith((f"issues.{name}", f"any_sheets.{name}"))
    ).read_bytes()


def mutant(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(damaged) + 1)
        match chance.randrange(5):
            case 0 if chance.random() < 0.3:
                del damaged[at:]
            case 1:
                damaged[at:at] = chance.choice(PIECES)
            case 2:
                damaged[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del damaged[at : at + chance.randint(1, 80)]
            case _:
                damaged[at:at] = damaged[at : at + chance.randint(1, 200)]
    return bytes(damaged)


def mutant_inside(content: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(parts))
    parts[name] = mutant(parts[name], chance)
    return made.packed(parts)


@pytest.mark.parametrize("name", ["xlsx", "xlsb", "xls", "ods"])
def test_a_mutant_gives_records_or_a_parse_failure(name: str, tmp_path: Path) -> None:
    """Under guard, as in the function: some mutants ask for more memory than there is, which ends the child at once."""
    chance, content = random.Random(20), seed(name)
    guard = GuardedChild(Limits(item_seconds=SECONDS, memory_bytes=1 << 29))
    path = tmp_path / f"mutant.{name}"
    good, codes = 0, set()
    try:
        list(read_whole(guard, "tabular", name, str(written(path, content))))  # The child's start is not measured.
        for n in range(MUTANTS):
            inside = name != "xls" and n % 4
            damaged = mutant_inside(content, chance) if inside else mutant(content, chance)
            try:
                results = list(read_whole(guard, "tabular", name, str(written(path, damaged))))
            except ParseFailure as failure:
                codes.add(failure.code)
                continue
            records = [json.loads(result[1:]) for result in results]
            assert [record["index"] for record in records] == list(range(len(records))), n
            assert all(record["issues"] for record in records if record["status"] == "Failed"), n
            good += bool(records)
    finally:
        guard.close()
    assert "PARSER_TIMEOUT" not in codes
    assert good > MUTANTS // 10  # Else the mutants would only test the front door.


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
