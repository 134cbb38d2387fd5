"""Describes one page of a TIFF file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from functions.parsers import tiff_page
from functions.parsers.image.formats import colour, exif, position
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FileCorrupt
from leanda.limits import MAX_NAME_CHARACTERS
from leanda.parsing import records
from leanda.parsing.records import error, information, warning
from leanda.parsing.tiff import Directory, Tiff

_OME_MARK: Final = "<OME"


def record(tiff: Tiff, directory: Directory, index: int, *, with_position: bool = False) -> Record:
    try:
        page = tiff_page.page(tiff, directory)
    except FileCorrupt as broken:
        return failed(index, broken)
    camera = _exif(tiff, directory)
    taken = exif.properties({**camera, **{text.name: text.value for text in page.texts}})
    properties: dict[str, Any] = {
        "format": "BigTIFF" if tiff.big else "TIFF",
        **tiff_page.properties(page),
        **taken,
        "frames": 1,
    }
    profile = colour.profile_name(tiff.raw(directory, tiff_page.ICC_PROFILE, at_most=colour.MAX_PROFILE_BYTES))
    if profile:
        properties["colorProfile"] = profile
    names = {text.name: text.value for text in page.texts}
    place, unreadable = position.of_directory(tiff, directory) if with_position else ((), ())
    return Record(
        index=index,
        type="image",
        name=str(names.get("PageName") or names.get("DocumentName") or "")[:MAX_NAME_CHARACTERS] or None,
        fields=(*page.texts, *exif.fields(camera), *place),
        properties=properties,
        issues=(*unreadable, *_issues(page)),
    )


def _exif(tiff: Tiff, directory: Directory) -> exif.Values:
    """What a page's EXIF directory states; a broken one costs nothing but itself."""
    offset = tiff.integer(directory, tiff_page.EXIF_IFD)
    if offset is None:
        return {}
    try:
        return exif.values_of_directory(tiff, tiff.directory(offset))
    except FileCorrupt:
        return {}


def _issues(page: tiff_page.Page) -> Iterator[Issue]:
    if page.pixels_outside:
        yield warning("IMAGE_TRUNCATED", "The file ends before the picture does; a part of it is missing.")
    if page.description and _OME_MARK in page.description:
        message = "The page holds OME-XML; under the extension .ome.tif it is read as microscopy."
        yield information("OME_XML_NOT_READ", message, "ImageDescription")


def failed(index: int, broken: FileCorrupt) -> Record:
    return records.failed("image", index, error("PAGE_UNREADABLE", "The page cannot be read.", broken.detail))
