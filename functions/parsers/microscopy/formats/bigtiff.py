"""BigTIFF without further conventions: a record for each page. With OME-XML inside it is read as OME-TIFF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from functions.parsers.microscopy.formats.ome_tiff import OME_TIFF, pages
from functions.parsers.microscopy.formats.svs import SVS
from functions.parsers.tiff_page import DESCRIPTION, MAX_TEXT_BYTES
from leanda.contracts.artefacts import Record
from leanda.errors import NoRecords
from leanda.parsing.tiff import Tiff


class BigTiff:
    """See `leanda.parsing.format.WholeFormat`. The first page's description may lie behind what the file's kind was
    decided by; what it says is followed here."""

    name = "bigtiff"
    version = "3"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """A record for each page that is no smaller version of another.

        Raises:
            ParseFailure: as `OmeTiff.records`.
        """
        tiff = Tiff(file)
        first = next(tiff.directories(), None)
        if first is None:
            raise NoRecords
        description = tiff.text(first, DESCRIPTION, at_most=MAX_TEXT_BYTES) or ""
        if "<OME" in description:
            yield from OME_TIFF.records(file)
        elif description.startswith("Aperio"):
            yield from SVS.records(file)
        else:
            yield from pages(tiff, self.name)


BIG_TIFF: Final = BigTiff()
