"""A small picture of a picture. Pure: bytes in, PNG out; what it costs is bounded before anything is decoded."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import BinaryIO, Final

from PIL import Image, ImageFile, ImageOps

from functions.parsers import tiff_page
from functions.parsers.opening import opened
from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings.tiff_copy import single_page
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch
from leanda.parsing.tiff import Tiff

SIDE: Final = 512
MAX_PIXELS: Final = 100_000_000
"""Pixels that are decoded for one thumbnail."""
MAX_PAGES: Final = 64
"""Pages of a TIFF file among which a smaller one is looked for."""
_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"RIFF", "WEBP"),
    (b"II", "TIFF"),
    (b"MM", "TIFF"),
)
_ORIENTATION: Final = 0x0112
_WITH_ALPHA: Final = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})


class PictureNotDecodable(NotDrawable):
    summary = "No small picture can be made of this file: its pixels cannot be decoded."


def thumbnail(file: BinaryIO, side: int = SIDE, *, frame: int = 0) -> bytes:
    """A PNG of a file's picture, at most `side` pixels wide and high, upright, never larger than the picture.

    Of a page of a TIFF file that has more pixels than are decoded (a slide scan), or is coded in a way that Pillow does not know
    (JPEG 2000), a smaller page of the same shape is shown.
    Deep greys (16 and 32 bits) are stretched from the darkest to the brightest pixel, as viewers show them. A JPEG is
    decoded at a fraction of its size. What a cut file lacks stays grey or black.

    Raises:
        FileBomb: more than `MAX_PIXELS` would have to be decoded.
        PictureNotDecodable: it is damaged, there is no such frame, or it is coded in a way that Pillow does not know.
    """
    file.seek(0)
    start = file.read(16)
    pillow = next((name for magic, name in _STARTS if start.startswith(magic)), None)
    if pillow is None:
        raise PictureNotDecodable(detail="no known signature")
    file.seek(0)
    try:
        with opened(file, pillow) as image:
            _seek(image, frame)
            return _png(image, side)
    except (FileCorrupt, FileBomb) as refused:
        for one in _other_versions(file, frame, side) if pillow == "TIFF" else ():
            with suppress(FileCorrupt, FileBomb), opened(one, pillow) as image:
                return _png(image, side)
        if isinstance(refused, FileBomb):
            raise
        raise PictureNotDecodable(detail=refused.detail) from refused


def _other_versions(file: BinaryIO, frame: int, side: int) -> Iterator[BinaryIO]:
    """That frame as a file of its own, and then each of the smaller pages of its shape: those that suffice before those that don't.

    Pillow opens no file whose first page it does not know, and wants to have all of a file for one page.
    """
    try:
        tiff = Tiff(file)
        pages = [(tiff_page.page(tiff, found), found) for found in islice(tiff.directories(), MAX_PAGES)]
    except (FileCorrupt, FormatMismatch, FileBomb):
        return
    if frame >= len(pages):
        return
    wanted, place = pages[frame]
    same = [(page, found) for page, found in pages if page.width < wanted.width and _same_shape(page, wanted)]
    same.sort(key=lambda one: (one[0].width < side, one[0].width if one[0].width >= side else -one[0].width))
    for page, found in [(wanted, place), *same]:
        if page.width * page.height <= MAX_PIXELS:
            with suppress(FileCorrupt, FileBomb):
                yield single_page(tiff, found)


def _same_shape(one: tiff_page.Page, other: tiff_page.Page) -> bool:
    return abs(one.width * other.height - other.width * one.height) < 0.02 * one.width * other.height


def _png(image: Image.Image, side: int) -> bytes:
    image.draft("RGB", (2 * side, 2 * side))
    if image.width * image.height > MAX_PIXELS:
        detail = f"{image.width} × {image.height} pixels"
        raise FileBomb("The picture has too many pixels to make a small one of it.", detail=detail)
    with _cut_files_allowed():
        image.load()
    orientation = image.getexif().get(_ORIENTATION, 1)  # Not before: loading turns a TIFF upright and removes the tag.
    small = _reduced(image, side)
    small.getexif()[_ORIENTATION] = orientation
    small = ImageOps.exif_transpose(small)
    return png_of(small, side)


def png_of(image: Image.Image, side: int) -> bytes:
    """A PNG of a decoded picture, which is made small. It tells nothing of where and by whom the picture was taken."""
    image.thumbnail((side, side))
    image.info.clear()
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def _seek(image: Image.Image, frame: int) -> None:
    try:
        image.seek(frame)
    except EOFError as error:
        raise FileCorrupt(detail=f"there is no frame {frame}") from error


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """The picture, small, in a mode that every browser shows: grey, RGB or RGBA."""
    if image.mode.startswith("I;16"):
        image = image.convert("I")
    if image.mode in ("I", "F"):
        image = image.convert("F")
        image.thumbnail((side, side))
        return _stretched(image)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode in ("1", "L"):
        image = image.convert("L")
    else:
        image = image.convert("RGB")
    image.thumbnail((side, side))
    return image


def _stretched(image: Image.Image) -> Image.Image:
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]  # one band: two numbers
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return Image.new("L", image.size)
    scale = 255 / (high - low)
    return image.point(lambda value: value * scale + (-low * scale)).convert("L")


@contextmanager
def _cut_files_allowed() -> Iterator[None]:
    """Pillow decodes what there is of a cut file (Pillow documentation, `ImageFile.LOAD_TRUNCATED_IMAGES`)."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
