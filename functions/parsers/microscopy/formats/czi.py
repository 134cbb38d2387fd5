"""CZI, Zeiss' image file: one record for each scene, out of the XML and the directory of its subblocks.

ZEISS "CZI (ZISRAW) File Format" 1.2. Scenes lie on one plane; how large one is follows from the places of its subblocks. The
segments are found by `functions.parsers.czi_file`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from functions.parsers import czi_file
from functions.parsers.microscopy.formats import series, xml_tree
from functions.parsers.microscopy.formats.series import Channel, Objective, Quantity, Series
from functions.parsers.microscopy.formats.xml_tree import text_of
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FileBomb, FileCorrupt
from leanda.parsing.records import error, failed, warning

MAX_XML_BYTES: Final = 128 * 1024 * 1024

_METADATA_HEADER_BYTES: Final = 256
_USUAL_AXES: Final = ("X", "Y", "Z", "C", "T")
_NANOMETRE: Final = "nm"
# Sections that describe the user's screen and the planned experiment, not the image.
_LEFT_OUT: Final = frozenset(
    {"Experiment", "DisplaySetting", "Layers", "HardwareSetting", "CustomAttributes", "TimelineTracks"}
)


@dataclass
class Extent:
    """From where to where the subblocks of one scene reach, by axis."""

    low: dict[str, int] = field(default_factory=dict)
    high: dict[str, int] = field(default_factory=dict)

    def add(self, axis: str, start: int, size: int) -> None:
        self.low[axis] = min(self.low.get(axis, start), start)
        self.high[axis] = max(self.high.get(axis, start + size), start + size)

    def sizes(self) -> dict[str, int]:
        return {axis: self.high[axis] - self.low[axis] for axis in self.low}


class Czi:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "czi"
    version = "2"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record for each scene; one in all when there are no scenes.

        Raises:
            FormatMismatch: it is no CZI file.
            FileCorrupt: its metadata is missing, cut or not well formed.
            FileBomb: its metadata is absurdly large.
            EntitiesRefused: its XML declares a document type.
        """
        places = czi_file.places(file)
        root = xml_tree.parse([_xml(file, places.metadata)], without=_LEFT_OUT)
        issues: list[Issue] = []
        try:
            extents = _extents(file, places.directory)
        except FileCorrupt as broken:
            message = "The directory of the image's parts cannot be read; sizes are those of the metadata."
            issues.append(warning("SUBBLOCKS_UNREADABLE", message, broken.detail))
            extents = {}
        yield from _records(root, extents, issues)


CZI: Final = Czi()


def _xml(file: BinaryIO, offset: int) -> bytes:
    size = czi_file.segment(file, offset, b"ZISRAWMETADATA")
    head = file.read(_METADATA_HEADER_BYTES)
    length = czi_file.COUNT.unpack_from(head)[0] if len(head) == _METADATA_HEADER_BYTES else -1
    if length <= 0 or file.tell() + length > size:
        raise FileCorrupt(detail=f"the metadata of {length} bytes is cut by the end of the file")
    if length > MAX_XML_BYTES:
        raise FileBomb(detail=f"metadata of {length} bytes")
    return file.read(length).rstrip(b"\0")


def _extents(file: BinaryIO, directory: int) -> dict[int, Extent]:
    """The extents of scenes by their number; -1 stands for subblocks that belong to no scene."""
    extents: dict[int, Extent] = {}
    for block in czi_file.subblocks(file, directory):
        if czi_file.is_reduced(block) or any(axis.size < 0 for axis in block.axes):
            continue
        scene = czi_file.scene_of(block)
        if scene not in extents and len(extents) > series.MAX_SERIES:
            continue
        extent = extents.setdefault(scene, Extent())
        for axis in block.axes:
            if axis.name not in ("S", "M"):
                extent.add(axis.name, axis.start, axis.size)
    return extents


def _records(root: Element, extents: dict[int, Extent], issues: list[Issue]) -> Iterator[Record]:
    information = root.find("Metadata/Information")
    image = information.find("Image") if information is not None else None
    if information is None or image is None:
        raise FileCorrupt(detail="the metadata describes no image")
    scenes = {
        series.number(scene.get("Index")): scene.get("Name")
        for scene in image.iterfind("Dimensions/S/Scenes/Scene")
        if scene.get("Index")
    }
    stated = {axis: series.count(text_of(image, f"Size{axis}")) for axis in _USUAL_AXES}
    document = text_of(information, "Document/Name") or text_of(information, "Document/Title")
    common = _common(root, information, image)
    for index, number in enumerate(islice(sorted(extents) or [-1], series.MAX_SERIES)):
        name = scenes.get(number) or document
        measured = extents[number].sizes() if extents else {}
        sizes = {axis: size for axis, size in ({**stated, **measured}).items() if size}
        if "X" not in sizes or "Y" not in sizes:
            message = "Neither the metadata nor the image's parts tell its width and height."
            yield failed(series.RECORD_TYPE, index, error("IMAGE_WITHOUT_SIZE", message), name=name)
            continue
        sizes = {axis: sizes.get(axis, 1) for axis in _USUAL_AXES} | {
            axis: size for axis, size in sizes.items() if axis not in _USUAL_AXES and size > 1
        }
        yield replace(common, name=name, sizes=sizes, issues=tuple(issues) if index == 0 else ()).record(index)


