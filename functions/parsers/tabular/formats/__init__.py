"""The formats of the tabular parser."""

from __future__ import annotations

from typing import Final

from functions.parsers.tabular.formats.csv import CSV, TSV
from leanda.parsing.format import Format

FORMATS: Final[dict[str, Format]] = {"csv": CSV, "tsv": TSV}
"""By the name that the signature table gives."""
