"""Small pictures: their size, their colours and what they cost."""

from __future__ import annotations

import io
import os
import random
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, UnidentifiedImageError

from functions.parsers.pictures.drawings import raster
from functions.parsers.pictures.drawings.raster import MAX_PIXELS, PictureNotDecodable, thumbnail
from leanda.errors import FileBomb
from tests.samples import manifest
from tests.unit.parsers.mutants import mutant
from tests.unit.parsers.seeds import WORDS, seeds
from tests.unit.parsers_image import pictures

SEED = int(os.environ.get("LEANDA_SEED") or 8)
MUTANTS = 100


def small(data: bytes, side: int = 256) -> Image.Image:
    image = Image.open(io.BytesIO(thumbnail(io.BytesIO(data), side)))
    image.load()
    assert image.format == "PNG"
    assert max(image.size) <= side
    return image


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, format, **options)
    return target.getvalue()


def test_it_is_small_and_keeps_its_proportions() -> None:
    assert small(pictures.encoded("PNG", size=(2000, 500))).size == (256, 64)
    assert small(pictures.encoded("JPEG", size=(5000, 5000))).size == (256, 256)
    assert small(pictures.encoded("TIFF", size=(300, 600)), side=100).size == (50, 100)


def test_a_small_picture_stays_as_large_as_it_is() -> None:
    assert small(pictures.encoded("GIF", "P", (8, 6))).size == (8, 6)