def _common(root: Element, information: Element, image: Element) -> Series:
    """What holds for all scenes."""
    microscope = _referred(image, "MicroscopeRef", information, "Instrument/Microscopes/Microscope")
    version = text_of(information, "Application/Version")
    application = text_of(information, "Application/Name")
    increment = text_of(image, "Dimensions/T/Positions/Interval/Increment")
    return Series(
        sizes={},
        format=CZI.name,
        pixel_type=text_of(image, "PixelType"),
        significant_bits=series.count(text_of(image, "ComponentBitCount")),
        pixel_sizes=_pixel_sizes(root),
        time_increment=series.quantity(increment, "s"),
        channels=tuple(_channel(found) for found in image.iterfind("Dimensions/Channels/Channel")),
        objective=_objective(image, information),
        microscope=microscope.get("Name") or text_of(microscope, "System") if microscope is not None else None,
        acquisition_date=series.date(text_of(image, "AcquisitionDateAndTime")),
        software=" ".join(part for part in (application, version) if part) or None,
        fields=tuple(_fields(information, image)),
    )


def _pixel_sizes(root: Element) -> dict[str, Quantity]:
    """Distances are in metres, whatever unit the program shows (`DefaultUnitFormat`)."""
    found = {
        distance.get("Id", ""): series.quantity(text_of(distance, "Value"), "m")
        for distance in root.iterfind("Metadata/Scaling/Items/Distance")
    }
    return {axis: size for axis, size in found.items() if size and axis in ("X", "Y", "Z")}


def _channel(found: Element) -> Channel:
    return Channel(
        name=found.get("Name") or found.get("Id"),
        fluor=text_of(found, "Fluor"),
        excitation=series.quantity(text_of(found, "ExcitationWavelength"), _NANOMETRE),
        emission=series.quantity(text_of(found, "EmissionWavelength"), _NANOMETRE),
        color=text_of(found, "Color"),
        acquisition_mode=text_of(found, "AcquisitionMode"),
        contrast_method=text_of(found, "ContrastMethod"),
        illumination=text_of(found, "IlluminationType"),
    )


def _objective(image: Element, information: Element) -> Objective:
    found = _referred(image, "ObjectiveSettings/ObjectiveRef", information, "Instrument/Objectives/Objective")
    if found is None:
        return Objective()
    return Objective(
        model=found.get("Name") or text_of(found, "Manufacturer/Model"),
        manufacturer=text_of(found, "Manufacturer/Manufacturer"),
        magnification=series.number(text_of(found, "NominalMagnification")),
        numerical_aperture=series.number(text_of(found, "LensNA")),
        immersion=text_of(found, "Immersion"),
    )


def _referred(image: Element, reference: str, information: Element, target: str) -> Element | None:
    """What a reference of the image names; the only one there is when it names none."""
    targets = {found.get("Id", ""): found for found in information.iterfind(target)}
    named = image.find(reference)
    if named is not None:
        return targets.get(named.get("Id", ""))
    return next(iter(targets.values())) if len(targets) == 1 else None


def _fields(information: Element, image: Element) -> Iterator[FieldValue]:
    for name in ("Title", "Description", "Comment", "Keywords", "CreationDate"):
        yield from series.field(f"Document.{name}", text_of(information, f"Document/{name}"))
    for name in ("AcquisitionDuration", "OriginalCompressionMethod", "OriginalEncodingQuality"):
        value = text_of(image, name)
        number = series.number(value)
        yield from series.field(f"Image.{name}", value if number is None else number)
    for name in ("Medium", "RefractiveIndex"):
        value = text_of(image, f"ObjectiveSettings/{name}")
        number = series.number(value)
        yield from series.field(f"ObjectiveSettings.{name}", value if number is None else number)
    for detector in information.iterfind("Instrument/Detectors/Detector"):
        yield from series.field("Detector", detector.get("Name") or text_of(detector, "Manufacturer/Model"))
