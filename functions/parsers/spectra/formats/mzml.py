"""mzML 1.1: one record for each spectrum, read from its own element, so that a file of any size streams.

Martens et al., Molecular & Cellular Proteomics 10 (2011) R110.000133. The XML of a spectrum is parsed alone: no entity of a
document type can reach it, and a document type in the file's head is refused.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator
from functools import partial
from heapq import nlargest
from typing import Any, Final
from xml.etree import ElementTree as ET

from functions.parsers.spectra.formats import terms
from functions.parsers.spectra.formats.mzml_arrays import decoded
from functions.parsers.spectra.formats.mzml_head import Head, Parameter, head_of, parse, resolved
from functions.parsers.spectra.formats.points import Points, numbers, plot_of, properties_of
from functions.parsers.spectra.formats.text import TYPE, Fields, Unreadable, judging, number, typed
from leanda.contracts.artefacts import Issue, Record
from leanda.parsing.format import Format
from leanda.parsing.records import failed, one_by_one, warning

MAX_PEAKS: Final = 100
"""Most intense peaks that the record of a mass spectrum lists; all are points."""

_COMMENT: Final = (b"<!--", b"-->")
_TAG: Final = re.compile(rb"<!--|<(/?)spectrum(List)?(?:\s[^<>]*)?>")
_LONGEST_TAG: Final = 4096

_CENTROID: Final = "MS:1000127"
_MZ: Final = ("MS:1000514", "MS:1000617", "MS:1003143", "MS:1000595")
_INTENSITY: Final = ("MS:1000515", "MS:1000821", "MS:1000820")
_NAMED: Final = {
    "MS:1000285": "totalIonCurrent",
    "MS:1000504": "basePeakMz",
    "MS:1000505": "basePeakIntensity",
    "MS:1000528": "lowestObservedMz",
    "MS:1000527": "highestObservedMz",
}
_WINDOW: Final = {
    "MS:1000827": "isolationTargetMz",
    "MS:1000828": "isolationLowerOffset",
    "MS:1000829": "isolationUpperOffset",
}
_POLARITY: Final = {"MS:1000130": "positive", "MS:1000129": "negative"}
_LEVEL: Final = "MS:1000511"
_KINDS: Final = {_CENTROID: "centroid", "MS:1000128": "profile"}


class MzmlFormat:
    """See `leanda.parsing.format.Format`. A file of chromatograms alone is good and has no record."""

    name = "mzml"
    version = "3"
    empty_is_failure = False

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        head_of(head)
        return ends(blocks, list_open=first_index > 0)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        read = judging(partial(_record, head=head_of(head)))
        return one_by_one(TYPE, read, data, ends([data], list_open=first_index > 0), first_index)


FORMAT: Format = MzmlFormat()


def ends(blocks: Iterable[bytes], *, list_open: bool = False) -> Iterator[int]:
    """End offset of each `spectrum` element of a file in blocks of any size; what a cut-off list ends with is one more.

    Args:
        list_open: True when reading starts inside of a `spectrumList`.
    """
    buffer, base, last = b"", 0, 0
    commented = False
    for block in blocks:
        buffer += block
        position = 0
        while True:
            if commented:
                closed = buffer.find(_COMMENT[1], position)
                if closed < 0:
                    break
                position, commented = closed + len(_COMMENT[1]), False
            tag = _TAG.search(buffer, position)
            if tag is None:
                break
            position = tag.end()
            if tag[0] == _COMMENT[0]:
                commented = True
            elif tag[2]:
                list_open = not tag[1]
            elif tag[1] or tag[0].endswith(b"/>"):
                last = base + position
                yield last
            else:
                list_open = True
        # What the block's end cuts, a tag or the end of a comment, is looked at again.
        if commented:
            done = max(position, len(buffer) - len(_COMMENT[1]) + 1)
            base, buffer = base + done, buffer[done:]
            continue
        start = buffer.rfind(b"<", max(position, len(buffer) - _LONGEST_TAG))
        done = len(buffer) if start < 0 or b">" in buffer[start:] else start
        base, buffer = base + done, buffer[done:]
    if list_open and base + len(buffer) > last:
        yield base + len(buffer)


def _start(data: bytes) -> int | None:
    """Where the first `spectrum` element starts that is not in a comment."""
    position = 0
    while (tag := _TAG.search(data, position)) is not None:
        position = tag.end()
        if tag[0] == _COMMENT[0]:
            position = data.find(_COMMENT[1], position)
            if position < 0:
                break
        elif not tag[1] and not tag[2]:
            return tag.start()
    return None


def _record(data: bytes, index: int, *, head: Head) -> Record:
    start = _start(data)
    if start is None or not data.endswith(b">"):
        raise Unreadable("SPECTRUM_CUT_OFF", "The file ends inside of the list of spectra.")
    try:
        spectrum = parse(data[start:], head.encoding)
    except (ET.ParseError, IndexError) as problem:
        raise Unreadable("XML_INVALID", f"The spectrum's XML is not well-formed: {problem}.") from problem
    name = spectrum.get("id")
    fields = _fields(spectrum, head)
    issues: list[Issue] = []
    try:
        points = _points(spectrum, head, issues)
    except Unreadable as problem:
        return failed(TYPE, index, problem.issue, name=name, fields=tuple(fields.values))
    described, units = _described(spectrum, head), _units(spectrum, head)
    properties = described | units | (properties_of(points) if points else {})
    if points and properties.get("representation") == "centroid":
        properties["peakCount"] = len(points)
        properties["peaks"] = _highest(points)
    plot = None
    if points:
        sticks = properties.get("representation") == "centroid"
        plot = plot_of([points], x_units=units.get("xUnits"), y_units=units.get("yUnits"), sticks=sticks)
    return Record(
        index=index,
        type=TYPE,
        name=name,
        structure=plot,
        fields=tuple(fields.values),
        properties=properties,
        issues=(*issues, *fields.issues()),
    )


def _fields(spectrum: ET.Element, head: Head) -> Fields:
    """All parameters of the spectrum, its scans and precursors, in document order, with the vocabulary's names.

    A parameter that is only a term has the value True; a unit is a field of its own, named after its parameter.
    """
    fields = Fields()
    for attribute in ("index", "id", "spotID", "nativeID", "defaultArrayLength"):
        if (value := spectrum.get(attribute)) is not None:
            fields.add(attribute, typed(value))
    elements = [spectrum]
    for tag in ("scanList", "precursorList", "productList"):
        elements += [element for part in spectrum.findall(tag) for element in part.iter()]
    for element in elements:
        for parameter in resolved(element, head.groups):
            if not parameter.value:
                fields.add(parameter.name, True)
                continue
            fields.add(parameter.name, typed(parameter.value))
            if parameter.unit:
                fields.add(f"{parameter.name} unit", parameter.unit)
    return fields


def _described(spectrum: ET.Element, head: Head) -> dict[str, Any]:
    stated = resolved(spectrum, head.groups)
    accessions = {parameter.accession for parameter in stated}
    found: dict[str, Any] = {
        "technique": _technique(stated),
        "title": next((parameter.value for parameter in stated if parameter.accession == "MS:1000796"), None),
        "instrument": head.instrument,
        "date": terms.date(head.started),
        "polarity": next((_POLARITY[one] for one in accessions if one in _POLARITY), None),
        "representation": next((_KINDS[one] for one in accessions if one in _KINDS), None),
    }
    for parameter in stated:
        if parameter.accession in _NAMED and (value := number(parameter.value)) is not None:
            found[_NAMED[parameter.accession]] = value
        elif parameter.accession == _LEVEL:
            found["msLevel"] = _small(parameter.value)
    for scan in spectrum.iterfind("scanList/scan"):
        for parameter in resolved(scan, head.groups):
            if parameter.accession == "MS:1000016" and (value := number(parameter.value)) is not None:
                found["scanStartTime"], found["scanStartTimeUnit"] = value, parameter.unit or None
        break
    precursors = [_precursor(ion, head) for ion in spectrum.iterfind("precursorList/precursor")][:20]
    found["precursors"] = [precursor for precursor in precursors if precursor] or None
    return {name: value for name, value in found.items() if value is not None}


def _technique(stated: list[Parameter]) -> str | None:
    """What the spectrum's own type says: MS1 and MSn spectra and their kin, else light."""
    for parameter in stated:
        name = parameter.name.lower()
        if name.endswith("spectrum") and not name.startswith(("centroid", "profile")):
            if "absorption" in name or "electromagnetic" in name:
                return "UV/VIS"
            if "emission" in name:
                return "fluorescence"
            return "MS"
    return "MS"


