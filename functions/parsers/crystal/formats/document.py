"""One data block of a CIF as tags with values, read by gemmi; damage that leaves no doubt is repaired and said so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from leanda.contracts.artefacts import Issue
from leanda.parsing.records import BOM, decode, error, information, line_place, warning

REPAIRED: Final = "CIF_REPAIRED"
MAX_SHOWN_TAGS: Final = 10

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_CIF_2: Final = re.compile(r"#\\#CIF_2\.0\b")
_GEMMI_PLACE: Final = re.compile(r"data:(\d+)(?::(\d+))?(?:\(\d+\))?(?: in data_\S*)?: (.*)", re.DOTALL)


class Unreadable(Exception):
    """The block cannot be read; the issue says why and where."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(issue.message)


@dataclass
class Block:
    """A data block.

    Attributes:
        scalars: tags with one value as the file has them, quotes included, in file order; a loop of one row gives scalars too.
        columns: the values of loops that were asked for, by normalised tag.
        rows: number of rows of loops that have several, by the normalised tags of columns that were asked for.
    """

    name: str
    text: str
    scalars: list[tuple[str, str]] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


def normalised(tag: str) -> str:
    """A tag without the differences of dialects: DDL1 writes `_cell_length_a`, DDL2 (mmCIF) `_cell.length_a`; case is free."""
    return tag.lower().replace(".", "_")


def all_normalised(tags: Sequence[str]) -> list[str]:
    """`normalised` of each, by one call for all."""
    return normalised("\n".join(tags)).split("\n") if tags else []


def read(raw: bytes, *, wanted: frozenset[str] = frozenset(), counted: frozenset[str] = frozenset()) -> Block:
    """The block that a byte range holds, comments around it included.

    Args:
        raw: one data block.
        wanted: normalised tags of loops whose values are needed.
        counted: normalised tags of loops whose number of rows is needed.

    Raises:
        Unreadable: gemmi refuses it, and it is not one of the damages that are repaired here.
    """
    issues: list[Issue] = []
    if raw.startswith(BOM):
        raw = raw[len(BOM) :]
        issues.append(warning(REPAIRED, "A UTF-8 byte-order mark stood before the text; it was left out.", "byte 1"))
    text, guessed = decode(raw)
    issues += guessed
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if lines.rstrip("\n").endswith("\x1a"):
        lines = lines.rstrip("\n\x1a") + "\n"
        issues.append(warning(REPAIRED, "The text ended with DOS's end-of-file character; it was left out."))
    parsed, mark = _parsed(lines, issues)
    block = Block(name=_restored(parsed.name, mark).strip(), text=text, issues=issues)
    _collect(block, parsed, wanted, counted, mark)
    return block


def _parsed(text: str, issues: list[Issue]) -> tuple[Any, str]:
    """gemmi's block, and the mark behind which characters outside of ASCII are spelled, if they had to be."""
    try:
        return _by_gemmi(text), ""
    except Unreadable:
        found = _NOT_ASCII.search(text)
        if found is None:
            raise
    mark = "~u"
    while mark in text:
        mark += "u"
    parsed = _by_gemmi(_NOT_ASCII.sub(lambda character: f"{mark}{ord(character[0]):x}~", text))
    message = "There are characters outside of ASCII in values without quotes, where CIF 1.1 has none; they were kept."
    issues.append(warning(REPAIRED, message, line_place(text.count("\n", 0, found.start()) + 1)))
    return parsed, mark


def _restored(text: str, mark: str) -> str:
    return re.sub(rf"{mark}([0-9a-f]+)~", lambda code: chr(int(code[1], 16)), text) if mark else text


def _by_gemmi(text: str) -> Any:
    from gemmi import cif

    try:
        # Level 0: duplicate tags and missing values cost a value, not the block.
        document = cif.read_string(text.encode("utf-8"), 0)
    except Exception as refusal:
        raise Unreadable(_refusal(str(refusal), text)) from refusal
    if len(document) != 1:
        raise Unreadable(error("CIF_SYNTAX", f"There are {len(document)} data blocks where one should be."))
    return document[0]


def _refusal(message: str, text: str) -> Issue:
    match = _GEMMI_PLACE.fullmatch(message)
    line, column, reason = match.groups() if match else (None, None, message)
    place = line_place(int(line)) + (f", column {int(column) + 1}" if column else "") if line else None
    hint = " (it says it is CIF 2.0, of which only what CIF 1.1 has too can be read)" if _CIF_2.match(text) else ""
    return error("CIF_SYNTAX", f"This is no CIF: {reason.strip()}{hint}.", place)


def _collect(block: Block, parsed: Any, wanted: frozenset[str], counted: frozenset[str], mark: str) -> None:
    scalars = block.scalars
    missing: list[str] = []
    in_loops: list[str] = []
    frames = 0
    for item in parsed:
        pair = item.pair
        if pair is not None:
            tag, value = (_restored(part, mark) for part in pair) if mark else pair
            if value:
                scalars.append((tag, value))
            else:
                missing.append(tag)
        elif (loop := item.loop) is not None:
            of_loop = [_restored(tag, mark) for tag in loop.tags] if mark else loop.tags
            _add_loop(block, loop, of_loop, wanted, counted, mark)
            in_loops += () if loop.length() == 1 else of_loop  # those of one row are scalars by now
        else:
            frames += 1
    tags = [*[tag for tag, _ in scalars], *missing, *in_loops]
    if repeated := _repeated(tags, parsed, mark):
        tag, line = next(iter(repeated.items()))
        message = f"Tags are there more than once, the first value counts: {_listed(repeated)}."
        block.issues.append(warning(REPAIRED, message, line_place(line)))
    if missing:
        block.issues.append(warning("CIF_VALUE_MISSING", f"Tags without a value were left out: {_listed(missing)}."))
    if frames:
        block.issues.append(information("SAVE_FRAMES_SKIPPED", f"{frames} save frames are not shown as fields."))
    if not tags and not frames:
        block.issues.append(warning("BLOCK_EMPTY", "There is nothing in this data block."))


def _repeated(tags: list[str], parsed: Any, mark: str) -> dict[str, int]:
    """Tags that are there more than once, in lower case, and the line on which each comes last."""
    seen: set[str] = set("\n".join(tags).lower().split("\n"))
    if len(seen) >= len(tags):
        return {}
    seen.clear()
    repeated: dict[str, int] = {}
    for item in parsed:
        of_item = [item.pair[0]] if item.pair is not None else item.loop.tags if item.loop is not None else []
        for tag in (_restored(tag, mark).lower() for tag in of_item):
            if tag in seen:
                repeated[tag] = item.line_number
            seen.add(tag)
    return repeated


def _add_loop(
    block: Block, loop: Any, tags: list[str], wanted: frozenset[str], counted: frozenset[str], mark: str
) -> None:
    rows = loop.length()
    names = all_normalised(tags[: loop.width()])
    if rows == 1:
        block.scalars += [(tag, _restored(value, mark)) for tag, value in zip(tags, loop.values, strict=False)]
    else:
        for tag in counted.intersection(names):
            block.rows.setdefault(tag, rows)
    for tag in wanted.intersection(names).difference(block.columns):
        column = names.index(tag)
        block.columns[tag] = [_restored(loop[row, column], mark) for row in range(rows)]


def _listed(tags: Iterable[str]) -> str:
    names = list(tags)
    more = f" and {len(names) - MAX_SHOWN_TAGS} more" if len(names) > MAX_SHOWN_TAGS else ""
    return ", ".join(names[:MAX_SHOWN_TAGS]) + more
