"""Documents: PDF, Word and PowerPoint files, with their text and what they say of themselves."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    from functions.parsers.document.formats import FORMATS

    return Parser("document", FORMATS)
