"""mzML 1.1: one record for each spectrum, read from its own element, so that a file of any size streams.

Martens et al., Molecular & Cellular Proteomics 10 (2011) R110.000133. The XML of a spectrum is parsed alone: no entity of a
document type can reach it, and a document type in the file's head is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final
from xml.etree import ElementTree as ET

from functions.parsers.spectra.formats import terms
from functions.parsers.spectra.formats.mzml_arrays import decoded
from functions.parsers.spectra.formats.mzml_head import Head, head_of
from functions.parsers.spectra.formats.points import Points, numbers, plot_of, properties_of
from functions.parsers.spectra.formats.text import Fields, Unreadable, failed, guarded, number, typed, warning
from leanda.contracts.artefacts import Issue, Record
from leanda.parsing.format import Format

MAX_PEAKS: Final = 100
"""Most intense peaks that the record of a mass spectrum lists; all are points."""

_EVENT: Final = re.compile(rb"</spectrum\s*>|<spectrum(?:\s[^<>]*)?/>|<spectrumList[\s>]|</spectrumList\s*>|<spectrum[\s>]")
_START: Final = re.compile(rb"<spectrum[\s>/]")
_LONGEST_TAG: Final = 4096

_CENTROID: Final = "MS:1000127"
_MZ: Final = ("MS:1000514", "MS:1000617", "MS:1003143", "MS:1000595")
_INTENSITY: Final = ("MS:1000515", "MS:1000516", "MS:1000821", "MS:1000820")
_NAMED: Final = {
    "MS:1000511": "msLevel",
    "MS:1000285": "totalIonCurrent",
    "MS:1000504": "basePeakMz",
    "MS:1000505": "basePeakIntensity",
    "MS:1000528": "lowestObservedMz",
    "MS:1000527": "highestObservedMz",
}
_POLARITY: Final = {"MS:1000130": "positive", "MS:1000129": "negative"}
_KINDS: Final = {_CENTROID: "centroid", "MS:1000128": "profile"}


class MzmlFormat:
    """See `leanda.parsing.format.Format`. A file of chromatograms alone is good and has no record."""

    name = "mzml"
    version = "1"
    empty_is_failure = False

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes) -> Iterator[int]:
        head_of(head)
        return ends(blocks)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        read_spectrum = partial(_record, head=head_of(head))
        start = 0
        for index, end in enumerate(ends([data], list_open=first_index > 0), first_index):
            yield guarded(read_spectrum, data[start:end], index)
            start = end


FORMAT: Format = MzmlFormat()


def ends(blocks: Iterable[bytes], *, list_open: bool = False) -> Iterator[int]:
    """End offset of each `spectrum` element of a file in blocks of any size; a cut-off list counts as one more.

    Args:
        list_open: True when reading starts inside of a `spectrumList`.
    """
    buffer, base = b"", 0
    open_spectrum, started = False, list_open
    last = 0
    for block in blocks:
        buffer += block
        position = 0
        for match in _EVENT.finditer(buffer):
            position = match.end()
            tag = match[0]
            if tag.startswith(b"<spectrumList"):
                list_open = started = True
            elif tag.startswith(b"</spectrumList"):
                list_open = False
            elif tag.startswith(b"</") or tag.endswith(b"/>"):
                open_spectrum = False
                last = base + position
                yield last
            else:
                open_spectrum = True
                if buffer.find(b">", match.start()) < 0:
                    position = match.start()  # The next block tells whether the element is empty.
                    open_spectrum = False
                    break
        tag_start = buffer.rfind(b"<", max(position, len(buffer) - _LONGEST_TAG))
        done = tag_start if tag_start >= 0 else len(buffer)
        if position < len(buffer) and buffer.startswith(b"<spectrum", position):
            done = position
        base, buffer = base + done, buffer[done:]
    total = base + len(buffer)
    cut = open_spectrum or buffer.startswith(b"<spectrum")
    if cut or (list_open and started and _rest_matters(total - last, list_open)):
        yield total


def _rest_matters(rest: int, list_open: bool) -> bool:
    return list_open and rest > 0
