"""Rows as lines of an artefact, without records in between: an object for each cell costs more than reading the cells."""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring as quoted

from leanda.contracts.artefacts import Structure

__all__ = ["RowLines", "quoted", "texts"]


class RowLines:
    """Writes the rows of a table with these columns, as `json_line` writes a parsed record of type `row`."""

    def __init__(self, names: Sequence[str]) -> None:
        self._empty = [f'{{"name":{quoted(name)}}}' for name in names]
        self._begun = [f'{{"name":{quoted(name)},"value":' for name in names]
        self._full = ",".join(begun.replace("%", "%%") + "%s}" for begun in self._begun)

    def line(
        self, index: int, values: Sequence[str | None], structure: Structure | None, properties: str = "{}"
    ) -> bytes:
        """One row.

        Args:
            values: its cells as JSON, None for an empty one; at most as many as there are columns, the others are empty.
            properties: as JSON.
        """
        if len(values) == len(self._begun) and None not in values:
            fields = self._full % tuple(values)
        else:
            some = zip(self._begun, values, self._empty, strict=False)
            told = [f"{begun}{value}}}" if value else empty for begun, value, empty in some]
            fields = ",".join(told + self._empty[len(values) :])
        shown = f'"structure":{structure.model_dump_json(by_alias=True)},' if structure else ""
        return (
            f'{{"index":{index},"type":"row","status":"Parsed",{shown}"fields":[{fields}],'
            f'"properties":{properties},"issues":[]}}'
        ).encode()


def texts(cells: list[str]) -> list[str | None] | None:
    """The cells of a row as JSON, None for an empty one; None instead of a list when a cell holds NUL.

    All are quoted by one call, with NUL between them, which every JSON text has as six characters.
    """
    written: list[str | None] = [f'"{cell}"' if cell else None for cell in quoted("\0".join(cells))[1:-1].split(_NUL)]
    if len(written) != len(cells):
        # A NUL in a cell, or its six characters as a text: one by one, then.
        return None if any("\0" in cell for cell in cells) else [quoted(cell) if cell else None for cell in cells]
    return written


_NUL = "\\u0000"
