"""Molecules: SDF, MOL and SMILES lists."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    """The parser; its formats are imported on first use, because the toolkit costs time and memory."""
    from functions.parsers.chemical.formats import mol, sdf, smiles

    return Parser("chemical", {found.FORMAT.name: found.FORMAT for found in (sdf, mol, smiles)})
