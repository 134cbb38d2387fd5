"""EXIF: what a camera wrote, without where it stood.

CIPA DC-008 "Exchangeable image file format for digital still cameras". The position (the GPS directory) is not read here
(`position`), nor is anything that may repeat it in a form of its own: maker notes, XMP, IPTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from leanda.contracts.artefacts import FieldValue
from leanda.parsing.tiff import Directory, Tiff

MAX_FIELDS: Final = 300
MAX_CHARACTERS: Final = 10_000
MAX_NUMBERS: Final = 64

_EXIF_DIRECTORY: Final = 0x8769
_POINTERS_AND_BLOBS: Final = frozenset({
    0x0111, 0x0117, 0x0144, 0x0145,  # places of pixels
    0x014A, 0x8769, 0x8825, 0xA005,  # other directories, among them the position
    0x0201, 0x0202,  # the embedded preview
    0x02BC, 0x83BB, 0x8649, 0x8773, 0x927C, 0x935C,  # XMP, IPTC, Photoshop, ICC, maker notes
})  # fmt: skip
_VERSIONS: Final = frozenset({0x9000, 0xA000})
_UTF16: Final = frozenset({0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F})
_USER_COMMENT: Final = 0x9286
_DATE: Final = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?")
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d|Z")
_POSITION: Final = re.compile(r"gps|latitude|longitude|geotag|location", re.IGNORECASE)

type Values = dict[str, Any]


def values(exif: bytes | None) -> Values:
    """Tag names and values of an EXIF block; empty when there is none or it cannot be read."""
    if not exif:
        return {}
    block = Image.Exif()
    try:
        block.load(exif)
        found = dict(_named(block))
        found.update(_named(block.get_ifd(_EXIF_DIRECTORY)))
    except Exception:
        # Whatever a damaged block does to its reader, the picture is as good as before.
        return {}
    return found


def values_of_directory(tiff: Tiff, directory: Directory) -> Values:
    """The same of an EXIF directory inside of a TIFF file."""

    def value(tag: int) -> Any:
        numbers = tiff.numbers(directory, tag)[: MAX_NUMBERS + 1]
        if numbers:
            return numbers[0] if len(numbers) == 1 else numbers
        if tag in _VERSIONS or tag == _USER_COMMENT:
            return tiff.raw(directory, tag, at_most=MAX_CHARACTERS)
        return tiff.text(directory, tag, at_most=MAX_CHARACTERS)

    known = [tag for tag in directory.entries if tag in ExifTags.TAGS and tag not in _POINTERS_AND_BLOBS]
    return dict(_named({tag: value(tag) for tag in known[:MAX_FIELDS]}))


def fields(found: Values) -> tuple[FieldValue, ...]:
    return tuple(FieldValue(name=name, value=value) for name, value in list(found.items())[:MAX_FIELDS])


def properties(found: Values) -> dict[str, Any]:
    """Orientation, camera, lens and date, where they are stated."""
    stated = {
        "orientation": _orientation(found.get("Orientation")),
        "cameraMake": found.get("Make"),
        "cameraModel": found.get("Model"),
        "lensModel": found.get("LensModel"),
        "acquisitionDate": date(found.get("DateTimeOriginal"), found.get("OffsetTimeOriginal"))
        or date(found.get("DateTimeDigitized"), found.get("OffsetTimeDigitized")),
        "modificationDate": date(found.get("DateTime"), found.get("OffsetTime")),
    }
    return {name: value for name, value in stated.items() if value is not None}


def date(text: Any, offset: Any = None) -> str | None:
    """`2015:03:02 12:30:15` as `2015-03-02T12:30:15`, with the offset from UTC if that is known. None for anything else.

    A camera whose clock was not set writes days that do not exist, `2015:00:00` or `0000:00:00`.
    """
    found = _DATE.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}-{found[2]}-{found[3]}T{found[4]}:{found[5]}:{found[6]}")
    except ValueError:
        return None
    zone = offset if isinstance(offset, str) and _OFFSET.fullmatch(offset) else ""
    return f"{moment.isoformat()}{found[7] or ''}{zone}"


def resolution(found: Values) -> tuple[float, float] | None:
    """Pixels per inch, x and y, of a block that states both. A block without unit means inches (EXIF 4.6.4, `ResolutionUnit`)."""
    x, y = found.get("XResolution"), found.get("YResolution")
    to_inch = {2: 1.0, 3: 2.54}.get(found.get("ResolutionUnit", 2))
    if to_inch is None or not isinstance(x, int | float) or not isinstance(y, int | float):
        return None
    return x * to_inch, y * to_inch


def tells_position(name: str) -> bool:
    """True for names under which programs write where a picture was taken."""
    return _POSITION.search(name) is not None


def _named(block: Mapping[int, Any]) -> Iterator[tuple[str, Any]]:
    for tag in list(block):
        name = ExifTags.TAGS.get(tag)
        if name is None or tag in _POINTERS_AND_BLOBS or tells_position(name):
            continue
        value = _plain(tag, block[tag])
        if value is not None and value != "":
            yield name, value


def _plain(tag: int, value: Any) -> str | int | float | None:
    """A value as JSON has it; several numbers become a text with commas, bytes without a known meaning nothing."""
    if isinstance(value, str):
        return value.split("\0", 1)[0].strip()[:MAX_CHARACTERS]
    if isinstance(value, bytes):
        return _text_of(tag, value)
    if isinstance(value, tuple):
        plain = [_number(part) for part in value[:MAX_NUMBERS]]
        return None if tag in _UTF16 or None in plain else ", ".join(map(str, plain))
    return _number(value)


def _text_of(tag: int, value: bytes) -> str | None:
    if tag in _VERSIONS:
        return value.decode("ascii", "replace")[:8]
    if tag in _UTF16:
        return value[: 2 * MAX_CHARACTERS].decode("utf-16-le", "replace").split("\0", 1)[0].strip()
    if tag == _USER_COMMENT and value[:8] == b"ASCII\0\0\0":
        return value[8 : 8 + MAX_CHARACTERS].decode("ascii", "replace").strip("\0 ")
    return None


def _number(value: Any) -> int | float | None:
    if isinstance(value, IFDRational):
        below = value.denominator
        if not below or not isinstance(below, int) or not isinstance(value.numerator, int):
            return None
        exact = Fraction(value.numerator, below)
        return exact.numerator if exact.denominator == 1 else float(exact)
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return None


def _orientation(value: Any) -> int | None:
    return value if isinstance(value, int) and 1 <= value <= 8 else None
