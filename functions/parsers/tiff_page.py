"""What one page of a TIFF file says of itself, for the parsers of images and of microscopy.

Tags and their values: TIFF 6.0 section 8 "Baseline Field Reference Guide" and section 22 "JPEG Compression"; codes that came
later as the libtiff project lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from leanda.contracts.artefacts import FieldValue
from leanda.errors import FileCorrupt
from leanda.parsing.tiff import Directory, Number, Tiff

SUBFILE_TYPE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
DESCRIPTION, STRIP_OFFSETS, ORIENTATION, SAMPLES, X_RESOLUTION, Y_RESOLUTION = 270, 273, 274, 277, 282, 283
PLANAR, RESOLUTION_UNIT, DATE_TIME, TILE_WIDTH, TILE_OFFSETS, SAMPLE_FORMAT = 284, 296, 306, 322, 324, 339
MAKE, MODEL, SUB_IFDS, ICC_PROFILE, EXIF_IFD = 271, 272, 330, 34675, 34665

_TEXT_TAGS: Final = {
    269: "DocumentName",
    270: "ImageDescription",
    271: "Make",
    272: "Model",
    285: "PageName",
    305: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    337: "TargetPrinter",
    33432: "Copyright",
}
_COMPRESSIONS: Final = {
    1: "none", 2: "ccitt", 3: "group3", 4: "group4", 5: "lzw", 6: "jpeg (old)", 7: "jpeg", 8: "deflate",
    32773: "packbits", 32946: "deflate", 33003: "jpeg2000 (Aperio)", 33005: "jpeg2000 (Aperio)", 34712: "jpeg2000",
    34925: "lzma", 34933: "png", 34934: "jpegxr", 50000: "zstd", 50001: "webp", 50002: "jpegxl", 52546: "jpegxl",
}  # fmt: skip
_PHOTOMETRICS: Final = {
    0: "WhiteIsZero", 1: "BlackIsZero", 2: "RGB", 3: "Palette", 4: "TransparencyMask", 5: "CMYK", 6: "YCbCr", 8: "CIELab",
    9: "ICCLab", 32803: "CFA", 32844: "LogL", 32845: "LogLuv", 34892: "LinearRaw",
}  # fmt: skip
_SAMPLE_FORMATS: Final = {1: "uint", 2: "int", 3: "float", 5: "complex int", 6: "complex float"}
_RESOLUTION_UNITS: Final = {2: "inch", 3: "cm"}
_CENTIMETRES_PER_INCH: Final = Fraction(254, 100)

MAX_SIDE: Final = 2**31
MAX_RESOLUTION: Final = 2**32
"""Pixels per unit. A rational states no more; a double may state what is no number of pixels."""
MAX_TEXT_BYTES: Final = 64 * 1024
"""Longer texts of a tag are cut: they are somebody's data, not a description."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        samples: values per pixel (3 in RGB).
        bits: bits of each sample; usually all the same.
        sample_format: uint, int, float, …
        resolution: (x, y) in pixels per `resolution_unit`, None where the file states none; exact.
        reduced: a smaller version of another page (a pyramid's level or a thumbnail).
        pixels_outside: the file ends before the page's pixels do.
    """

    width: int
    height: int
    samples: int
    bits: tuple[int, ...]
    sample_format: str
    photometric: str | None
    compression: str
    planar: bool
    tiled: bool
    orientation: int | None
    resolution: tuple[Fraction, Fraction] | None
    resolution_unit: str | None
    reduced: bool
    description: str | None
    texts: tuple[FieldValue, ...]
    pixels_outside: bool

    @property
    def bit_depth(self) -> int:
        return max(self.bits)

    @property
    def pixel_type(self) -> str:
        """uint8, int16, float, double …, as OME names them."""
        if self.sample_format == "float":
            return {32: "float", 64: "double"}.get(self.bit_depth, f"float{self.bit_depth}")
        return "bit" if self.bit_depth == 1 else f"{self.sample_format}{self.bit_depth}"


def page(tiff: Tiff, directory: Directory) -> Page:
    """The page that a directory describes.

    Raises:
        FileCorrupt: it has no usable width or height: no image.
    """

    def integer(tag: int, otherwise: int) -> int:
        value = tiff.integer(directory, tag)
        return otherwise if value is None else value

    width, height = integer(WIDTH, 0), integer(LENGTH, 0)
    if not (0 < width < MAX_SIDE and 0 < height < MAX_SIDE):
        raise FileCorrupt(detail=f"the page at byte {directory.offset} is {width} × {height} pixels")
    samples = integer(SAMPLES, 1)
    bits = tuple(int(value) for value in tiff.numbers(directory, BITS)) or (1,)
    if not 0 < samples <= 2**16 or not all(0 < value <= 256 for value in bits):
        raise FileCorrupt(detail=f"the page at byte {directory.offset} has {samples} samples of {bits[0]} bits")
    compression, photometric = integer(COMPRESSION, 1), tiff.integer(directory, PHOTOMETRIC)
    unit = _RESOLUTION_UNITS.get(integer(RESOLUTION_UNIT, 2))
    return Page(
        width=width,
        height=height,
        samples=samples,
        bits=bits[:samples],
        sample_format=_SAMPLE_FORMATS.get(integer(SAMPLE_FORMAT, 1), "uint"),
        photometric=None if photometric is None else _PHOTOMETRICS.get(photometric, str(photometric)),
        compression=_COMPRESSIONS.get(compression, str(compression)),
        planar=integer(PLANAR, 1) == 2,
        tiled=TILE_WIDTH in directory.entries,
        orientation=tiff.integer(directory, ORIENTATION),
        resolution=_resolution(tiff, directory),
        resolution_unit=unit,
        reduced=bool(integer(SUBFILE_TYPE, 0) & 1),
        description=tiff.text(directory, DESCRIPTION, at_most=MAX_TEXT_BYTES),
        texts=tuple(_texts(tiff, directory)),
        pixels_outside=_pixels_outside(tiff, directory),
    )


def properties(found: Page) -> dict[str, Any]:
    """The page as properties of a record; what the file does not state is left out."""
    stated: dict[str, Any] = {
        "width": found.width,
        "height": found.height,
        "channels": found.samples,
        "bitDepth": found.bit_depth,
        "sampleFormat": found.sample_format,
        "photometric": found.photometric,
        "compression": found.compression,
        "tiled": found.tiled or None,
        "orientation": found.orientation,
        "reducedResolution": found.reduced or None,
    }
    if found.resolution and found.resolution_unit:
        to_inch = _CENTIMETRES_PER_INCH if found.resolution_unit == "cm" else 1
        stated["dpiX"], stated["dpiY"] = (number(value * to_inch) for value in found.resolution)
    return {name: value for name, value in stated.items() if value is not None}


def number(value: Number) -> int | float:
    """A fraction as the number that JSON has for it: an integer when it is one."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return value


def _resolution(tiff: Tiff, directory: Directory) -> tuple[Fraction, Fraction] | None:
    x, y = tiff.numbers(directory, X_RESOLUTION), tiff.numbers(directory, Y_RESOLUTION)
    if not (x and y and all(0 < value < MAX_RESOLUTION for value in (x[0], y[0]))):
        return None
    return Fraction(x[0]), Fraction(y[0])


def _texts(tiff: Tiff, directory: Directory) -> list[FieldValue]:
    found = ((name, tiff.text(directory, tag, at_most=MAX_TEXT_BYTES)) for tag, name in _TEXT_TAGS.items())
    return [FieldValue(name=name, value=text) for name, text in found if text]


def _pixels_outside(tiff: Tiff, directory: Directory) -> bool:
    """The lists of strips or tiles reach beyond the file, or one of the first of them does."""
    for offsets, sizes in ((STRIP_OFFSETS, STRIP_OFFSETS + 6), (TILE_OFFSETS, TILE_OFFSETS + 1)):
        if offsets in directory.outside or sizes in directory.outside:
            return True
        places = zip(tiff.numbers(directory, offsets), tiff.numbers(directory, sizes), strict=False)
        if any(at + size > tiff.size for at, size in places):
            return True
    return False
