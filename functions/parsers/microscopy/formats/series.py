"""What is known of one image of a microscope, whatever file it comes from.

Names follow the OME data model (https://docs.openmicroscopy.org/ome-model/latest/, "Image" and "Instrument"); a quantity keeps
the unit in which the file states it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.limits import MAX_NAME_CHARACTERS

RECORD_TYPE: Final = "image"
MAX_SERIES: Final = 10_000
"""Images of one file that become records."""
MAX_CHANNELS: Final = 1000
MAX_FIELDS: Final = 1000
MAX_TEXT_CHARACTERS: Final = 16 * 1024
MAX_PROPERTY_CHARACTERS: Final = 1000
"""A longer name of a thing is no name; it is cut."""

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class Quantity:
    value: int | float
    unit: str


@dataclass(frozen=True)
class Channel:
    name: str | None = None
    fluor: str | None = None
    excitation: Quantity | None = None
    emission: Quantity | None = None
    color: str | None = None
    acquisition_mode: str | None = None
    contrast_method: str | None = None
    illumination: str | None = None

    def described(self) -> dict[str, Any]:
        stated: dict[str, Any] = {"name": self.name, "fluor": self.fluor, "color": self.color}
        stated["acquisitionMode"], stated["contrastMethod"] = self.acquisition_mode, self.contrast_method
        stated["illuminationType"] = self.illumination
        _put(stated, "excitationWavelength", self.excitation)
        _put(stated, "emissionWavelength", self.emission)
        return _without_none(stated)


@dataclass(frozen=True)
class Objective:
    model: str | None = None
    manufacturer: str | None = None
    magnification: int | float | None = None
    numerical_aperture: int | float | None = None
    immersion: str | None = None


@dataclass(frozen=True)
class Series:
    """One image.

    Attributes:
        sizes: length of each axis by its OME letter: X, Y, Z, C, T; other axes under the file's own letter.
        pixel_sizes: by axis; the distance of neighbouring pixels.
        levels: of its pyramid, 1 when there is none.
        page: of a TIFF file, from 1, that it is on, where it has one of its own.
    """

    format: str
    sizes: dict[str, int]
    name: str | None = None
    pixel_type: str | None = None
    significant_bits: int | None = None
    samples: int | None = None
    dimension_order: str | None = None
    pixel_sizes: dict[str, Quantity] | None = None
    time_increment: Quantity | None = None
    channels: tuple[Channel, ...] = ()
    objective: Objective = Objective()
    microscope: str | None = None
    microscope_manufacturer: str | None = None
    acquisition_date: str | None = None
    software: str | None = None
    levels: int | None = None
    page: int | None = None
    compression: str | None = None
    fields: tuple[FieldValue, ...] = ()
    issues: tuple[Issue, ...] = ()
    toolkit: str | None = None

    def record(self, index: int) -> Record:
        stated: dict[str, Any] = {"format": self.format}
        for axis, size in self.sizes.items():
            if axis.isascii() and axis.isalpha():  # files name axes as they like, but a store takes no NUL in a name
                stated[f"size{axis}"] = size
        stated |= {
            "dimensionOrder": self.dimension_order,
            "pixelType": self.pixel_type,
            "significantBits": self.significant_bits,
            "samplesPerPixel": self.samples,
            "compression": self.compression,
            "pyramidLevels": self.levels,
            "page": self.page,
            "objectiveModel": self.objective.model,
            "objectiveManufacturer": self.objective.manufacturer,
            "objectiveMagnification": _known(self.objective.magnification),
            "objectiveNumericalAperture": _known(self.objective.numerical_aperture),
            "objectiveImmersion": self.objective.immersion,
            "microscope": self.microscope,
            "microscopeManufacturer": self.microscope_manufacturer,
            "acquisitionDate": self.acquisition_date,
            "software": self.software,
        }
        for axis, quantity in (self.pixel_sizes or {}).items():
            _put(stated, f"physicalSize{axis}", quantity)
        _put(stated, "timeIncrement", self.time_increment)
        if self.channels:
            stated["channels"] = [channel.described() for channel in self.channels[:MAX_CHANNELS]]
        return Record(
            index=index,
            type=RECORD_TYPE,
            name=self.name[:MAX_NAME_CHARACTERS] if self.name else None,
            fields=(*self.fields, *self._channel_fields())[:MAX_FIELDS],
            properties=_without_none(stated),
            issues=self.issues,
            toolkit=self.toolkit,
        )

    def _channel_fields(self) -> list[FieldValue]:
        """Names and fluorophores once more as fields, where a search for `DAPI` finds them."""
        names = [("Channel.Name", channel.name) for channel in self.channels[:MAX_CHANNELS]]
        fluors = [("Channel.Fluor", channel.fluor) for channel in self.channels[:MAX_CHANNELS]]
        return [one for name, value in dict.fromkeys([*names, *fluors]) for one in field(name, value)]


def number(text: str | None) -> int | float | None:
    """The number that a text states, None when it states none or not a finite one."""
    if text is None or len(text) > 64 or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(text) if re.fullmatch(r"\s*[+-]?\d+\s*", text) else value


def count(text: str | None) -> int | None:
    """A positive integer up to 2^63, None for anything else."""
    value = number(text)
    return value if isinstance(value, int) and 0 < value < 2**63 else None


def quantity(text: str | None, unit: str) -> Quantity | None:
    """A positive length, time or wavelength; files write 0 for unknown."""
    value = number(text)
    return Quantity(value, unit) if value is not None and value > 0 else None


def date(text: str | None) -> str | None:
    """A date and time as XML Schema and RFC 3339 write it; anything else is no date."""
    text = (text or "").strip()
    return text if _DATE.fullmatch(text) else None


def field(name: str, value: str | float | None) -> tuple[FieldValue, ...]:
    """A field, or nothing when there is no value."""
    if value is None or value == "":
        return ()
    return (FieldValue(name=name, value=value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else value),)


def _known(value: float | None) -> int | float | None:
    """What has to be positive; files write 0 or -1 for unknown."""
    return value if value is not None and value > 0 else None


def _put(stated: dict[str, Any], name: str, found: Quantity | None) -> None:
    if found is not None:
        stated[name], stated[f"{name}Unit"] = found.value, found.unit


def _without_none(stated: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value[:MAX_PROPERTY_CHARACTERS] if isinstance(value, str) else value
        for name, value in stated.items()
        if value is not None and value != ""
    }
