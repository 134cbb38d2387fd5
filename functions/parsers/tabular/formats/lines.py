"""Rows as lines of an artefact, without records in between: an object for each cell costs more than reading the cells."""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring as quoted
from typing import Final

from leanda.contracts.artefacts import Structure

__all__ = ["RowLines", "quoted"]

_NUL: Final = "\\u0000"
_MAX_FORMS: Final = 16
"""Patterns of empty cells whose form is kept. Tables whose rows have more are written cell by cell."""


class RowLines:
    """Writes the rows of a table with these columns, as `json_line` writes a parsed record of type `row`."""

    def __init__(self, names: Sequence[str]) -> None:
        self._empty = [f'{{"name":{quoted(name)}}}' for name in names]
        self._begun = [f'{{"name":{quoted(name)},"value":' for name in names]
        self._full = ",".join(begun.replace("%", "%%") + "%s}" for begun in self._begun)
        self._forms: dict[tuple[bool, ...], str] = {}
        self._whole = ""

    def line(
        self,
        index: int,
        values: Sequence[str | None],
        structure: Structure | None,
        properties: str = "{}",
        issues: str = "[]",
    ) -> bytes:
        """One row.

        Args:
            values: its cells as JSON, None for an empty one; at most as many as there are columns, the others are empty.
            properties, issues: as JSON.
        """
        if len(values) == len(self._begun) and None not in values:
            fields = self._full % tuple(values)
        else:
            some = zip(self._begun, values, self._empty, strict=False)
            told = [f"{begun}{value}}}" if value else empty for begun, value, empty in some]
            fields = ",".join(told + self._empty[len(values) :])
        return (
            f'{{"index":{index},"type":"row","status":"Parsed",{_shown(structure)}"fields":[{fields}],'
            f'"properties":{properties},"issues":{issues}}}'
        ).encode()

    def line_of_texts(self, index: int, cells: list[str], structure: Structure | None = None) -> bytes | None:
        """One row of texts, an empty one being no value; None when it has not as many cells as columns, or a NUL in one.

        All are quoted by one call, with NUL between them, which every JSON text has as six characters, and put into a form
        that is made once for all rows with the same cells empty.
        """
        if len(cells) != len(self._begun):
            return None
        if "" in cells:
            filled = [cell for cell in cells if cell]
            form = self._form(tuple(map(bool, cells)))
        else:
            filled = cells
            form = self._whole = self._whole or self._made([True] * len(cells))
        written = quoted("\0".join(filled))[1:-1].split(_NUL) if filled else []
        if form and len(written) == len(filled):
            return (form % (index, _shown(structure), *written)).encode()
        if any("\0" in cell for cell in filled):
            return None
        return self.line(index, [quoted(cell) if cell else None for cell in cells], structure)

    def _form(self, filled: tuple[bool, ...]) -> str | None:
        form = self._forms.get(filled)
        if form is None and len(self._forms) < _MAX_FORMS:
            form = self._forms[filled] = self._made(filled)
        return form

    def _made(self, filled: Sequence[bool]) -> str:
        """A line with a place for each text that is not empty, its quotes around it."""
        columns = zip(filled, self._begun, self._empty, strict=True)
        fields = ",".join(f'{begun}"\0"}}' if some else empty for some, begun, empty in columns)
        told = fields.replace("%", "%%").replace("\0", "%s")
        return f'{{"index":%d,"type":"row","status":"Parsed",%s"fields":[{told}],"properties":{{}},"issues":[]}}'


def _shown(structure: Structure | None) -> str:
    return f'"structure":{structure.model_dump_json(by_alias=True)},' if structure else ""
