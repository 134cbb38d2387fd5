"""Which format of pictures or microscopy some bytes are the beginning of. Pure; it never raises, whatever the bytes."""

from __future__ import annotations

import io
import re
import struct
from typing import Final

from leanda.errors import ParseFailure
from leanda.parsing import tiff

EXTENSIONS: Final[dict[str, tuple[str, ...]]] = {
    "png": ("png", "apng"),
    "jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "gif": ("gif",),
    "bmp": ("bmp", "dib"),
    "webp": ("webp",),
    "tiff": ("tif", "tiff"),
    "ome-tiff": ("ome.tif", "ome.tiff", "ome.tf2", "ome.tf8", "ome.btf"),
    "ome-xml": ("ome.xml", "ome"),
    "svs": ("svs",),
    "bigtiff": ("btf", "tf2", "tf8"),
    "czi": ("czi",),
    "lif": ("lif",),
    "nd2": ("nd2",),
}
IMAGE: Final = ("png", "jpeg", "gif", "bmp", "webp", "tiff")
MICROSCOPY: Final = ("ome-tiff", "ome-xml", "svs", "bigtiff", "czi", "lif", "nd2")

DOUBLE_EXTENSIONS: Final = frozenset({"ome.xml", *EXTENSIONS["ome-tiff"]})
"""Extensions of two parts, of which the first one decides."""

_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"ZISRAWFILE", "czi"),
    (b"\xda\xce\xbe\x0a", "nd2"),
)
_TIFF_STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_2000: Final = b"\0\0\0\x0cjP  "
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_OME_ROOT: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?>(?:<\?.{0,1000}?\?>|<!--.{0,5000}?-->)\s*+){0,10}<(?:\w{1,30}:)?OME[\s>]", re.DOTALL
)
_DESCRIPTION: Final = 270


def picture_format(data: bytes, extension: str) -> str | None:
    """The format of a file by its first bytes; None when they are no picture's.

    A TIFF file whose description lies behind these bytes (OME-TIFF writers like to put it at the end), and an ND2 file of
    the old kind, which is a JPEG 2000 file, are told by their extension.
    """
    for start, format in _STARTS:
        if data.startswith(start):
            return format
    if data.startswith(_TIFF_STARTS):
        return _tiff_format(data, extension)
    if data.startswith(_JPEG_2000):
        return "nd2" if extension == "nd2" else None
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0" and len(data) >= 18:
        return "bmp" if struct.unpack_from("<I", data, 14)[0] in _BMP_HEADERS else None
    if data.startswith(b"\x70\0\0\0") and data[8:9] == b"\x2a":
        return "lif"
    return "ome-xml" if _OME_ROOT.match(data[:65536]) else None


def _tiff_format(data: bytes, extension: str) -> str:
    description, big = "", data[2:4] in (b"+\0", b"\0+")
    try:
        opened = tiff.Tiff(io.BytesIO(data))
        first = next(opened.directories(), None)
        if first is not None:
            description = opened.text(first, _DESCRIPTION) or ""
    except ParseFailure:
        pass  # The first directory lies behind the head.
    if "<OME" in description or "<ome:OME" in description:
        return "ome-tiff"
    if description.startswith("Aperio"):
        return "svs"
    for format in ("ome-tiff", "svs"):
        if extension in EXTENSIONS[format]:
            return format
    return "bigtiff" if big else "tiff"
