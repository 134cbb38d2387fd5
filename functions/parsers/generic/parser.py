"""Everything that no parser knows: stored and found by name, with no records. Only an empty file fails."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    return Parser("generic", {})
