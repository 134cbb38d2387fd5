"""Unit cells, drawn: edges, axes, atoms with their images on the faces."""

from __future__ import annotations

import math
from typing import Any

import pytest

from functions.parsers.crystal.formats.cif import FORMAT
from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import crystal
from tests.samples import manifest
from tests.unit.parsers_pictures.drawn import Seen

CELL = (
    "_cell_length_a {a}\n_cell_length_b {b}\n_cell_length_c {c}\n"
    "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma {g}\n"
)
LOOP = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"


def cif(atoms: str = "", group: str = "P 1", **cell: float) -> str:
    stated = CELL.format(**({"a": 5, "b": 5, "c": 5, "g": 90} | cell))
    return f"data_x\n{stated}_space_group_name_H-M_alt '{group}'\n{LOOP + atoms if atoms else ''}"


def drawn(text: str) -> Seen:
    """As the parser reads the block, and the drawing is made of what it keeps."""
    (record,) = FORMAT.read(text.encode(), first_index=0, head=b"")
    assert record.structure is not None
    return Seen(crystal.cell(record.structure.text, dict(record.properties)))


def edges(seen: Seen) -> list[tuple[float, ...]]:
    return [tuple(float(line.get(name, "")) for name in ("x1", "y1", "x2", "y2")) for line in seen.all("line")]


def test_an_empty_cell_has_twelve_edges_and_three_named_axes() -> None:
    seen = drawn(cif())
    assert seen.count("line") == (12 + 3) * 4
    assert seen.texts == ["a", "b", "c", "P 1 · a = 5.000, b = 5.000, c = 5.000 Å"]
    assert seen.count("circle") == 0


def test_c_is_up_b_is_right_and_a_comes_towards_the_reader() -> None:
    seen = drawn(cif())
    a, b, c = (seen.place(letter) for letter in "abc")
    assert c[1] < min(a[1], b[1])
    assert b[0] > max(a[0], c[0])
    assert a[0] < b[0]
    assert a[1] > c[1]


def test_a_longer_axis_is_drawn_longer() -> None:
    def length(letter: str, **cell: float) -> float:
        seen = drawn(cif(**cell))
        origin = [line for line in seen.all("line") if line.get("stroke-width") == "2.4"]
        starts = {(line.get("x1"), line.get("y1")) for line in origin}
        ends = {(line.get("x2"), line.get("y2")) for line in origin}
        (corner,) = starts - ends
        return math.dist(tuple(map(float, corner)), seen.place(letter))

    assert length("c", c=15) > 2 * length("b", c=15)
    assert length("b", b=15) > 2 * length("c", b=15)


@pytest.mark.parametrize(
    ("atoms", "group", "circles"),
    [
        ("C1 0.5 0.5 0.5\n", "P 1", 1),
        ("C1 0 0.5 0.5\n", "P 1", 2),
        ("C1 0 0 0.5\n", "P 1", 4),
        ("C1 0 0 0\n", "P 1", 8),
        ("C1 0.999 0.5 0.5\n", "P 1", 2),
        ("Na1 0 0 0\nCl1 0.5 0.5 0.5\n", "F m -3 m", 14 + 13),
        ("Cs1 0 0 0\nCl1 0.5 0.5 0.5\n", "P m -3 m", 8 + 1),
    ],
)
def test_atoms_fill_the_cell_and_stand_on_every_face_they_are_on(atoms: str, group: str, circles: int) -> None:
    assert drawn(cif(atoms, group)).count("circle") == circles


def test_near_atoms_are_bound_and_ions_are_not() -> None:
    empty = len(edges(drawn(cif())))
    assert len(edges(drawn(cif("C1 0.4 0.5 0.5\nO1 0.64 0.5 0.5\n")))) == empty + 4
    assert len(edges(drawn(cif("C1 0.2 0.5 0.5\nO1 0.8 0.5 0.5\n")))) == empty
    assert len(edges(drawn(cif("Na1 0.3 0.5 0.5\nCl1 0.7 0.5 0.5\n")))) == empty


def test_a_cell_with_too_many_atoms_is_drawn_without_them() -> None:
    atoms = "".join(f"C{n} 0.{n:04} 0.5 0.5\n" for n in range(1000, 1000 + crystal.MAX_ATOMS + 1))
    seen = drawn(cif(atoms))
    assert (seen.count("circle"), seen.count("line")) == (0, 60)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"cellLengthA": 5.0},
        dict.fromkeys(crystal._CELL, 0.0),
        dict.fromkeys(crystal._CELL, 180.0),
        dict.fromkeys(crystal._CELL, math.nan),
        dict.fromkeys(crystal._CELL, "5"),
        dict.fromkeys(crystal._CELL[:3], 5.0) | dict(zip(crystal._CELL[3:], (90, 90, 180), strict=True)),
    ],
)
def test_without_a_cell_there_is_no_picture(properties: dict[str, Any]) -> None:
    with pytest.raises(NotDrawable, match="no unit cell"):
        crystal.cell("data_x\n", properties)


def test_a_block_that_cannot_be_read_again_still_has_its_cell() -> None:
    cell = dict.fromkeys(crystal._CELL[:3], 5.0) | dict.fromkeys(crystal._CELL[3:], 90)
    for text in ("", "not a CIF", "data_a\ndata_b\n", "data_x\nloop_\n_atom_site_fract_x\nx\n"):
        assert Seen(crystal.cell(text, cell)).count("line") == 60


def test_every_good_sample_with_a_cell_is_drawn() -> None:
    drawings = 0
    for row in manifest("cif", "mmcif", "mcif"):
        for record in FORMAT.read(row.read_bytes(), first_index=0, head=b""):
            if record.structure and record.properties.get("cellVolume", 0) > 1e-3:  # one is flat on purpose
                seen = Seen(crystal.cell(record.structure.text, dict(record.properties)))
                assert seen.count("line") >= 60
                drawings += 1
    assert drawings > 5
