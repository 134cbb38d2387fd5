"""Reactions: RXN, RD files and lists of reaction SMILES."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    """The parser; its formats are imported on first use, because the toolkit costs time and memory."""
    from functions.parsers.reaction.formats import rdf, rxn, smiles

    return Parser("reaction", {found.FORMAT.name: found.FORMAT for found in (rxn, rdf, smiles)})
