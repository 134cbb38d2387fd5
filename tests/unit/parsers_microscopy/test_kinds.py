"""What tells files of microscopes from other TIFFs and XML."""

from __future__ import annotations

import pytest

from leanda.parsing.signatures import Kind, decide
from tests.unit.parsers_image.pictures import ascii_, page, tiff
from tests.unit.parsers_microscopy import files

OME = files.OME.encode()


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (OME, "a", "ome-xml"),
        (OME, "a.ome.xml", "ome-xml"),
        (b"\xef\xbb\xbf" + OME, "a.xml", "ome-xml"),
        (b'<ome:OME xmlns:ome="x"/>', "a.txt", "ome-xml"),
        (tiff(page(4, 4, t270=ascii_(files.OME))), "a", "ome-tiff"),
        (tiff(page(4, 4, t270=ascii_(files.APERIO))), "a.tif", "svs"),
        (tiff(page(4, 4), big=True), "a.tif", "bigtiff"),
        (tiff(page(4, 4)), "a.ome.tiff", "ome-tiff"),
        (tiff(page(4, 4)), "a.svs", "svs"),
        (b"II*\0\0\0\0\x10" + bytes(100), "a.ome.tif", "ome-tiff"),  # its directory lies behind the head
        (b"II+\0\x08\0\0\0" + b"\0\0\0\x10\0\0\0\0" + bytes(100), "a.tif", "bigtiff"),
    ],
)
def test_the_kind_is_decided_by_content_where_the_head_tells_it(data: bytes, name: str, format: str) -> None:
    assert decide(data, name, len(data)) == Kind("microscopy", format)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<OMEGA/>", "a.xml"),
        (b"<svg><OME/></svg>", "a.svg"),
        (b"\x70\0\0\0" + bytes(20), "a.dat"),
        (tiff(page(4, 4)), "a.tif"),
    ],
)
def test_a_like_beginning_is_not_enough(data: bytes, name: str) -> None:
    assert decide(data, name, len(data)).kind != "microscopy"
