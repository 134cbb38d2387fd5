"""SVS, whole slides of Aperio scanners: a TIFF with a pyramid, and small pictures of the slide and its label.

Aperio, "Digital Slides and Third-Party Data Interchange" (2008), section "SVS": the first page is the slide, the second a
thumbnail, striped; the pyramid's tiled levels follow; label and macro come last, striped. The description of each page is a
line about the scanner, then `name = value` pairs between bars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import BinaryIO, Final

from functions.parsers import tiff_page
from functions.parsers.microscopy.formats import series
from functions.parsers.microscopy.formats.series import Objective, Quantity, Series
from functions.parsers.microscopy.formats.tiff_files import series_of_page
from functions.parsers.tiff_page import Page
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FileCorrupt, NoRecords
from leanda.parsing.records import warning
from leanda.parsing.tiff import Tiff

MAX_PAGES: Final = 1000
MAX_PAIRS: Final = 200
_DATE: Final = re.compile(r"(\d\d)/(\d\d)/(\d\d|\d{4})")
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d")
_ZONE: Final = re.compile(r"(?:GMT|UTC)?\s*([+-]\d\d):?(\d\d)")


class Svs:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "svs"
    version = "3"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """The slide, then its thumbnail, label and macro picture, where they are there.

        Raises:
            FormatMismatch: it is no TIFF file.
            FileCorrupt: its first page cannot be read.
            NoRecords: it has no page.
        """
        pages, issues = _pages(Tiff(file))
        if not pages:
            raise NoRecords
        (_, slide), *others = pages
        tiled = [page for _, page in others if page.tiled]
        baseline = _slide(slide, levels=1 + len(tiled))
        yield replace(baseline, issues=(*baseline.issues, *issues)).record(0)
        striped = ((number, page) for number, page in others if not page.tiled)
        for index, (number, page) in enumerate(striped, 1):
            found = series_of_page(page, self.name, _name(page, index), page=number)
            yield replace(found, fields=()).record(index)


SVS: Final = Svs()


def _pages(tiff: Tiff) -> tuple[list[tuple[int, Page]], list[Issue]]:
    """The pages that can be read, with their numbers from 1, up to the first whose directory cannot. The slide itself must be
    readable.
    """
    pages: list[tuple[int, Page]] = []
    issues: list[Issue] = []
    try:
        for number, directory in enumerate(islice(tiff.directories(), MAX_PAGES), 1):
            try:
                pages.append((number, tiff_page.page(tiff, directory)))
            except FileCorrupt as broken:
                if not pages:
                    raise
                issues.append(warning("PAGE_UNREADABLE", "A page of the slide cannot be read.", broken.detail))
    except FileCorrupt as broken:
        if not pages:
            raise
        issues.append(warning("PAGE_UNREADABLE", "A page of the slide cannot be read.", broken.detail))
    return pages, issues


def _name(page: Page, index: int) -> str:
    """Label and macro say in their description what they are; the first striped page is the thumbnail."""
    description = (page.description or "").lower()
    named = next((name for name in ("label", "macro") if name in description), None)
    return named or ("thumbnail" if index == 1 else "picture")


def _slide(page: Page, levels: int) -> Series:
    lines = (page.description or "").splitlines()
    pairs = dict(_pairs(page.description or ""))
    size = series.quantity(pairs.get("MPP"), "µm")
    return replace(
        series_of_page(page, SVS.name, "slide"),
        pixel_sizes=dict.fromkeys("XY", size) if isinstance(size, Quantity) else None,
        objective=Objective(magnification=series.number(pairs.get("AppMag"))),
        microscope=pairs.get("ScanScope ID"),
        acquisition_date=_date(pairs),
        software=lines[0].split("|", 1)[0].strip() if lines else None,
        levels=levels,
        page=1,
        fields=tuple(FieldValue(name=name, value=_typed(value)) for name, value in pairs.items()),
    )


def _pairs(description: str) -> Iterator[tuple[str, str]]:
    for part in description.split("|")[1 : MAX_PAIRS + 1]:
        name, equals, value = part.partition("=")
        if equals and name.strip():
            yield name.strip()[:200], value.strip()[: series.MAX_TEXT_CHARACTERS]


def _typed(value: str) -> str | int | float:
    """A number where one is stated; what would not be written the same again stays text (`00501`, `+1`)."""
    found = series.number(value)
    return value if found is None or (isinstance(found, int) and str(found) != value) else found


def _date(pairs: dict[str, str]) -> str | None:
    """`Date = 12/29/09|Time = 09:59:15|Time Zone = GMT-05:00` as `2009-12-29T09:59:15-05:00`. Months come first.

    None for what is no day that way.
    """
    day, time = _DATE.fullmatch(pairs.get("Date", "")), _TIME.fullmatch(pairs.get("Time", ""))
    if day is None:
        return None
    try:
        scanned = date(int(day[3]) + (0 if len(day[3]) == 4 else 2000), int(day[1]), int(day[2]))
    except ValueError:
        return None
    zone = _ZONE.fullmatch(pairs.get("Time Zone", ""))
    at = f"T{time[0]}" + (f"{zone[1]}:{zone[2]}" if zone else "") if time else ""
    return f"{scanned.isoformat()}{at}"
