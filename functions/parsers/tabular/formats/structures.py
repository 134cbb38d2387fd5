"""Which column of a table holds molecules as SMILES: its cells become the rows' structures, so that their properties are computed.

A column that is called so is one when half of its cells could be SMILES; under another name all of them must, and most must hold
what words and numbers do not. Reaction SMILES are none. An InChIKey in a cell needs no structure: search knows it as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from functions.parsers.tabular.formats.dialect import says_nothing
from leanda.contracts.artefacts import Structure
from leanda.parsing.smiles import plausible_smiles, telling_smiles

SMILES: Final = "chemical/x-daylight-smiles"
_LEAST_CELLS: Final = 3


def smiles_column(names: Sequence[str], rows: Iterable[Sequence[object]]) -> int | None:
    """The first column of SMILES by its name, else the first by its cells; None when there is none.

    Args:
        names: of the columns.
        rows: the first rows of the table, without its header.
    """
    sample = list(rows)
    columns = [[cell for row in sample if (cell := _text(row, n)) is not None] for n in range(len(names))]
    for name, cells in zip(names, columns, strict=True):
        if "smiles" in name.lower() and cells and 2 * sum(map(_plausible, cells)) >= len(cells):
            return names.index(name)
    for n, cells in enumerate(columns):
        plausible = len(cells) >= _LEAST_CELLS and all(map(_plausible, cells))
        if plausible and 2 * sum(map(telling_smiles, cells)) > len(cells):
            return n
    return None


def structure_of(row: Sequence[object], column: int | None) -> Structure | None:
    """The structure that a row states in its column of SMILES."""
    text = None if column is None else _text(row, column)
    return None if text is None else Structure(media_type=SMILES, text=text)


def _text(row: Sequence[object], n: int) -> str | None:
    """A cell as text; None when it is missing, is no text, or says that there is nothing."""
    cell = row[n] if n < len(row) else None
    return cell.strip() if isinstance(cell, str) and not says_nothing(cell) else None


def _plausible(cell: str) -> bool:
    return plausible_smiles(cell.split(maxsplit=1)[0])
