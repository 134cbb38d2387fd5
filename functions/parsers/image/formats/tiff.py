"""TIFF: one record for each page, read from its directory.

Pillow refuses many scientific TIFFs (two channels, 32-bit colours, unusual bit depths) because it could not decode them; a
page's description does not depend on that, so the directories are read directly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from leanda.contracts.artefacts import Record
from leanda.errors import FileCorrupt, NoRecords
from leanda.parsing.format import WITH_POSITION
from leanda.parsing.records import warning
from leanda.parsing.tiff import Tiff

MAX_PAGES: Final = 10_000
"""Pages that become records."""


@dataclass
class TiffFormat:
    """See `leanda.parsing.format.WholeFormat`. A chain of pages that meets itself ends there.

    Attributes:
        with_position: tell where a page was photographed.
    """

    name: str
    with_position: bool = False
    version: str = "2"
    empty_is_failure: bool = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record for each page; a page that cannot be read is a failed one.

        Raises:
            FormatMismatch: it is no TIFF file.
            FileCorrupt: not even the directory of its first page can be read.
            NoRecords: it has no page.
        """
        from functions.parsers.image.formats import tiff_records  # Pillow, for the names of EXIF tags

        tiff = Tiff(file)
        count = 0
        try:
            for directory in islice(tiff.directories(), MAX_PAGES):
                record = tiff_records.record(tiff, directory, count, with_position=self.with_position)
                count += 1
                if count == MAX_PAGES and directory.following:
                    message = f"Pages after the first {MAX_PAGES} are left out."
                    left_out = warning("PAGES_NOT_READ", message)
                    record = record.model_copy(update={"issues": (*record.issues, left_out)})
                yield record
        except FileCorrupt as broken:
            if not count:
                raise
            yield tiff_records.failed(count, broken)
            count += 1
        if not count:
            raise NoRecords


TIFF: Final = TiffFormat("tiff")
PLACED_TIFF: Final = TiffFormat("tiff" + WITH_POSITION, with_position=True)
