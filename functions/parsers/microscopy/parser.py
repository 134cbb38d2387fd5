"""Microscopy: OME-TIFF, OME-XML, SVS, BigTIFF, CZI, LIF and ND2. Metadata is read, pixels never."""

from functions.parsers.handling import Parser
from leanda import limits


def parser() -> Parser:
    from functions.parsers.microscopy.formats import FORMATS

    return Parser("microscopy", FORMATS, whole_bytes=limits.MAX_IMAGE_BYTES)
