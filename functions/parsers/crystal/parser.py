"""Crystals: CIF with all its dialects (core CIF, mmCIF, mCIF)."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    """The parser; its format is imported on first use, because the toolkit costs time and memory."""
    from functions.parsers.crystal.formats import cif

    return Parser("crystal", {cif.FORMAT.name: cif.FORMAT})
