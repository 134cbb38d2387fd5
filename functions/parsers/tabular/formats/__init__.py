"""The formats of the tabular parser."""

from __future__ import annotations

from typing import Final

from functions.parsers.tabular.formats.csv import CSV, TSV
from functions.parsers.tabular.formats.spreadsheet import Spreadsheet
from leanda.parsing.format import Format, WholeFormat

DELIMITED: Final[dict[str, Format]] = {"csv": CSV, "tsv": TSV}
SPREADSHEETS: Final[dict[str, WholeFormat]] = {name: Spreadsheet(name) for name in ("xlsx", "xlsb", "xls", "ods")}
FORMATS: Final[dict[str, Format | WholeFormat]] = {**DELIMITED, **SPREADSHEETS}
"""By the name that the signature table gives."""