def _precursor(element: ET.Element, head: Head) -> dict[str, Any]:
    """What was chosen: an ion, the window around it, or (data-independent acquisition) the window alone."""
    found: dict[str, Any] = {}
    window = element.find("isolationWindow")
    for parameter in resolved(window, head.groups) if window is not None else []:
        if parameter.accession in _WINDOW and (value := number(parameter.value)) is not None:
            found[_WINDOW[parameter.accession]] = value
    for ion in element.iterfind("selectedIonList/selectedIon"):
        for parameter in resolved(ion, head.groups):
            value = number(parameter.value)
            if parameter.accession == "MS:1000744" and value is not None:
                found["mz"] = value
            elif parameter.accession == "MS:1000041" and (charge := _small(parameter.value)) is not None:
                found["charge"] = charge
            elif parameter.accession == "MS:1000042" and value is not None:
                found["intensity"] = value
        break
    activation = element.find("activation")
    for parameter in resolved(activation, head.groups) if activation is not None else []:
        if parameter.accession == "MS:1000045" and (value := number(parameter.value)) is not None:
            found["collisionEnergy"] = value
        elif not parameter.value and parameter.name:
            found.setdefault("activation", parameter.name)
    return found


def _small(stated: str) -> int | None:
    """A level or a charge; what says more than a thousand is neither."""
    value = number(stated)
    return int(value) if value is not None and abs(value) <= 1000 else None


