"""Where a picture was taken: read for those who asked for it, and only then.

CIPA DC-008 "Exchangeable image file format for digital still cameras", 4.6.6 "GPS attribute information". A format that tells
the position goes by a name of its own (`leanda.parsing.format.WITH_POSITION`), so that no other one comes here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from PIL import Image

from leanda.contracts.artefacts import FieldValue, Issue
from leanda.errors import FileCorrupt
from leanda.parsing.records import warning
from leanda.parsing.tiff import Directory, Number, Tiff

GPS_DIRECTORY: Final = 0x8825
LATITUDE: Final = "GPSLatitude (deg)"
LONGITUDE: Final = "GPSLongitude (deg)"
ALTITUDE: Final = "GPSAltitude (m)"

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = range(1, 7)
_TEXTS: Final = frozenset({_LATITUDE_REF, _LONGITUDE_REF})
_MAX_TEXT: Final = 16
_BELOW: Final = frozenset({1, 3})
"""Altitudes below the sea (EXIF 2.32), below the ellipsoid or the sea (EXIF 3.0)."""

type Told = tuple[tuple[FieldValue, ...], tuple[Issue, ...]]


def of_exif(exif: bytes | None) -> Told:
    """Latitude and longitude in decimal degrees, north and east positive, and altitude in metres, of an EXIF block.

    Nothing where nothing is stated. What is stated and cannot be read is no field but an issue: half a position is none.
    """
    if not exif:
        return (), ()
    block = Image.Exif()
    try:
        block.load(exif)
        stated = dict(block.get_ifd(GPS_DIRECTORY))
    except Exception:
        return (), (_unreadable("EXIF"),)
    return _told(stated)


def of_directory(tiff: Tiff, page: Directory) -> Told:
    """The same of a page of a TIFF file."""
    place = tiff.integer(page, GPS_DIRECTORY)
    if place is None:
        return (), ()
    try:
        directory = tiff.directory(place)
        stated = {
            tag: tiff.text(directory, tag, at_most=_MAX_TEXT) if tag in _TEXTS else _numbers(tiff, directory, tag)
            for tag in directory.entries
            if _LATITUDE_REF <= tag <= _ALTITUDE
        }
    except FileCorrupt:
        return (), (_unreadable("GPS directory"),)
    return _told(stated)


def _numbers(tiff: Tiff, directory: Directory, tag: int) -> tuple[Number | None, ...]:
    """All numbers of an entry, or one that says that there is one without a value (a division by zero)."""
    numbers = tiff.numbers(directory, tag)
    return numbers if len(numbers) == directory.entries[tag].number else (None,)


def _told(stated: Mapping[int, Any]) -> Told:
    fields: list[FieldValue] = []
    issues: list[Issue] = []
    if _LATITUDE in stated or _LONGITUDE in stated:
        latitude = _degrees(stated.get(_LATITUDE), stated.get(_LATITUDE_REF), "NS", 90)
        longitude = _degrees(stated.get(_LONGITUDE), stated.get(_LONGITUDE_REF), "EW", 180)
        if latitude is None or longitude is None:
            issues.append(_unreadable("GPSLatitude, GPSLongitude"))
        else:
            fields += [FieldValue(name=LATITUDE, value=latitude), FieldValue(name=LONGITUDE, value=longitude)]
    if _ALTITUDE in stated:
        altitude = _metres(stated[_ALTITUDE], stated.get(_ALTITUDE_REF))
        if altitude is None:
            issues.append(_unreadable("GPSAltitude"))
        else:
            fields.append(FieldValue(name=ALTITUDE, value=altitude))
    return tuple(fields), tuple(issues)


def _degrees(value: Any, reference: Any, signs: str, most: int) -> float | None:
    """Degrees, minutes and seconds as one number. Without N or S, E or W nobody knows which side of the earth is meant."""
    parts = [_exact(part) for part in value] if isinstance(value, tuple | list) else [_exact(value)]
    sign = reference.strip("\0 ").upper()[:1] if isinstance(reference, str) else ""
    if not 0 < len(parts) <= 3 or not sign or sign not in signs:
        return None
    total = Fraction()
    for n, part in enumerate(parts):
        if part is None or part < 0:
            return None
        total += part / 60**n
    if total > most:
        return None
    return float(total if sign == signs[0] else -total)


def _metres(value: Any, reference: Any) -> float | None:
    metres = _exact(value[0] if isinstance(value, tuple | list) and len(value) == 1 else value)
    if metres is None:
        return None
    if isinstance(reference, bytes | tuple | list):
        reference = reference[0] if len(reference) else 0
    return float(-metres if reference in _BELOW else metres)


def _exact(value: Any) -> Fraction | None:
    """A rational of Pillow or of a TIFF directory; None for a division by zero and for what is no number."""
    above, below = getattr(value, "numerator", value), getattr(value, "denominator", 1)
    if isinstance(above, float) and math.isfinite(above):
        above, below = above.as_integer_ratio()
    if not isinstance(above, int) or not isinstance(below, int) or not below:
        return None
    return Fraction(above, below)


def _unreadable(place: str) -> Issue:
    return warning("POSITION_UNREADABLE", "The file states a position in a way that cannot be read.", place)
