"""OME-TIFF: a TIFF or BigTIFF with OME-XML in the first page's ImageDescription.

OME Model and Formats documentation, "The OME-TIFF format". Under this name come also files that only their extension
calls so: their pages become records, with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO, Final

from functions.parsers import tiff_page
from functions.parsers.microscopy.formats import ome_xml, series
from functions.parsers.microscopy.formats.tiff_files import issues_of_page, levels, series_of_page
from functions.parsers.tiff_page import Page
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FileCorrupt, NoRecords
from leanda.parsing.records import error, failed, information, warning
from leanda.parsing.tiff import Directory, Tiff

_MARKS: Final = ("<OME", "<ome:OME")


class OmeTiff:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "ome-tiff"
    version = "3"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record for each image of the OME-XML; where there is none that can be read, one for each page.

        Raises:
            FormatMismatch: it is no TIFF file.
            FileCorrupt: not even its first page can be read.
            NoRecords: it has no page.
            EntitiesRefused: its OME-XML declares a document type.
        """
        tiff = Tiff(file)
        first = next(tiff.directories(), None)
        if first is None:
            raise NoRecords
        page = tiff_page.page(tiff, first)
        description = tiff.text(first, tiff_page.DESCRIPTION) or ""
        if not any(mark in description for mark in _MARKS):
            issue = warning("OME_XML_MISSING", "There is no OME-XML in the file; its pages are described instead.")
            yield from pages(tiff, self.name, issue)
            return
        try:
            ome = ome_xml.read(description)
        except FileCorrupt as broken:
            issue = warning("OME_XML_UNREADABLE", broken.message, broken.detail)
            yield from pages(tiff, self.name, issue)
            return
        if not ome.images:
            yield from pages(tiff, self.name, _elsewhere(ome))
            return
        coded, missing = _looked_through(tiff, ome)
        for record in ome_xml.records(ome, self.name, (*(missing or issues_of_page(page)), *_issues(ome, page))):
            stated = coded.get(record.index, {})
            yield record.model_copy(update={"properties": record.properties | stated}) if record.properties else record


OME_TIFF: Final = OmeTiff()


def pages(tiff: Tiff, format: str, issue: Issue | None = None) -> Iterator[Record]:
    """A record for each page; smaller versions of a page are left out. A page that cannot be read is a failed record.

    Args:
        issue: of the file, put on its first record.
    """
    index = 0
    directories = islice(tiff.directories(), series.MAX_SERIES)
    try:
        for number, directory in enumerate(directories, 1):
            try:
                page = tiff_page.page(tiff, directory)
            except FileCorrupt as broken:
                yield _unreadable(index, broken)
                index += 1
                continue
            if page.reduced and index:
                continue
            found = series_of_page(page, format, levels=levels(directory), page=number)
            if issue and index == 0:
                found = replace(found, issues=(issue, *found.issues))
            if number == series.MAX_SERIES and directory.following:
                left_out = warning("PAGES_NOT_READ", f"Pages after the first {series.MAX_SERIES} are left out.")
                found = replace(found, issues=(*found.issues, left_out))
            yield found.record(index)
            index += 1
    except FileCorrupt as broken:
        if not index:
            raise
        yield _unreadable(index, broken)
        index += 1
    if not index:
        raise NoRecords


def _looked_through(tiff: Tiff, ome: ome_xml.Ome) -> tuple[dict[int, dict[str, Any]], tuple[Issue, ...]]:
    """How each image is coded, by its number, where the page that it begins on is known; and whether the file has an end."""
    begins: dict[int | None, list[int]] = {}
    for index in range(min(len(ome.images), series.MAX_SERIES)):
        begins.setdefault(ome_xml.first_page(ome, index), []).append(index)
    coded: dict[int, dict[str, Any]] = {}
    last: Directory | None = None
    try:
        for number, last in enumerate(islice(tiff.directories(), series.MAX_SERIES)):
            if number in begins:
                coded |= dict.fromkeys(begins[number], _coding(tiff, last))
        return coded, issues_of_page(tiff_page.page(tiff, last)) if last else ()
    except FileCorrupt as broken:
        message = "A page of the file cannot be read; planes of the images are missing."
        return coded, (warning("PAGE_UNREADABLE", message, broken.detail),)


def _coding(tiff: Tiff, directory: Directory) -> dict[str, Any]:
    try:
        compression = tiff_page.page(tiff, directory).compression
    except FileCorrupt:
        return {}
    depth = levels(directory)
    return {"compression": compression} | ({"pyramidLevels": depth} if depth else {})


def _unreadable(index: int, broken: FileCorrupt) -> Record:
    return failed(series.RECORD_TYPE, index, error("PAGE_UNREADABLE", "The page cannot be read.", broken.detail))


def _elsewhere(ome: ome_xml.Ome) -> Issue:
    if ome.metadata_file is None:
        return warning("OME_XML_WITHOUT_IMAGE", "The OME-XML describes no image; the pages are described instead.")
    message = (
        f"The metadata is in another file: {ome.metadata_file[:200]}. What this file's pages state is given instead."
    )
    return warning("OME_METADATA_ELSEWHERE", message)


def _issues(ome: ome_xml.Ome, page: Page) -> Iterator[Issue]:
    if len(ome.other_files) > 1:
        message = f"The images' planes lie in {len(ome.other_files)} files; this is one of them."
        yield information("IMAGE_IN_SEVERAL_FILES", message)
    stated = {(image.get("SizeX"), image.get("SizeY")) for image in ome.root.iterfind("Image/Pixels")}
    if (str(page.width), str(page.height)) not in stated:
        message = f"No image of the OME-XML has the size of the first page, {page.width} × {page.height}."
        yield warning("SIZE_CONFLICT", message)
