"""Opens a picture with Pillow, under limits, and gives every way in which that can fail its code."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import PIL
from PIL import Image, UnidentifiedImageError

from leanda import limits
from leanda.errors import FileBomb, FileCorrupt, ParseFailure

TOOLKIT: Final = f"Pillow {PIL.__version__}"

MAX_PIXELS: Final = 1_000_000_000
"""A picture that claims more is refused. Whole-slide scans have more; they are TIFF, whose reader decodes nothing."""
MAX_CANVAS_PIXELS: Final = 50_000_000
"""The same for GIF and WebP, whose readers allocate the canvas when they open the file."""
MAX_TEXT_BYTES: Final = 8 * limits.MIB
"""Texts of a PNG together, inflated; Pillow's own limit is 64 MiB (Pillow documentation, "PNG", `MAX_TEXT_MEMORY`)."""

PLUGINS: Final = {
    "PNG": "PngImagePlugin",
    "JPEG": "JpegImagePlugin",
    "GIF": "GifImagePlugin",
    "BMP": "BmpImagePlugin",
    "WEBP": "WebPImagePlugin",
    "TIFF": "TiffImagePlugin",
}
_WITH_CANVAS: Final = frozenset({"GIF", "WEBP"})


@contextmanager
def opened(file: BinaryIO, pillow: str) -> Iterator[Image.Image]:
    """The picture in a file; only its header has been read.

    Args:
        pillow: Pillow's name of the one format that is tried.

    Raises:
        FileBomb: it claims more than `MAX_PIXELS` (or `MAX_CANVAS_PIXELS`), or needs more memory than there is.
        FileCorrupt: it cannot be read, whatever Pillow calls the reason.
    """
    # Its own plugin is enough; otherwise Pillow imports all forty of them.
    plugin = importlib.import_module(f"PIL.{PLUGINS[pillow]}")
    if pillow == "PNG":
        plugin.MAX_TEXT_MEMORY = MAX_TEXT_BYTES  # type: ignore[attr-defined]
    try:
        most = MAX_CANVAS_PIXELS if pillow in _WITH_CANVAS else MAX_PIXELS
        with _limited_to(most), Image.open(file, formats=(pillow,)) as image:
            yield image
    except ParseFailure:
        raise
    except Image.DecompressionBombError as error:
        raise FileBomb("The picture claims to have more pixels than Leanda accepts.", detail=str(error)) from error
    except (MemoryError, OverflowError) as error:
        raise FileBomb("The picture claims to be larger than memory.", detail=str(error)) from error
    except UnidentifiedImageError as error:
        raise FileCorrupt(detail=f"not a readable {pillow} header") from error
    except Exception as error:
        raise FileCorrupt(detail=f"{type(error).__name__}: {error}"[:500]) from error


@contextmanager
def _limited_to(pixels: int) -> Iterator[None]:
    """Pillow's own guard, which checks before it allocates, at this number of pixels (Pillow documentation, `Image.open`).

    It warns at `MAX_IMAGE_PIXELS` and refuses at twice that number; what it warns of is of no consequence for a header.
    """
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels // 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
