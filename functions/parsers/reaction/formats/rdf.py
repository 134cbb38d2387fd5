"""RD file: reactions and molecules with data, in any order.

BIOVIA "CTfile Formats" (2020), chapter "RDfiles (Reaction-Data files)". Each record starts with `$RFMT`, `$MFMT`, or a
registry number without one of them. Indigo's own reader fails on molecule records and on `$REREG` without `$RFMT`.
"""

from __future__ import annotations

from typing import Final

from functions.parsers.reaction.formats.split import SplitFormat
from leanda.parsing.format import Format

_START: Final = rb"\$[RM]FMT\b[^\r\n]*+(?:(?:\r\n|\r|\n)\$[RM][IE]REG\b)?|\$[RM][IE]REG\b"

FORMAT: Final[Format] = SplitFormat("rdf", _START)
