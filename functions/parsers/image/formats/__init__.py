"""The formats of the image parser."""

from __future__ import annotations

from typing import Final

from functions.parsers.bounded import Bounded
from functions.parsers.image.formats.raster import BMP, GIF, JPEG, PNG, WEBP
from functions.parsers.image.formats.tiff import TIFF
from leanda.parsing.format import WholeFormat

FORMATS: Final[dict[str, WholeFormat]] = {found.name: Bounded(found) for found in (PNG, JPEG, GIF, BMP, WEBP, TIFF)}
"""By the name that the signature table gives."""
