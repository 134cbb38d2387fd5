"""Pixels of CZI files, in each coding that is read, compared with what was put into them and with czifile."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import czifile
import numpy as np
import pytest
from PIL import Image

from functions.parsers.pictures.drawings import czi, planes
from functions.parsers.pictures.drawings.czi import CodedOtherwise
from leanda.errors import FileBomb, FileCorrupt, LeandaError
from tests.samples import samples_root
from tests.unit.parsers_microscopy import files
from tests.unit.parsers_pictures.czis import Piece
from tests.unit.parsers_pictures.czis import czi as made


def plane(content: bytes, index: int = 0, side: int = 512) -> tuple[Any, list[str]]:
    return czi.Czi(io.BytesIO(content)).plane(index, side)


def seen(content: bytes, index: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(planes.plane(io.BytesIO(content), "czi", index)))


def ramp(kind: str, height: int = 40, width: int = 60) -> Any:
    return (np.arange(height)[:, None] * 3 + np.arange(width)).astype(kind) * (100 if kind == "u2" else 1)


def coloured(height: int = 40, width: int = 60) -> Any:
    """As CZI stores colours: blue, green, red."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (0, 0, 200)
    pixels[:, width // 2 :] = (200, 0, 0)
    return pixels


@pytest.mark.parametrize(
    ("coded", "kind"),
    [
        *((coded, kind) for coded in ("plain", "zstd0", "zstd1") for kind in ("u1", "u2", "f4")),
        ("jpeg", "u1"),
        ("zstd1, low and high bytes apart", "u2"),
    ],
)
def test_grey_pixels_are_what_was_stored_and_what_czifile_reads(coded: str, kind: str, tmp_path: Path) -> None:
    content, pixels = made(Piece(ramp(kind), coded=coded)), ramp(kind)
    found, axes = plane(content)
    assert axes == ["C", "Y", "X"]
    assert np.abs(found[0].astype(float) - pixels).max() <= (3 if coded == "jpeg" else 0)
    path = tmp_path / "a.czi"
    path.write_bytes(content)
    with czifile.CziFile(path) as oracle:
        expected = np.squeeze(next(iter(oracle.subblocks())).data())
    assert np.abs(found[0].astype(float) - expected).max() <= (1 if coded == "jpeg" else 0)


@pytest.mark.parametrize("coded", ["plain", "jpeg", "zstd0", "zstd1"])
def test_colours_are_red_green_blue(coded: str) -> None:
    found, axes = plane(made(Piece(coloured(), coded=coded)))
    assert axes == ["C", "Y", "X", "S"]
    for x, strongest in ((10, 0), (50, 2)):
        assert found[0, 20, x].argmax() == strongest
        assert abs(int(found[0, 20, x].max()) - 200) < 5


def test_the_sample_without_its_small_picture_shows_its_pixels() -> None:
    content = bytearray((samples_root() / "microscopy" / "RGB-multichannel.czi").read_bytes())
    content[32 + 72 : 32 + 80] = bytes(8)  # the place of the attachments
    found, axes = plane(bytes(content))
    assert (axes, found.shape) == (["C", "Y", "X", "S"], (1, 81, 147, 3))
    with czifile.CziFile(samples_root() / "microscopy" / "RGB-multichannel.czi") as oracle:
        assert (found[0] == oracle.scenes[0].asarray()[0]).all()
    image = seen(bytes(content))
    assert (image.mode, image.size) == ("RGB", (147, 81))


def test_tiles_lie_where_they_belong() -> None:
    left, right = np.full((30, 40), 10, "u1"), np.full((30, 40), 90, "u1")
    found, _ = plane(made(Piece(right, x=-160, y=7), Piece(left, x=-200, y=7)))
    assert found.shape == (1, 30, 80)
    assert (found[0, :, :40] == 10).all()
    assert (found[0, :, 40:] == 90).all()


def test_the_level_with_just_enough_pixels_is_read() -> None:
    finest = [Piece(np.full((400, 400), 1, "u1"), x=400 * n) for n in range(4)]
    middle = Piece(np.full((100, 400), 2, "u1"), factor=4)
    coarsest = Piece(np.full((25, 100), 3, "u1"), factor=16)
    content = made(*finest, middle, coarsest)
    for side, value, width in ((50, 3, 100), (300, 2, 400), (800, 1, 1600)):
        found, _ = plane(content, side=side)
        assert set(found.ravel()) == {value}
        assert found.shape[2] == width
    part = Piece(np.full((25, 50), 3, "u1"), factor=16)  # a level that lacks the other half of the plane
    assert set(plane(made(*finest, middle, part), side=50)[0].ravel()) == {2}


def test_the_middle_of_a_stack_and_the_beginning_of_a_series_are_shown() -> None:
    pieces = [
        Piece(np.full((8, 9), 100 * t + 10 * z + c, "u1"), axes={"T": t, "Z": z, "C": c})
        for t in range(2)
        for z in range(3)
        for c in range(2)
    ]
    found, _ = plane(made(*pieces))
    assert [set(channel.ravel()) for channel in found] == [{10}, {11}]


def test_channels_of_another_type_are_left_out() -> None:
    pieces = [Piece(ramp("u2"), axes={"C": 0}), Piece(coloured(), axes={"C": 1}), Piece(ramp("u2"), axes={"C": 2})]
    assert plane(made(*pieces))[0].shape == (2, 40, 60)


def test_each_scene_has_its_picture_and_a_file_of_one_the_small_picture_that_it_brings() -> None:
    target = io.BytesIO()
    Image.new("RGB", (30, 10), "red").save(target, "JPEG")
    small = target.getvalue()
    scenes = [Piece(ramp("u1", 20, 30 + 10 * n), x=500 * n, axes={"S": n}) for n in range(2)]
    assert [seen(made(*scenes, small=small), n).size for n in range(2)] == [(30, 20), (40, 20)]
    assert seen(made(scenes[0], small=small)).size == (30, 10)
    assert seen(made(scenes[0])).size == (30, 20)


def test_what_is_coded_otherwise_shows_the_small_picture_or_says_so() -> None:
    target = io.BytesIO()
    Image.new("RGB", (30, 10), "red").save(target, "JPEG")
    scenes = [Piece(ramp("u1"), axes={"S": n}, coded="jpeg xr") for n in range(2)]
    assert seen(made(*scenes, small=target.getvalue())).size == (30, 10)
    with pytest.raises(CodedOtherwise) as refused:
        seen(made(*scenes, small=target.getvalue()), 1)
    assert refused.value.detail == "JPEG XR"
    with pytest.raises(CodedOtherwise):
        seen(made(*scenes))


def test_a_piece_that_inflates_without_end_is_cut_at_what_it_states() -> None:
    from backports import zstd

    piece = Piece(np.zeros((10, 10), "u1"), coded="zstd0")
    bomb = zstd.compress(bytes(100_000_000))
    assert len(czi._expanded(bomb, 5, 100, 1)) == 100
    found, _ = plane(made(piece))
    assert found.shape == (1, 10, 10)


def test_claims_are_bounded_before_anything_is_read() -> None:
    content = bytearray(made(Piece(ramp("u1"))))
    for at in (index for index in range(len(content)) if content.startswith(b"X\0\0\0", index)):
        content[at + 8 : at + 12] = content[at + 16 : at + 20] = (20_000_000).to_bytes(4, "little")
    with pytest.raises(FileBomb):
        plane(bytes(content))


def test_damage_is_told() -> None:
    content = made(Piece(ramp("u2"), coded="zstd0"))
    at = content.index(b"\x28\xb5\x2f\xfd")
    with pytest.raises(FileCorrupt):
        plane(content[:at] + b"\0" * 8 + content[at + 8 :])
    with pytest.raises(LeandaError):
        plane(files.czi())  # a directory of pieces that are not there
    with pytest.raises(FileCorrupt):
        plane(made(Piece(ramp("u1"))), index=3)
