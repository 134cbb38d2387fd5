"""Tables: CSV and TSV with typed columns."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    from functions.parsers.tabular.formats import FORMATS

    return Parser("tabular", FORMATS)
