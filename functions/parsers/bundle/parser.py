"""Bundles: archives whose members become files, where their owner asks for that."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    from functions.parsers.bundle.formats.zip import Zip

    format = Zip()
    return Parser("bundle", {format.name: format})
