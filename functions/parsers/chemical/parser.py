"""Molecules: SDF, MOL, SMILES and InChI lists, and the drawings CDX and CDXML."""

from functions.parsers.handling import Parser


def parser() -> Parser:
    """The parser; its formats are imported on first use, because the toolkit costs time and memory."""
    from functions.parsers.chemical.formats import cdx, cdxml, inchi, mol, sdf, smiles

    return Parser("chemical", {found.FORMAT.name: found.FORMAT for found in (sdf, mol, smiles, inchi, cdx, cdxml)})
