"""OME-XML: one record for each `Image`, as a file of its own or out of an OME-TIFF.

The OME Model and Formats documentation, schema 2016-06; the names of older schemas (2003-FC to 2015-01) are read as well
where they hold the same thing. Units that are not stated are the schema's own: µm, nm, s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from functions.parsers.microscopy.formats import series, xml_tree
from functions.parsers.microscopy.formats.series import Channel, Objective, Quantity, Series
from functions.parsers.microscopy.formats.xml_tree import text_of
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FormatMismatch, NoRecords
from leanda.parsing.records import error, failed, warning

_BLOCK: Final = 256 * 1024
# Pixel data, and one element for each plane: an acquisition can have hundreds of thousands, and they say nothing new here.
_LEFT_OUT: Final = frozenset({"BinData", "Plane", "PlaneTiming", "StagePosition"})
# Where the planes are can be stated for each of them; where they begin says on which page an image is.
_FIRST_ONLY: Final = frozenset({"TiffData"})
_AXES: Final = ("X", "Y", "Z", "C", "T")


@dataclass
class Ome:
    """A document.

    Attributes:
        other_files: names of files that hold planes of its images.
        metadata_file: where the metadata is, when this document only says so (`BinaryOnly`).
    """

    root: Element
    other_files: frozenset[str] = frozenset()
    metadata_file: str | None = None
    images: list[Element] = field(default_factory=list)


@dataclass(frozen=True)
class _Instrument:
    """An instrument, looked through once for all images that name it."""

    microscope: dict[str, str] = field(default_factory=dict)
    objectives: dict[str, Element] = field(default_factory=dict)
    detectors: tuple[Element, ...] = ()

    @classmethod
    def of(cls, found: Element) -> _Instrument:
        microscope = found.find("Microscope")
        return cls(
            dict(microscope.attrib) if microscope is not None else {},
            {objective.get("ID", ""): objective for objective in found.iterfind("Objective")},
            tuple(found.iterfind("Detector"))[: series.MAX_FIELDS],
        )


def read(data: str | Iterable[bytes]) -> Ome:
    """A document.

    Raises:
        FormatMismatch: it is XML, but not OME.
        ParseFailure: as `xml_tree.parse`.
    """
    files: set[str] = set()

    def note(name: str, attributes: dict[str, str]) -> None:
        if name == "UUID" and "FileName" in attributes and len(files) < series.MAX_SERIES:
            files.add(attributes["FileName"])

    root = xml_tree.parse(data, without=_LEFT_OUT, first_only=_FIRST_ONLY, seen=note)
    if root.tag != "OME":
        raise FormatMismatch(detail=f"the root element is {root.tag[:60]}")
    for uuid in root.iter("UUID"):
        note(uuid.tag, uuid.attrib)
    elsewhere = root.find("BinaryOnly")
    metadata_file = elsewhere.get("MetadataFile", "") if elsewhere is not None else None
    return Ome(root, frozenset(files), metadata_file, root.findall("Image"))


def first_page(ome: Ome, index: int) -> int | None:
    """The page of this file, from 0, on which the planes of an image begin; None when that is not said, or is in another file.

    OME-TIFF specification, "The TiffData element": `IFD` counts from 0.
    """
    if len(ome.images) == 1:
        return 0
    begin = ome.images[index].find("Pixels/TiffData")
    if begin is None:
        return None
    own, there = ome.root.get("UUID"), text_of(begin, "UUID")
    number = series.number(begin.get("IFD"))
    if (own and there and own != there) or not isinstance(number, int):
        return None
    return number


class OmeXml:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "ome-xml"
    version = "2"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record for each image.

        Raises:
            FormatMismatch: it is XML, but not OME.
            NoRecords: there is no image in it.
            ParseFailure: as `xml_tree.parse`.
        """
        found = read(iter(lambda: file.read(_BLOCK), b""))
        if not found.images:
            raise NoRecords
        yield from records(found, self.name)


OME_XML: Final = OmeXml()


def records(ome: Ome, format: str, issues: tuple[Issue, ...] = ()) -> Iterator[Record]:
    """A record for each image of a document; one without sizes is a failed record.

    Args:
        issues: of the file, put on its first record.
    """
    instruments = {found.get("ID", ""): _Instrument.of(found) for found in ome.root.findall("Instrument")}
    annotations = {found.get("ID", ""): found for found in ome.root.iterfind("StructuredAnnotations/MapAnnotation")}
    for index, image in enumerate(ome.images[: series.MAX_SERIES]):
        own = issues if index == 0 else ()
        if index == series.MAX_SERIES - 1 and len(ome.images) > series.MAX_SERIES:
            own = (*own, warning("IMAGES_NOT_READ", f"Images after the first {series.MAX_SERIES} are left out."))
        name = image.get("Name") or image.get("ID")
        pixels = image.find("Pixels")
        sizes = {axis: series.count(pixels.get(f"Size{axis}")) for axis in _AXES} if pixels is not None else {}
        if pixels is None or not sizes.get("X") or not sizes.get("Y"):
            message = "The image has no Pixels element with its sizes."
            issue = error("IMAGE_WITHOUT_SIZE", message, image.get("ID"))
            yield failed(series.RECORD_TYPE, index, issue, name=name)
            continue
        stated = {axis: size for axis, size in sizes.items() if size}
        yield _series(ome.root, image, pixels, stated, instruments, annotations, format, own).record(index)


