"""Describes a picture with Pillow.

What the file states under names of its own (EXIF tags, text chunks, comments) are fields; size, depth, resolution, profile
and camera are properties. Nothing is decoded: a picture whose pixels are damaged is still described.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any, BinaryIO, Final

from PIL import Image

from functions.parsers.image.formats import colour, ends, exif, position
from functions.parsers.opening import TOOLKIT, opened
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.parsing.records import warning

MAX_TEXTS: Final = 200
MAX_TEXT_CHARACTERS: Final = 64 * 1024

_JFIF_UNITS: Final = (1, 2)
"""Of a resolution per inch or centimetre (JFIF 1.02, APP0)."""
_BITS: Final = {"1": 1, "I;16": 16, "I;16B": 16, "I": 32, "F": 32}


def record(file: BinaryIO, pillow: str, *, with_position: bool = False) -> Record:
    """The one record. See `raster.Raster.records`."""
    with opened(file, pillow) as image:
        block = image.info.get("exif")
        stated = exif.values(block)
        found = {**_shape(image), **_details(image, pillow, stated), **exif.properties(stated)}
        texts = _texts(image, with_position=with_position)
    place, unreadable = position.of_exif(block) if with_position else ((), ())
    issues: list[Issue] = [*unreadable]
    if not _frames(file, pillow, found, issues):
        issues.append(warning("IMAGE_TRUNCATED", "The file ends before the picture does; a part of it is missing."))
    found["bitDepth"] = _bit_depth(file, pillow) or found["bitDepth"]
    return Record(
        index=0,
        type="image",
        fields=(*exif.fields(stated), *place, *texts),
        properties=found,
        issues=tuple(issues),
        toolkit=TOOLKIT,
    )


def _shape(image: Image.Image) -> dict[str, Any]:
    bands = image.getbands()
    return {
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "mode": image.mode,
        "channels": len(bands),
        "channelNames": ", ".join(bands),
        "bitDepth": _BITS.get(image.mode, 8),
        "frames": int(getattr(image, "n_frames", 1)) if image.format != "GIF" else 1,
    }


def _details(image: Image.Image, pillow: str, camera: exif.Values) -> dict[str, Any]:
    """What is stated of resolution, colour and coding; what is not stated is left out."""
    info = image.info
    stated: dict[str, Any] = {
        "colorProfile": colour.profile_name(info.get("icc_profile")),
        "transparency": True if "transparency" in info or image.mode in ("RGBA", "LA", "PA") else None,
        "progressive": True if info.get("progressive") or info.get("interlace") else None,
        "compression": info["compression"] if isinstance(info.get("compression"), str) else None,
        "loop": info["loop"] if isinstance(info.get("loop"), int) else None,
    }
    dpi = info.get("dpi")
    if pillow == "JPEG" and info.get("jfif_unit") not in _JFIF_UNITS:
        dpi = exif.resolution(camera)  # Pillow gives 72 to what states none, and to y what x has.
    if isinstance(dpi, tuple) and len(dpi) == 2:
        stated["dpiX"], stated["dpiY"] = (_positive(value) for value in dpi)
    return {name: value for name, value in stated.items() if value is not None}


def _positive(value: Any) -> int | float | None:
    try:
        number = Fraction(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None
    if number <= 0:
        return None
    return number.numerator if number.denominator == 1 else float(number)


def _texts(image: Image.Image, *, with_position: bool) -> list[FieldValue]:
    """A PNG's text chunks by their keywords, and comments. Those before the pixels: nothing behind them is read."""
    texts: list[FieldValue] = []
    for name, value in image.info.items():
        if not isinstance(name, str) or (exif.tells_position(name) and not with_position):
            continue
        if image.format == "PNG" and isinstance(value, str):
            if name.startswith(("Raw profile type", "XML:com.adobe.xmp")):
                continue
            texts.append(FieldValue(name=name, value=value[:MAX_TEXT_CHARACTERS]))
        elif name == "comment" and isinstance(value, bytes):
            text = value[:MAX_TEXT_CHARACTERS].decode("utf-8", "replace").strip("\0 \r\n")
            texts.append(FieldValue(name="Comment", value=text))
    return texts[:MAX_TEXTS]


def _frames(file: BinaryIO, pillow: str, found: dict[str, Any], issues: list[Issue]) -> bool:
    """Put the frames of a GIF into the properties. False when the file was cut."""
    if pillow != "GIF":
        return ends.is_complete(file, pillow)
    animation = ends.gif_animation(file)
    found["frames"] = max(1, animation.frames)
    if animation.frames > 1 and animation.milliseconds:
        found["duration"] = animation.milliseconds
    if not animation.counted_all:
        issues.append(warning("FRAMES_NOT_COUNTED", f"There are more than {ends.MAX_FRAMES} frames."))
    return animation.complete


def _bit_depth(file: BinaryIO, pillow: str) -> int | None:
    """Bits of one channel, where Pillow's mode does not tell them: in a PNG's IHDR, a JPEG's frame header says 8 or 12."""
    if pillow == "PNG":
        file.seek(24)
        return (file.read(1) or b"\0")[0] or None
    if pillow == "BMP":
        file.seek(28)
        data = file.read(2)
        bits = struct.unpack("<H", data)[0] if len(data) == 2 else 0
        return bits if bits in (1, 2, 4, 8) else None
    return None
