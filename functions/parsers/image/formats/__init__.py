"""The formats of the image parser."""

from __future__ import annotations

from typing import Final

from functions.parsers.bounded import Bounded
from functions.parsers.image.formats.raster import BMP, GIF, JPEG, PLACED, PNG, WEBP
from functions.parsers.image.formats.tiff import PLACED_TIFF, TIFF
from leanda.parsing.format import WholeFormat

_ALL: Final[tuple[WholeFormat, ...]] = (PNG, JPEG, GIF, BMP, WEBP, TIFF, *PLACED, PLACED_TIFF)
FORMATS: Final[dict[str, WholeFormat]] = {found.name: Bounded(found) for found in _ALL}
"""By the name that the signature table gives; with `+position` behind it for those who asked where a picture was taken."""