def _series(
    root: Element,
    image: Element,
    pixels: Element,
    sizes: dict[str, int],
    instruments: dict[str, _Instrument],
    annotations: dict[str, Element],
    format: str,
    issues: tuple[Issue, ...],
) -> Series:
    instrument = _referred(image, "InstrumentRef", instruments)
    if instrument is None:
        instrument = next(iter(instruments.values())) if len(instruments) == 1 else _Instrument()
    microscope = instrument.microscope
    return Series(
        format=format,
        name=image.get("Name") or None,
        sizes=sizes,
        pixel_type=pixels.get("Type") or pixels.get("PixelType"),
        significant_bits=series.count(pixels.get("SignificantBits")),
        dimension_order=pixels.get("DimensionOrder"),
        pixel_sizes=_pixel_sizes(pixels),
        time_increment=series.quantity(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s")),
        channels=tuple(_channel(found) for found in pixels.findall("Channel") or image.findall("LogicalChannel")),
        objective=_objective(image, instrument),
        microscope=microscope.get("Model"),
        microscope_manufacturer=microscope.get("Manufacturer"),
        acquisition_date=series.date(text_of(image, "AcquisitionDate") or text_of(image, "CreationDate")),
        software=root.get("Creator"),
        fields=tuple(islice(_fields(image, instrument, annotations), series.MAX_FIELDS)),
        issues=issues,
    )


def _pixel_sizes(pixels: Element) -> dict[str, Quantity]:
    found = {
        axis: series.quantity(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        for axis in ("X", "Y", "Z")
    }
    return {axis: size for axis, size in found.items() if size}


def _channel(found: Element) -> Channel:
    def wavelength(name: str, old: str) -> Quantity | None:
        return series.quantity(found.get(name) or found.get(old), found.get(f"{name}Unit", "nm"))

    return Channel(
        name=found.get("Name"),
        fluor=found.get("Fluor"),
        excitation=wavelength("ExcitationWavelength", "ExWave"),
        emission=wavelength("EmissionWavelength", "EmWave"),
        color=found.get("Color"),
        acquisition_mode=found.get("AcquisitionMode"),
        contrast_method=found.get("ContrastMethod"),
        illumination=found.get("IlluminationType"),
    )


def _objective(image: Element, instrument: _Instrument) -> Objective:
    """The one that the image names, or the only one there is."""
    objectives = instrument.objectives
    chosen = _referred(image, "ObjectiveSettings", objectives)
    if chosen is None:
        chosen = _referred(image, "ObjectiveRef", objectives)
    if chosen is None:
        if len(objectives) != 1:
            return Objective()
        chosen = next(iter(objectives.values()))
    return Objective(
        model=chosen.get("Model"),
        manufacturer=chosen.get("Manufacturer"),
        magnification=series.number(chosen.get("NominalMagnification") or chosen.get("Magnification")),
        numerical_aperture=series.number(chosen.get("LensNA")),
        immersion=chosen.get("Immersion"),
    )


def _referred[Target](element: Element, name: str, targets: dict[str, Target]) -> Target | None:
    found = element.find(name)
    return targets.get(found.get("ID", "")) if found is not None else None


def _fields(image: Element, instrument: _Instrument, annotations: dict[str, Element]) -> Iterator[FieldValue]:
    """What the document states under names of its own: description, environment, detectors, and notes in key-value pairs."""
    yield from series.field("Image.ID", image.get("ID"))
    yield from series.field("Image.Description", text_of(image, "Description"))
    environment = image.find("ImagingEnvironment")
    for name, value in environment.items() if environment is not None else ():
        yield from series.field(f"ImagingEnvironment.{name}", series.number(value) if value else value)
    for detector in instrument.detectors:
        yield from series.field("Detector.Model", detector.get("Model"))
    for reference in image.iterfind("AnnotationRef"):
        found = annotations.get(reference.get("ID", ""))
        for pair in found.iterfind("Value/M") if found is not None else ():
            if pair.get("K"):
                yield from series.field(pair.get("K", "")[:200], (pair.text or "").strip())
