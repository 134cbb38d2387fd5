"""Planes of microscopes: what is shown of a stack, in which colours, and what happens to damaged files."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from pathlib import Path

import czifile
import liffile
import numpy as np
import pytest
from PIL import Image

from functions.parsers.microscopy.formats import FORMATS
from functions.parsers.pictures.bootstrap import LIMITS
from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import planes
from functions.parsers.pictures.use_cases import DRAW
from leanda.guard import CallFailed, ChildDied, GuardedChild
from tests.samples import samples_root
from tests.unit.parsers.mutants import mutant
from tests.unit.parsers_microscopy import files
from tests.unit.parsers_pictures import czis
from tests.unit.parsers_pictures.czis import Piece

MUTANTS = 60
SEED = int(os.environ.get("LEANDA_SEED") or 20)
LIF, CZI, ND2 = "LeicaLASX_wavelength-sweep_example.lif", "RGB-multichannel.czi", "Nikon_BF007.nd2"


def sample(name: str) -> Path:
    return samples_root() / "microscopy" / name


def drawn(path: Path, format: str, index: int) -> bytes:
    with path.open("rb") as file:
        return planes.plane(file, format, index)


def seen(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.format == "PNG"
    return image


def test_an_image_of_a_lif_is_its_first_plane_from_dark_to_bright() -> None:
    path = sample(LIF)
    names = [record.name for record in FORMATS["lif"].records(io.BytesIO(path.read_bytes()))]
    with liffile.LifFile(path) as opened:
        assert [image.name for image in opened.images] == names  # The index of a record is that of liffile's image.
        first = opened.images[0].asarray()[0]
        stack = opened.images[2].asarray()[0, 0, 11 // 2]
    for index, expected in ((0, first), (2, stack)):
        assert expected.tobytes() in path.read_bytes()
        image = seen(drawn(path, "lif", index))
        assert (image.mode, image.size) == ("L", (64, 64))
        shown = np.asarray(image).astype(int).ravel()
        order = np.argsort(expected.ravel(), kind="stable")
        assert (np.diff(shown[order]) >= 0).all()
        assert (shown.min(), shown.max()) == (0, 255)


def test_a_czi_shows_the_small_picture_that_it_brings_along() -> None:
    with czifile.CziFile(sample(CZI)) as opened:
        (expected,) = [
            attachment.data(raw=True)
            for attachment in opened.attachments()
            if attachment.attachment_entry.name == "Thumbnail"
        ]
    original = Image.open(io.BytesIO(expected)).convert("RGB")
    assert seen(drawn(sample(CZI), "czi", 0)).tobytes() == original.tobytes()


def test_an_nd2_is_shown_as_its_pixels_are() -> None:
    image = seen(drawn(sample(ND2), "nd2", 0))
    assert (image.mode, image.size) == ("L", (164, 156))
    values = np.asarray(image)
    assert values.std() > 20
    # The cell stands in the middle, its ground around it has little contrast.
    assert values[40:120, 30:120].std() > 1.3 * values[:30, 140:].std()


def test_channels_are_added_in_colours_of_their_own() -> None:
    pixels = np.zeros((2, 3, 8, 10), np.uint16)
    pixels[0, 1, :4], pixels[1, 1, :, :5] = 900, 40_000
    image = seen(planes.shown(pixels, ["C", "Z", "Y", "X"], 512))
    assert image.size == (10, 8)
    assert [image.getpixel(place) for place in ((0, 0), (9, 0), (0, 7), (9, 7))] == [
        (255, 255, 255), (0, 255, 0), (255, 0, 255), (0, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_samples_are_one_picture_in_its_colours(kind: type) -> None:
    pixels = np.zeros((6, 4, 3), kind)
    pixels[..., 0] = np.linspace(0, 255, 24).reshape(6, 4)
    image = seen(planes.shown(pixels, ["Y", "X", "S"], 512))
    assert (image.mode, image.size) == ("RGB", (4, 6))
    assert image.getpixel((3, 5))[0] > 250
    assert image.getpixel((3, 5))[1:] == (0, 0)


def test_large_planes_become_small_and_flat_ones_are_black() -> None:
    assert seen(planes.shown(np.full((3000, 1500), 7, np.uint16), ["Y", "X"], 512)).size == (256, 512)
    assert seen(planes.shown(np.full((30, 15), np.nan, np.float32), ["Y", "X"], 512)).getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("content", "format"),
    [(files.czi(), "czi"), (files.lif(), "lif"), (files.nd2(), "nd2"), (b"", "czi"), (b"", "lif"), (b"", "nd2")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_without_pixels_has_no_picture(content: bytes, format: str, tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(content)
    with pytest.raises(NotDrawable) as refused:
        drawn(path, format, 0)
    assert refused.value.code == "PICTURE_NOT_DRAWABLE"
    with pytest.raises(NotDrawable):
        drawn(path, format, 5)


@pytest.fixture(scope="module")
def guard() -> Iterator[GuardedChild]:
    guard = GuardedChild(LIMITS)
    yield guard
    guard.close()


def tiles() -> bytes:
    """A CZI of two scenes in pieces of several codings, and a level of a pyramid."""
    grey = np.arange(1600, dtype=np.uint16).reshape(40, 40)
    ways = ("plain", "zstd0", "zstd1", "zstd1, low and high bytes apart")
    pieces = [Piece(grey, x=40 * n, coded=coded, axes={"S": n // 3, "C": 0}) for n, coded in enumerate(ways)]
    return czis.czi(*pieces, Piece(grey[:, :10], factor=4, coded="zstd0", axes={"S": 0, "C": 0}))


@pytest.mark.parametrize(("name", "format"), [(LIF, "lif"), (CZI, "czi"), ("", "czi"), (ND2, "nd2")])
def test_damaged_files_are_shown_or_refused(name: str, format: str, guard: GuardedChild, tmp_path: Path) -> None:
    print(f"LEANDA_SEED={SEED}")
    good = sample(name).read_bytes() if name else tiles()
    dice, path, drawn = random.Random(SEED), tmp_path / "original", 0
    for _ in range(MUTANTS):
        path.write_bytes(mutant(good, [good[:5000]], dice))
        arguments = {"drawing": "plane", "path": str(path), "format": format, "index": 0}
        try:
            seen(b"".join(guard.stream(DRAW, arguments, b"")))
        except ChildDied:
            continue
        except CallFailed as failed:
            if failed.code is None:
                pytest.fail(str(failed))
            continue
        drawn += 1
    assert drawn > MUTANTS // 10, "nearly all were refused, so nothing was tried"
