"""What the TIFF-based formats have in common."""

from __future__ import annotations

from typing import Any

from functions.parsers import tiff_page
from functions.parsers.microscopy.formats.series import Series
from functions.parsers.tiff_page import Page
from leanda.contracts.artefacts import Issue
from leanda.parsing.records import warning
from leanda.parsing.tiff import Directory


def series_of_page(found: Page, format: str, name: str | None = None, **stated: Any) -> Series:
    """An image as its page states it. The resolution of a TIFF is usually the printer's, so it is no pixel size."""
    return Series(
        format=format,
        name=name,
        sizes={"X": found.width, "Y": found.height},
        pixel_type=found.pixel_type,
        samples=found.samples,
        compression=found.compression,
        fields=found.texts,
        **{"issues": issues_of_page(found), **stated},
    )


def levels(directory: Directory) -> int | None:
    """Levels of a pyramid that hangs below its page (OME-TIFF 6.0 "Sub-resolutions"); None when there is none."""
    below = directory.entries.get(tiff_page.SUB_IFDS)
    return below.number + 1 if below is not None and 0 < below.number < 100 else None


def issues_of_page(page: Page) -> tuple[Issue, ...]:
    if not page.pixels_outside:
        return ()
    return (warning("IMAGE_TRUNCATED", "The file ends before the image does; a part of it is missing."),)