def _units(spectrum: ET.Element, head: Head) -> dict[str, str]:
    units: dict[str, str] = {}
    for element in spectrum.iterfind("binaryDataArrayList/binaryDataArray"):
        for parameter in resolved(element, head.groups):
            if parameter.accession in _MZ:
                units.setdefault("xUnits", parameter.unit or parameter.name.removesuffix(" array"))
            elif parameter.accession in _INTENSITY:
                units.setdefault("yUnits", parameter.unit or parameter.name.removesuffix(" array"))
    return units


def _points(spectrum: ET.Element, head: Head, issues: list[Issue]) -> Points | None:
    """The arrays of abscissas and intensities; None when the spectrum is empty.

    Raises:
        Unreadable: an array is damaged, or one of the two is missing.
    """
    announced = number(spectrum.get("defaultArrayLength"))
    arrays: dict[str, tuple[array[float], bool]] = {}
    for element in spectrum.iterfind("binaryDataArrayList/binaryDataArray"):
        accessions = {parameter.accession for parameter in resolved(element, head.groups)}
        axis = "x" if accessions.intersection(_MZ) else "y" if accessions.intersection(_INTENSITY) else ""
        text = element.findtext("binary") or ""
        if axis and axis not in arrays:
            arrays[axis] = decoded(text, accessions) if text.strip() else (numbers(), False)
    if not arrays:
        if announced:
            raise Unreadable("NO_DATA", f"{announced:,.0f} points are announced, but there is no array.")
        return None
    if len(arrays) < 2:
        missing = "abscissas" if "x" not in arrays else "intensities"
        raise Unreadable("NO_DATA", f"There is no array of {missing}.")
    (x, x_single), (y, y_single) = arrays["x"], arrays["y"]
    if len(x) != len(y):
        raise Unreadable("ARRAYS_DIFFER", f"There are {len(x):,} abscissas, but {len(y):,} intensities.")
    if announced is not None and announced != len(x):
        message = f"defaultArrayLength says {announced:g}, the arrays have {len(x):,} numbers."
        issues.append(warning("NPOINTS_MISMATCH", message))
    if x and not all(map(math.isfinite, (min(x), max(x), sum(x)))):
        raise Unreadable("ARRAY_CORRUPT", "An abscissa is not a finite number.")
    missing_count = 0
    if y and not math.isfinite(sum(y)):
        y = numbers(value if math.isfinite(value) else math.nan for value in y)
        missing_count = sum(1 for value in y if value != value)
    return Points(y, x=x, missing=missing_count, single_x=x_single, single_y=y_single)


def _highest(points: Points) -> list[dict[str, float]]:
    """The most intense peaks, in the order of their abscissas."""
    present = [at for at in range(len(points)) if points.y[at] == points.y[at]]
    chosen = sorted(nlargest(MAX_PEAKS, present, key=points.y.__getitem__))
    return [{"x": points.x_at(at), "y": points.y[at]} for at in chosen]
