"""Molfile: one connection table, V2000 or V3000, perhaps with data items behind it.

A molfile is an SDfile of one record without delimiter; files that programs name `.mol` though they hold several
records with delimiters are read as what they are.
"""

from __future__ import annotations

from typing import Final

from functions.parsers.chemical.formats.sdf import SdfFormat
from leanda.parsing.format import WritingFormat


class MolFormat(SdfFormat):
    name = "mol"


FORMAT: Final[WritingFormat] = MolFormat()
