"""Lists of reaction SMILES: one reaction a line, alone, with a name behind it, or in a column of a table.

Daylight Theory Manual, section 3.5: `reactants>agents>products`; behind it perhaps ChemAxon's ` |…|` (CXSMILES), whose `f:`
joins parts to one molecule. The other columns are fields. A table is such a list when (nearly) all of its lines hold a
reaction in the same column; see `leanda.parsing.smiles.reaction_layout`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, Final

from functions.parsers import reactions, toolkit
from functions.parsers.reactions import ROLES, TYPE, Participant
from leanda import limits, structures
from leanda.contracts.artefacts import FieldValue, Issue, Record, Structure
from leanda.parsing.format import Format
from leanda.parsing.lines import line_ends, lines, readable_head
from leanda.parsing.records import BOM, BOM_DROPPED, decode, error, failed, guarded, refused, too_large
from leanda.parsing.smiles import MAX_CELL_CHARACTERS, ReactionLayout, flaw, plausible_reaction, reaction_layout

REACTION_SMILES: Final = "chemical/x-daylight-reaction-smiles"
_REMEMBERED: Final = 20_000


class ReactionSmilesFormat:
    """See `leanda.parsing.format.Format`. A record is a line that is neither blank, comment nor header."""

    name = "reaction-smiles"
    version = "4"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        layout = _layout(head)
        is_header = (lambda _: True) if layout.header else None
        return line_ends(blocks, head=head, first_index=first_index, is_header=is_header)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        layout = _layout(head)
        is_header = (lambda _: True) if layout.header else None
        read_line = partial(_record, layout=layout)
        found = lines(data, head=head, first_index=first_index, is_header=is_header)
        for index, line in enumerate(found, first_index):
            yield guarded(TYPE, read_line, line, index)


FORMAT: Final[Format] = ReactionSmilesFormat()


def _layout(head: bytes) -> ReactionLayout:
    """As the head's lines show it; a file that is no such list by its content is one by its name."""
    return reaction_layout(decode(readable_head(head[: limits.HEAD_BYTES]))[0].splitlines()) or ReactionLayout(None)


def _record(raw: bytes, index: int, *, layout: ReactionLayout) -> Record:
    if len(raw) > limits.MAX_RECORD_BYTES:
        return failed(TYPE, index, too_large("line", len(raw)))
    issues: tuple[Issue, ...] = (BOM_DROPPED,) if raw.startswith(BOM) else ()
    line, guessed = decode(raw.removeprefix(BOM).strip(b"\r\n"))
    issues += guessed
    cells = layout.cells(line)
    text = cells[layout.column].strip() if len(cells) > layout.column else ""
    fields = tuple(_fields(cells, layout))
    name = (cells[1].strip() or None) if layout.delimiter is None and len(cells) > 1 else None
    issues += _check(text)
    participants, said = ([], ()) if refused(issues) else _participants(text)
    issues += said
    if refused(issues):
        return failed(TYPE, index, *issues, name=name)
    properties, said = reactions.properties(participants)
    return Record(
        index=index,
        type=TYPE,
        name=name,
        structure=Structure(media_type=REACTION_SMILES, text=text),
        fields=fields,
        properties=properties,
        issues=(*issues, *said),
        toolkit=structures.TOOLKIT,
    )


def _fields(cells: list[str], layout: ReactionLayout) -> Iterator[FieldValue]:
    if layout.delimiter is None:
        return
    for at, value in enumerate(cells):
        if at != layout.column:
            name = layout.header[at] if at < len(layout.header) and layout.header[at] else f"column {at + 1}"
            yield FieldValue(name=name, value=value or None)


def _check(text: str) -> tuple[Issue, ...]:
    if len(text) > MAX_CELL_CHARACTERS:
        message = f"The reaction SMILES has {len(text):,} characters; {MAX_CELL_CHARACTERS:,} are accepted."
        return (error("STRUCTURE_TOO_LARGE", message),)
    if plausible_reaction(text) or text.split(" ", 1)[0] == ">>":
        return ()
    return (error("REACTION_SMILES_INVALID", f"This is no reaction SMILES: {text[:60]!r}."),)


def _participants(text: str) -> tuple[list[Participant], tuple[Issue, ...]]:
    """The molecules of a reaction SMILES; part by part if nothing joins parts, else as Indigo reads the whole."""
    if "|" not in text:
        try:
            return [
                Participant(role, _component(part))
                for role, side in zip(ROLES, text.split(">"), strict=True)
                for part in side.split(".")
                if part
            ], ()
        except _PartInvalid as invalid:
            return [], invalid.issues
        except _PartRefused:
            pass
    try:
        return list(_of_indigo(structures.load_reaction(text))), ()
    except structures.SmilesInvalid as refusal:
        return [], (error("SMILES_INVALID", f"This is no reaction as it stands: {structures.reason(refusal)}."),)
    except Exception as refusal:
        return [], (error("TOOLKIT_REFUSED", f"Indigo cannot read the reaction: {structures.reason(refusal)}."),)


class _PartRefused(Exception):
    pass


class _PartInvalid(Exception):
    """A part that is whole, but no molecule."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        self.issues = issues
        super().__init__()


@lru_cache(_REMEMBERED)
def _component(part: str) -> toolkit.Component:
    """Solvents and reagents come again and again, so what is known of a part is remembered."""
    if flaw(part):  # What is cut at dots may have been a branch, or a ring that another part closes.
        raise _PartRefused
    molecule, issues = toolkit.load(part)
    if molecule is None:
        raise _PartInvalid(issues) if issues[0].code == "SMILES_INVALID" else _PartRefused
    return toolkit.component(molecule)


def _of_indigo(reaction: Any) -> Iterator[Participant]:
    sides = (reaction.iterateReactants(), reaction.iterateCatalysts(), reaction.iterateProducts())
    for role, side in zip(ROLES, sides, strict=True):
        for molecule in side:
            yield Participant(role, toolkit.component(molecule.clone()))
