"""Spectra: JCAMP-DX and mzML, which stream, and SPC."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    from functions.parsers.spectra.formats import jcamp, mzml, spc

    return Parser("spectra", {found.FORMAT.name: found.FORMAT for found in (jcamp, mzml, spc)})
