"""rxnfile: one reaction, V2000 or V3000. Programs write several into one file too; then each `$RXN` starts a record."""

from __future__ import annotations

from typing import Final

from functions.parsers.reaction.formats.split import SplitFormat
from leanda.parsing.format import Format

_START: Final = rb"\$RXN\b"

FORMAT: Final[Format] = SplitFormat("rxn", _START)
