"""Tables: CSV and TSV, and the worksheets of XLSX, XLSB, XLS and ODS."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    from functions.parsers.tabular.formats import FORMATS

    return Parser("tabular", FORMATS)
