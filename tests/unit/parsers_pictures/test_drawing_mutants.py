"""Damaged records: each is drawn or refused with a reason, whatever was done to its text."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.parsers.pictures.bootstrap import LIMITS
from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import crystal, spectrum
from functions.parsers.pictures.use_cases import DRAW
from leanda.guard import CallFailed, ChildDied, GuardedChild
from tests.unit.parsers_pictures.drawn import Seen

MUTANTS = 300
SEED = int(os.environ.get("LEANDA_SEED") or 20)
MOLFILE = (
    "name\n  prog\n\n  3  2  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 O   0  0\n"
    "    0.0000    1.0000    0.0000 C   0  3\n    1.0000    1.0000    0.0000 R#  0  0\n"
    "  1  2  1  1\n  2  3  4  0\nM  CHG  1   1  -1\nM  END\n"
)
RXN = f"$RXN\n\n  prog\n\n  1  1\n$MOL\n{MOLFILE}$MOL\n{MOLFILE}"
CIF = (
    "data_x\n_cell_length_a 5\n_space_group_name_H-M_alt 'F m -3 m'\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
    "_atom_site_fract_y\n_atom_site_fract_z\nNa1 0 0 0\nCl1 0.5 0.5(1) ?\n"
)
CELL = dict.fromkeys(crystal._CELL[:3], 5.0) | dict.fromkeys(crystal._CELL[3:], 90.0)
HUGE = ("-1", "0", "999", "99999999", "1e308", "-1e308", "nan", "inf", "9" * 40)


RECORDS: dict[str, tuple[str, str]] = {
    "molfile": ("molecule", MOLFILE),
    "smiles": ("molecule", "C[C@H](N)C(=O)[O-].[Na+].c1cc2ccccc2[nH]1"),
    "rxn": ("reaction", RXN),
    "reaction smiles": ("reaction", "CCCl.[NH3]>[Pd]>CCN.Br"),
    "crystal": ("crystal", CIF),
}


@pytest.fixture(scope="module")
def guard() -> Iterator[GuardedChild]:
    guard = GuardedChild(LIMITS)
    yield guard
    guard.close()


def mutant(text: str, chance: random.Random) -> str:
    """The text with one or two of: a piece gone, doubled or moved, a character changed, a number made huge."""
    for _ in range(chance.randint(1, 2)):
        start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        numbers = list(re.finditer(r"-?\d+(\.\d+)?", text))
        match chance.randrange(5):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:end] + text[start:end] + text[end:]
            case 2:
                text = text[:start] + chr(chance.choice([0, 9, 10, 40, 60, 0xE9, 0x2028])) + text[start:]
            case 3 if numbers:
                found = chance.choice(numbers)
                text = text[: found.start()] + chance.choice(HUGE) + text[found.end() :]
            case _:
                text = text[end:] + text[start:end] + text[:start]
        text = text or " "
    return text


def unreal(seen: Seen) -> list[str]:
    """Attributes that hold what is no number."""
    values = [value for element in seen.root.iter() for value in element.attrib.values()]
    return [value for value in values if re.search(r"\b(nan|inf)\b", value)]


@pytest.mark.parametrize("kind", RECORDS)
def test_a_mutant_is_drawn_or_refused(kind: str, guard: GuardedChild) -> None:
    """In the child, which it may kill: Indigo and gemmi have their own bugs. What our code does not expect has no code."""
    name, good = RECORDS[kind]
    print(f"LEANDA_SEED={SEED}")
    chance, drawn = random.Random(SEED), 0
    for _ in range(MUTANTS):
        text = mutant(good, chance)
        try:
            seen = Seen(b"".join(guard.stream(DRAW, {"drawing": name, "properties": CELL}, text.encode())))
        except ChildDied:
            continue
        except CallFailed as failed:
            if failed.code != NotDrawable.code:
                pytest.fail(f"{failed} on {text!r}")
            continue
        drawn += 1
        assert not unreal(seen), text
    assert drawn > MUTANTS // 50, "nearly all were refused, so nothing was tried"


@pytest.mark.parametrize("extreme", [1e308, -1e308, 5e-324, 0.0, 1e15, float("nan"), float("inf")])
def test_extreme_points_are_drawn_or_refused(extreme: float) -> None:
    for name in ("first", "delta", "yFactor", "y", "x"):
        told: dict[str, Any] = {"points": 3, "style": "line", "y": [1.0, 2.0, 3.0], "first": 1.0, "delta": 1.0}
        told[name] = [1.0, extreme, 3.0] if name in ("x", "y") else extreme
        with contextlib.suppress(NotDrawable):
            assert not unreal(Seen(spectrum.plot(json.dumps(told), {})))
