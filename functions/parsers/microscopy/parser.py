"""Microscopy: OME-TIFF, OME-XML, SVS, BigTIFF, CZI, LIF and ND2. Metadata is read, pixels never."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    from functions.parsers.microscopy.formats import FORMATS

    return Parser("microscopy", FORMATS)