def test_it_stands_upright_and_tells_nothing_of_the_camera() -> None:
    upright = Image.new("RGB", (40, 20), (255, 0, 0))
    upright.paste((0, 0, 255), (0, 0, 20, 20))  # blue on the left
    for orientation, corner in ((1, (0, 0, 255)), (6, (0, 0, 255)), (3, (255, 0, 0)), (8, (255, 0, 0))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for format in ("PNG", "TIFF"):
            found = small(saved(upright, format, exif=exif))
            assert found.size == ((40, 20) if orientation in (1, 3) else (20, 40))
            assert found.convert("RGB").getpixel((1, 1)) == corner, (orientation, format)
            assert "exif" not in found.info
    assert small(pictures.jpeg()).size == (20, 30)


@pytest.mark.parametrize(("mode", "format"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF")])
def test_deep_greys_are_stretched(mode: str, format: str) -> None:
    wide = Image.new("F", (64, 1))
    wide.putdata([1000.0 + 10 * n for n in range(64)])
    found = small(saved(wide.convert("I").convert(mode) if mode != "F" else wide, format))
    values = list(found.get_flattened_data()) if hasattr(found, "get_flattened_data") else list(found.getdata())
    assert (values[0], values[-1]) == (0, 255)
    assert values == sorted(values)


def test_an_even_or_undefined_grey_is_black() -> None:
    assert small(pictures.encoded("TIFF", "F")).getextrema() == (0, 0)
    undefined = Image.new("F", (4, 4), float("nan"))
    assert small(saved(undefined, "TIFF")).getextrema() == (0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_becomes_one_that_browsers_show(mode: str) -> None:
    format = "TIFF" if mode in ("CMYK", "YCbCr", "LA") else "PNG"
    assert small(pictures.encoded(format, mode)).mode in ("L", "RGB", "RGBA")


def test_transparency_is_kept() -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert small(saved(clear, "PNG")).getpixel((5, 5)) == (255, 0, 0, 0)
    assert small(saved(clear, "WEBP", lossless=True, exact=True)).getpixel((5, 5)) == (255, 0, 0, 0)


def test_a_profile_is_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "icc_profile" not in small(pictures.encoded("PNG", icc_profile=profile)).info


def test_what_is_left_of_a_cut_file_is_shown() -> None:
    for format in ("JPEG", "PNG"):
        data = saved(Image.effect_noise((200, 200), 50), format)
        assert small(data[: len(data) // 2]).size == (200, 200)


def test_too_many_pixels_are_not_decoded() -> None:
    wide = pictures.page(MAX_PIXELS // 1000 + 1, 1000, t273=pictures.long(8), t279=pictures.long(100))
    for data in (pictures.tiff(wide), b"GIF89a" + struct.pack("<HHBBB", 20_000, 20_000, 0, 0, 0) + b"," + bytes(9)):
        with pytest.raises((FileBomb, PictureNotDecodable)):
            thumbnail(io.BytesIO(data))
    with pytest.raises(FileBomb):
        thumbnail(io.BytesIO(pictures.tiff(wide)))


def test_what_cannot_be_decoded_has_a_code() -> None:
    for data in (b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(50), pictures.tiff(pictures.page(4, 4))):
        with pytest.raises(PictureNotDecodable):
            thumbnail(io.BytesIO(data))


@pytest.mark.parametrize("format", ["bmp", "gif", "jpeg", "png", "tiff", "webp"])
def test_a_damaged_picture_has_a_small_one_or_is_refused(format: str) -> None:
    print(f"LEANDA_SEED={SEED}")
    good = pictures.encoded("TIFF") if format == "tiff" else seeds()["image", format][0]  # that one has no pixels
    dice, made = random.Random(SEED), 0
    for _ in range(MUTANTS):
        try:
            small(mutant(good, [good], dice, WORDS["image"]))
        except (FileBomb, PictureNotDecodable):
            continue
        made += 1
    assert made, "all were refused, so nothing was tried"


def test_every_good_sample_has_a_small_picture() -> None:
    made = 0
    for row in manifest("image"):
        try:
            small(row.read_bytes())
            made += 1
        except (FileBomb, PictureNotDecodable):
            assert row.expected == "invalid", row.path
    assert made == 8


def test_a_frame_of_a_tiff_is_shown() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    for frame, colour in enumerate([(255, 0, 0), (0, 0, 255)]):
        image = Image.open(io.BytesIO(thumbnail(io.BytesIO(data), frame=frame)))
        assert image.getpixel((4, 4)) == colour
    with pytest.raises(PictureNotDecodable, match="cannot be decoded"):
        thumbnail(io.BytesIO(data), frame=2)


def test_of_a_slide_scan_a_smaller_page_of_its_shape_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [(60, 60), (10, 10), (30, 20), (20, 20)]
    pages = [Image.new("RGB", size, (10 * size[0] % 256, 0, 0)) for size in sizes]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    monkeypatch.setattr(raster, "MAX_PIXELS", 1000)
    assert small(data).size == (20, 20)


def test_a_slide_in_jpeg_2000_shows_its_small_version_and_never_its_label() -> None:
    """Pillow refuses the whole file because of its first page."""
    scan = np.zeros((600, 1200, 3), np.uint8)
    scan[:, :600], scan[:, 600:] = (200, 30, 30), (30, 30, 200)
    label = np.full((300, 300, 3), 255, np.uint8)
    target = io.BytesIO()
    with tifffile.TiffWriter(target) as writer:
        writer.write(scan, tile=(256, 256), photometric="rgb", compression="jpeg2000", metadata=None)
        writer.write(label, photometric="rgb", compression="lzw", metadata=None)
        writer.write(scan[::2, ::2], photometric="rgb", compression="jpeg", metadata=None)
        writer.write(scan[::8, ::8], photometric="rgb", compression="lzw", metadata=None)
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(target.getvalue()))
    image = Image.open(io.BytesIO(thumbnail(target))).convert("RGB")
    assert image.size == (512, 256)
    left, right = image.getpixel((100, 100)), image.getpixel((400, 100))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]
    second = Image.open(io.BytesIO(thumbnail(target, frame=1))).convert("RGB")
    assert (second.size, second.getpixel((150, 150))) == ((300, 300), (255, 255, 255))


def test_a_picture_that_is_coded_in_no_known_way_says_so() -> None:
    target = io.BytesIO()
    with tifffile.TiffWriter(target) as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8), photometric="rgb", compression="jpeg2000", metadata=None)
    with pytest.raises(PictureNotDecodable):
        thumbnail(target)
