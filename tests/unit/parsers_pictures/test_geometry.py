"""Frames of XYZ files, drawn: every atom a ball, bonds by distance, turned to where they spread most."""

from __future__ import annotations

import math

import pytest

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import geometry
from tests.unit.parsers_pictures.drawn import Seen

WATER = "3\n\nO 0 0 0.1173\nH 0 0.7572 -0.4692\nH 0 -0.7572 -0.4692\n"


def balls(seen: Seen) -> list[tuple[float, float]]:
    return [(float(ball.get("cx", "")), float(ball.get("cy", ""))) for ball in seen.all("circle")]


def test_water_has_three_balls_two_bonds_and_its_formula() -> None:
    seen = Seen(geometry.balls(WATER, {"formula": "H2O"}))
    assert (seen.count("circle"), seen.count("line"), seen.texts) == (3, 2 * 4, ["H2O"])
    assert {ball.get("fill") for ball in seen.all("circle")} == {"#e03131", "#f2f2f2"}


def test_the_longest_extent_lies_across_whichever_way_the_atoms_stand() -> None:
    for axis in range(3):
        for slant in (0.0, 0.3):
            places = [[slant * n if other != axis else float(n) for other in range(3)] for n in range(5)]
            text = "5\n\n" + "".join("C {} {} {}\n".format(*place) for place in places)
            found = balls(Seen(geometry.balls(text, {})))
            assert max(x for x, _ in found) - min(x for x, _ in found) > 200
            assert max(y for _, y in found) - min(y for _, y in found) == pytest.approx(0, abs=0.1)


def test_distances_in_the_plane_of_a_flat_molecule_are_kept() -> None:
    ring = [(math.cos(math.radians(60 * n)) * 1.4, math.sin(math.radians(60 * n)) * 1.4) for n in range(6)]
    seen = Seen(geometry.balls("6\n\n" + "".join(f"C 0 {x} {y}\n" for x, y in ring), {}))
    assert seen.count("line") == 6 * 4
    widths = [max(values) - min(values) for values in zip(*balls(seen), strict=True)]
    assert 0.7 < min(widths) / max(widths) <= 1


@pytest.mark.parametrize(
    "text",
    ["1\n\nAr 0 0 0\n", "1\n\nBq 5 5 5\n", "2\n\nC 1 1 1\nC 1 1 1\n", "1\nProperties=pos:R:3:species:S:1\n0 0 0 C\n"],
)
def test_atoms_in_one_place_are_drawn(text: str) -> None:
    assert Seen(geometry.balls(text, {})).count("circle") == int(text[0])


@pytest.mark.parametrize("text", ["0\n\n", "1001\n\n" + "C 0 0 0\n" * 1001, "2\n\nC 0 0 0\nC 1e9 0 0\n"])
def test_what_cannot_be_drawn_says_so(text: str) -> None:
    with pytest.raises(NotDrawable) as refused:
        geometry.balls(text, {})
    assert refused.value.message.startswith("The geometry")
