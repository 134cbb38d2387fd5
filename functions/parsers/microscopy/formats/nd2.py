"""ND2, Nikon's image file, with the library nd2: one record for each position of the stage.

Both generations are read: chunks since NIS-Elements 3, and JPEG 2000 boxes before. The files hold XML and compressed variants
of it, which the library parses by itself; a file in which a document type is declared is refused before that. Nothing but metadata
is read: a file of many gigabytes costs what a small one does.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final

from functions.parsers.microscopy.formats import series
from functions.parsers.microscopy.formats.series import Channel, Objective, Quantity, Series
from functions.parsers.microscopy.formats.xml_tree import EntitiesRefused
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, ParseFailure
from leanda.parsing.records import warning
from leanda.times import rfc3339

MAGICS: Final = (b"\xda\xce\xbe\x0a", b"\0\0\0\x0cjP  ")
_REFUSED: Final = (b"<!DOCTYPE", b"<!ENTITY")
_POSITION: Final = "P"
_FRAME_METADATA: Final = ("ImageMetadataSeqLV|0", "ImageMetadataSeq|0")
"""What is said of the first frame, since version 3 of the format and before."""
_MICROSCOPE: Final = (
    ("sPicturePlanes", "sSampleSetting", "a0", "pDeviceSetting", "m_sMicroscopeFullName"),
    ("sPicturePlanes", "sPlane", "a0", "sOpticalConfigFull", "m_sMicroscopeFullName"),
)
_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_JULIAN_DAY_OF_UNIX_EPOCH: Final = 2440587.5
_DATE: Final = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[/.])\s*(?P<second>\d{1,2})(?P=mark)\s*(?P<year>\d{4})\s+"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<seconds>\d\d))?(?:\s*(?P<half>AM|PM))?",
    re.IGNORECASE,
)


class Nd2:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "nd2"
    version = "2"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record for each position.

        Raises:
            FormatMismatch: it is no ND2 file.
            FileCorrupt: its metadata cannot be read.
            FileBomb: its metadata needs more memory than there is, or claims an absurd number of positions.
            EntitiesRefused: XML in it declares a document type.
        """
        file.seek(0)
        if not file.read(8).startswith(MAGICS):
            raise FormatMismatch(detail="no ND2 header")
        file.seek(0)
        kept = _Kept(file)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = _described(kept)
            if kept.refused:  # and somebody went on without what could not be read
                raise EntitiesRefused
        except ParseFailure:
            raise
        except (MemoryError, RecursionError) as error:
            raise FileBomb(
                "The file's metadata needs more memory than there is.", detail=type(error).__name__
            ) from error
        except Exception as error:
            raise FileCorrupt(detail=f"{type(error).__name__}: {error}"[:500]) from error
        for index, one in enumerate(found):
            yield one.record(index)


ND2: Final = Nd2()


class _Kept:
    """A file that stays open when the library closes what it was given, and that it cannot map into memory.

    Whatever the library is to parse comes through here, whole chunks at a time, so this is where declarations are looked for.

    Raises:
        EntitiesRefused: from `read`.
    """

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        self.refused = False

    def read(self, size: int | None = -1, /) -> bytes:
        read = self._file.read(-1 if size is None else size)
        if any(mark in read for mark in _REFUSED):
            self.refused = True
            raise EntitiesRefused
        return read

    def close(self) -> None:
        """Left to whoever opened it."""


def _described(file: _Kept) -> list[Series]:
    import nd2  # with numpy; only for these files

    with nd2.ND2File(file) as opened:
        sizes = {str(axis): int(size) for axis, size in opened.sizes.items()}
        positions = sizes.pop(_POSITION, 1)
        if positions > series.MAX_SERIES:
            raise FileBomb("The file claims to have more positions than Leanda reads.", detail=f"{positions} positions")
        attributes, texts = opened.attributes, opened.text_info
        sizes["X"], sizes["Y"] = int(attributes.widthPx or 0), int(attributes.heightPx or 0)
        if sizes["X"] <= 0 or sizes["Y"] <= 0:
            raise FileCorrupt(detail="the file states no width and height")
        channels, issues = _channels(opened)
        microscope = getattr(channels[0], "microscope", None) if channels else None
        samples = sizes.pop("S", None)
        frame = _first_frame(opened)
        named = _names(opened.experiment)
        common: dict[str, Any] = {
            "format": Nd2.name,
            "sizes": {axis: sizes.pop(axis, 1) for axis in ("X", "Y", "Z", "C", "T")} | sizes,
            "samples": samples,
            "pixel_type": _pixel_type(attributes),
            "significant_bits": attributes.bitsPerComponentSignificant,
            "pixel_sizes": _pixel_sizes(channels),
            "time_increment": _time_increment(opened.experiment),
            "channels": tuple(_channel(one.channel) for one in channels),
            "objective": _objective(microscope),
            "microscope": next((name for path in _MICROSCOPE if (name := _text_at(frame, path))), None),
            "acquisition_date": _moment(frame) or date(str(texts.get("date", ""))),
            "compression": attributes.compressionType,
            "fields": tuple(_fields(texts, microscope)),
            "issues": issues,
            "toolkit": f"nd2 {nd2.__version__}",
        }
        return [Series(**common, name=named.get(index)) for index in range(positions)]


