"""PNG, JPEG, GIF, BMP and WebP: one record for the file; the frames of an animation are counted, not listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from leanda.contracts.artefacts import Record
from leanda.parsing.format import WITH_POSITION


@dataclass
class Raster:
    """One of the formats. See `leanda.parsing.format.WholeFormat`.

    Attributes:
        pillow: Pillow's name of the format.
        with_position: tell where the picture was taken.
    """

    name: str
    pillow: str
    with_position: bool = False
    version: str = "2"
    empty_is_failure: bool = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """The one record.

        Raises:
            FileCorrupt: the header cannot be read.
            FileBomb: it claims more than `opening.MAX_PIXELS`.
        """
        from functions.parsers.image.formats import (
            picture,
        )  # Pillow is imported where files are read, not where planned.

        yield picture.record(file, self.pillow, with_position=self.with_position)


PNG: Final = Raster("png", "PNG")
JPEG: Final = Raster("jpeg", "JPEG")
GIF: Final = Raster("gif", "GIF")
BMP: Final = Raster("bmp", "BMP")
WEBP: Final = Raster("webp", "WEBP")

PLACED: Final = tuple(Raster(one.name + WITH_POSITION, one.pillow, with_position=True) for one in (PNG, JPEG, WEBP))
"""Those that can hold EXIF, for those who asked for the position."""
