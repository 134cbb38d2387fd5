"""Atoms in space: XYZ."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    """The parser; formats are imported on first use."""
    from functions.parsers.geometry.formats import xyz

    return Parser("geometry", {xyz.FORMAT.name: xyz.FORMAT})