def _channels(opened: Any) -> tuple[list[Any], tuple[Issue, ...]]:
    """Channels with their optics. Files that state them in a way unknown to the library are described without."""
    try:
        return list(getattr(opened.metadata, "channels", None) or []), ()
    except Exception as error:
        message = "The channels and the optics of the file cannot be read."
        return [], (warning("CHANNELS_UNREADABLE", message, f"{type(error).__name__}: {error}"[:200]),)


def _names(experiment: Any) -> dict[int, str]:
    """Names that the user gave to positions."""
    points = [point for loop in experiment if loop.type == "XYPosLoop" for point in loop.parameters.points]
    return {index: point.name for index, point in enumerate(points[: series.MAX_SERIES]) if point.name}


def _time_increment(experiment: Any) -> Quantity | None:
    """From one time to the next: as it was measured, else as it was planned. A series in several phases has none."""
    times = [loop.parameters for loop in experiment if loop.type == "TimeLoop"]
    if len(times) != 1:
        return None
    measured = getattr(times[0].periodDiff, "avg", None)
    return series.quantity(str(measured), "ms") or series.quantity(str(times[0].periodMs), "ms")


def _pixel_type(attributes: Any) -> str:
    bits = attributes.bitsPerComponentInMemory
    if attributes.pixelDataType == "float":
        return {32: "float", 64: "double"}.get(bits, f"float{bits}")
    return f"uint{bits}" if attributes.pixelDataType == "unsigned" else f"int{bits}"


def _pixel_sizes(channels: list[Any]) -> dict[str, Quantity]:
    """Sizes of calibrated axes, in µm (NIS-Elements). In a scan of one line an axis is time, which has no size."""
    volume = getattr(channels[0], "volume", None) if channels else None
    if volume is None:
        return {}
    axes = zip("XYZ", volume.axesCalibrated, volume.axesCalibration, volume.axesInterpretation, strict=False)
    return {
        axis: Quantity(float(size), "µm")
        for axis, known, size, meaning in axes
        if known and meaning == "distance" and 0 < size < float("inf")
    }


def _channel(found: Any) -> Channel:
    def wavelength(value: Any) -> Quantity | None:
        return series.quantity(str(value), "nm") if value else None

    color = found.color
    return Channel(
        name=found.name or None,
        excitation=wavelength(found.excitationLambdaNm),
        emission=wavelength(found.emissionLambdaNm),
        color=f"#{color.r:02X}{color.g:02X}{color.b:02X}" if color is not None else None,
    )


def _objective(microscope: Any) -> Objective:
    if microscope is None:
        return Objective()
    return Objective(
        model=microscope.objectiveName or None,
        magnification=series.number(str(microscope.objectiveMagnification)),
        numerical_aperture=series.number(str(microscope.objectiveNumericalAperture)),
    )


def _first_frame(opened: Any) -> dict[str, Any]:
    """What is said of the first frame; nothing in files of the old kind."""
    if opened.is_legacy:
        return {}
    found = opened.unstructured_metadata(include=set(_FRAME_METADATA), strip_prefix=False)
    described = next(iter(found.values()), None)
    described = described.get("SLxPictureMetadata", described) if isinstance(described, dict) else None
    return described if isinstance(described, dict) else {}


def _text_at(described: Any, path: tuple[str, ...]) -> str | None:
    for name in path:
        described = described.get(name) if isinstance(described, dict) else None
    return described.strip() or None if isinstance(described, str) else None


def _moment(described: dict[str, Any]) -> str | None:
    """When the first frame was taken, in UTC. It is a Julian day as a double, which tells no less than 0.1 ms."""
    days = series.number(str(described.get("dTimeAbsolute"))) or 0
    try:
        moment = _UNIX_EPOCH + timedelta(days=days - _JULIAN_DAY_OF_UNIX_EPOCH)
    except (OverflowError, ValueError):
        return None
    return rfc3339(moment) if days > _JULIAN_DAY_OF_UNIX_EPOCH else None


def date(text: str) -> str | None:
    """NIS-Elements' date, when only one reading is possible: `7/19/2017  1:44:22 PM` as `2017-07-19T13:44:22`.

    It is written as the user's country does. With slashes the month may come first or second, so 3/4/2017 is no date.
    """
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    first, second, hour = int(found["first"]), int(found["second"]), int(found["hour"])
    if found["mark"] == "." or first > 12 >= second or first == second:
        day, month = first, second
    elif second > 12 >= first:
        day, month = second, first
    else:
        return None
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].upper() == "PM" else 0)
    try:
        moment = datetime(int(found["year"]), month, day, hour, int(found["minute"]), int(found["seconds"] or 0))
    except ValueError:
        return None
    return moment.isoformat()


def _fields(texts: Any, microscope: Any) -> Iterator[FieldValue]:
    """Texts that NIS-Elements wrote, among them its date, which has the form of the user's country and is left as it is."""
    for name, value in dict(texts).items():
        yield from series.field(str(name), str(value).strip())
    for name in ("immersionRefractiveIndex", "pinholeDiameterUm", "zoomMagnification", "projectiveMagnification"):
        yield from series.field(name, series.number(str(getattr(microscope, name, None))))
    flags = getattr(microscope, "modalityFlags", None)
    if flags:
        yield from series.field("modalityFlags", ", ".join(map(str, flags)))
