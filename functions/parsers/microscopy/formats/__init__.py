"""The formats of the microscopy parser."""

from __future__ import annotations

from typing import Final

from functions.parsers.bounded import Bounded
from functions.parsers.microscopy.formats.bigtiff import BIG_TIFF
from functions.parsers.microscopy.formats.czi import CZI
from functions.parsers.microscopy.formats.lif import LIF
from functions.parsers.microscopy.formats.nd2 import ND2
from functions.parsers.microscopy.formats.ome_tiff import OME_TIFF
from functions.parsers.microscopy.formats.ome_xml import OME_XML
from functions.parsers.microscopy.formats.svs import SVS
from leanda.parsing.format import WholeFormat

FORMATS: Final[dict[str, WholeFormat]] = {
    found.name: Bounded(found) for found in (OME_TIFF, OME_XML, SVS, BIG_TIFF, CZI, LIF, ND2)
}
"""By the name that the signature table gives."""
