"""LIF, Leica's image file: one record for each image, out of the XML in its header.

The file starts with a block: the number 0x70, the block's length, a byte 0x2A, the number of characters, and the XML as
UTF-16 (little-endian); pixels follow in blocks of the same kind. In the XML every `Element` may hold an `Image` and
children. Axes are numbered: 1 X, 2 Y, 3 Z, 4 T, 5 emission wavelength, 6 rotation, 7 rotation in XT, 8 T slice,
9 excitation wavelength, 10 tile ("Leica Image File Formats", LAS AF and LAS X).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from functions.parsers.microscopy.formats import series, xml_tree
from functions.parsers.microscopy.formats.series import Channel, Objective, Quantity, Series
from leanda.contracts.artefacts import FieldValue, Record
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, NoRecords
from leanda.parsing.records import error, failed

MAX_XML_BYTES: Final = 128 * 1024 * 1024
_HEAD: Final = struct.Struct("<iIBI")
_AXES: Final = {
    1: "X",
    2: "Y",
    3: "Z",
    4: "T",
    5: "Lambda",
    6: "Rotation",
    7: "XTRotation",
    8: "TSlice",
    9: "Excitation",
}
_TILE: Final = 10
_PHYSICAL: Final = ("X", "Y", "Z")
# Times are stated for every plane, regions and histograms can be as many. What the parts of a scanner were set to is stated some
# hundred times for every image, of which a file can have thousands.
_LEFT_OUT: Final = frozenset(
    {
        "ROI", "RelTimeStamp", "Histogram", "AdditionalZPosition", "Aotf", "BeamPosition", "BeamRoute", "Detector",
        "LaserLineSetting", "LUT", "MultiBand", "Shutter", "Wheel",
    }
)  # fmt: skip
_FIRST_ONLY: Final = frozenset({"TimeStamp"})
_RECORDS: Final = {
    "SystemType": "SystemTypeName",
    "dblZoom": "Zoom",
    "dblPinhole": "Pinhole",
    "Objective": "ObjectiveName",
    "NumericalAperture": "NumericalAperture",
    "RefractionIndex": "RefractionIndex",
}
"""Settings as LAS AF wrote them, one in a record, and what LAS X calls the same."""
_OBJECTIVE: Final = re.compile(
    r"(?<![\d.])(?P<magnification>\d{1,3}(?:\.\d{1,3})?)x/?\d\.\d{1,3}(?: (?P<immersion>DRY|OIL|WATER|GLYC)\b)?",
    re.IGNORECASE,
)
"""`HCX PL APO CS 63.0x1.40 OIL UV`: magnification, numerical aperture, immersion."""
_FIELDS: Final = (
    "ScanMode", "Zoom", "Pinhole", "PinholeAiry", "ScanSpeed", "PixelDwellTime", "LineAverage", "FrameAverage",
    "ScanDirectionXName", "StagePosX", "StagePosY", "ZPosition", "RefractionIndex", "ObjectiveNumber",
)  # fmt: skip
_FILETIME_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)


class Lif:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "lif"
    version = "2"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record for each image, in the XML's order; its name is its path below the root.

        Raises:
            FormatMismatch: it is no LIF file.
            FileCorrupt: its XML is cut or not well formed.
            FileBomb: its XML is absurdly large.
            EntitiesRefused: its XML declares a document type.
            NoRecords: there is no image in it.
        """
        root = xml_tree.parse(_xml(file), without=_LEFT_OUT, first_only=_FIRST_ONLY, useful=_USEFUL)
        index = -1
        for index, (path, image) in enumerate(_images(root)):
            if index == series.MAX_SERIES:
                return
            yield _record(index, path, image)
        if index < 0:
            raise NoRecords


LIF: Final = Lif()


def _xml(file: BinaryIO) -> str:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise FormatMismatch(detail="no LIF header")
    mark, _, star, characters = _HEAD.unpack(head)
    if mark != 0x70 or star != 0x2A:
        raise FormatMismatch(detail="no LIF header")
    if characters * 2 > size - _HEAD.size:
        raise FileCorrupt(detail=f"the XML of {characters} characters is cut by the end of the file")
    if characters * 2 > MAX_XML_BYTES:
        raise FileBomb(detail=f"XML of {characters} characters")
    return file.read(characters * 2).decode("utf-16-le", "replace")


def _images(root: Element) -> Iterator[tuple[str, Element]]:
    """Every image with its path; elements inside of an image's settings are none."""
    top = root.find("Element")
    stack = [(top, "")] if top is not None else []
    while stack:
        element, path = stack.pop()
        image = element.find("Data/Image")
        if image is not None:
            yield path or element.get("Name", ""), image
        children = element.findall("Children/Element")
        named = [(child, f"{path}/{child.get('Name', '')}".lstrip("/")) for child in children]
        stack.extend(reversed(named))


def _record(index: int, path: str, image: Element) -> Record:
    sizes: dict[str, int] = {}
    pixel_sizes: dict[str, Quantity] = {}
    increment: Quantity | None = None
    for dimension in image.iterfind("ImageDescription/Dimensions/DimensionDescription"):
        number, count = series.count(dimension.get("DimID")), series.count(dimension.get("NumberOfElements"))
        if number is None or count is None:
            continue
        axis = "Tile" if number == _TILE else _AXES.get(number, f"Axis{number}")
        sizes[axis] = count
        step = _step(dimension, count)
        if step and axis in _PHYSICAL:
            pixel_sizes[axis] = step
        elif step and axis == "T":
            increment = step
    channels = image.findall("ImageDescription/Channels/ChannelDescription")
    if "X" not in sizes or not channels:
        message = "The image has no description of its axes and channels."
        return failed(series.RECORD_TYPE, index, error("IMAGE_WITHOUT_SIZE", message), name=path)
    tags = {channel.get("ChannelTag") for channel in channels}
    colours = len(channels) == 3 and tags == {"1", "2", "3"}
    sizes = {"X": sizes["X"], "Y": sizes.get("Y", 1), "Z": sizes.get("Z", 1), "C": len(channels)} | {
        "T": sizes.get("T", 1),
        **{axis: count for axis, count in sizes.items() if axis not in ("X", "Y", "Z", "T")},
    }
    settings = _settings(image)
    bits = series.count(channels[0].get("Resolution"))
    return Series(
        format=LIF.name,
        name=path or None,
        sizes=sizes,
        pixel_type=_pixel_type(channels[0], bits),
        significant_bits=bits,
        samples=3 if colours else None,
        pixel_sizes=pixel_sizes,
        time_increment=increment,
        channels=tuple(_channels(channels, settings)),
        objective=Objective(
            model=" ".join(settings.get("ObjectiveName", "").split()) or None,
            magnification=series.number(settings.get("Magnification")),
            numerical_aperture=series.number(settings.get("NumericalAperture")),
            immersion=settings.get("Immersion"),
        ),
        microscope=settings.get("MicroscopeModel") or settings.get("SystemTypeName"),
        acquisition_date=_date(image),
        software=settings.get("Software"),
        fields=tuple(_fields(image, settings)),
    ).record(index)


def _step(dimension: Element, count: int) -> Quantity | None:
    """The distance of neighbours: the length goes from the first one's middle to the last one's."""
    length = series.number(dimension.get("Length"))
    unit = dimension.get("Unit") or ""
    if length is None or count < 2 or not unit or length == 0:
        return None
    return Quantity(abs(length) / (count - 1), unit)


def _pixel_type(channel: Element, bits: int | None) -> str | None:
    if bits is None:
        return None
    if channel.get("DataType") == "1":
        return {32: "float", 64: "double"}.get(bits, f"float{bits}")
    return "uint8" if bits <= 8 else "uint16" if bits <= 16 else "uint32"


def _channels(found: list[Element], settings: dict[str, str]) -> Iterator[Channel]:
    """A channel's name is what its properties say, else its dye, else the lookup table that colours it."""
    method = settings.get("ContrastingMethodName")
    for channel in found:
        pairs = {
            (one.findtext("Key") or "").strip(): (one.findtext("Value") or "").strip()
            for one in channel.iterfind("ChannelProperty")
        }
        dye = pairs.get("DyeName") or pairs.get("UserDefName")
        yield Channel(
            name=pairs.get("ChannelName") or dye or channel.get("NameOfMeasuredQuantity") or None,
            fluor=pairs.get("DyeName"),
            color=channel.get("LUTName") or None,
            contrast_method=pairs.get("ContrastingMethod") or method,
        )


def _settings(image: Element) -> dict[str, str]:
    """Attributes of the hardware settings: of the newer attachment, of confocal scans, of cameras; and the older records."""
    found: dict[str, str] = {}
    for attachment in image.iterfind("Attachment"):
        if attachment.get("Name") == "HardwareSettingList":
            found = _recorded(attachment) | found
        if attachment.get("Name") != "HardwareSetting":
            continue
        found |= attachment.attrib
        for name in ("ATLConfocalSettingDefinition", "ATLCameraSettingDefinition"):
            for definition in attachment.iterfind(f".//{name}"):
                for key, value in definition.attrib.items():
                    found.setdefault(key, value)
    return found


def _recorded(attachment: Element) -> dict[str, str]:
    """Settings of LAS AF, of the first of the scans that made the image. The objective's name says what LAS X states by itself."""
    found: dict[str, str] = {}
    for name in _USEFUL:
        for record in attachment.iterfind(f".//{name}"):
            found.setdefault(_RECORDS[_setting(record.attrib)], record.get("Variant", ""))
    named = _OBJECTIVE.search(" ".join(found.get("ObjectiveName", "").split()))
    if named is not None:
        found["Magnification"] = named["magnification"]
        if named["immersion"]:
            found["Immersion"] = named["immersion"].upper()
    return found


def _setting(attributes: dict[str, str]) -> str:
    return attributes.get("Identifier") or attributes.get("Attribute", "")


def _useful(attributes: dict[str, str]) -> bool:
    """Only the turret's records are about the objective; mirrors and detectors have records of the same names."""
    turret = attributes.get("ClassName", "CTurret") == "CTurret"
    return turret and _setting(attributes) in _RECORDS and bool(attributes.get("Variant"))


_USEFUL: Final = dict.fromkeys(("ScannerSettingRecord", "FilterSettingRecord"), _useful)


def _date(image: Element) -> str | None:
    """The first time stamp: steps of 100 ns since 1601, in UTC (Windows `FILETIME`), in one hexadecimal number or in two
    decimal halves."""
    stamps = image.find("TimeStampList")
    if stamps is None:
        return None
    first, halves = (stamps.text or "").split(None, 1)[:1], stamps.find("TimeStamp")
    try:
        if first:
            steps = int(first[0], 16)
        elif halves is not None:
            steps = (int(halves.get("HighInteger", "")) << 32) + int(halves.get("LowInteger", ""))
        else:
            return None
        moment = _FILETIME_EPOCH + timedelta(microseconds=steps // 10)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat().replace("+00:00", "Z") if moment.year > 1980 else None


def _fields(image: Element, settings: dict[str, str]) -> Iterator[FieldValue]:
    yield from series.field("TextDescription", image.get("TextDescription"))
    for name in _FIELDS:
        if name in settings:
            value = series.number(settings[name])
            yield from series.field(name, settings[name] if value is None else value)
