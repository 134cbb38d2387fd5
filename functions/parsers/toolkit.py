"""Whether Indigo can read a structure: the verdict that makes a record parsed or failed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from leanda.contracts.artefacts import Issue
from leanda.parsing.records import error, warning

CALL_MILLISECONDS: Final = 5000
"""Longest time of one call into Indigo."""
MAX_DROPPED_KEYWORDS: Final = 16

_LINE_END: Final = re.compile(r"[\r\n]")
_KEYWORD_UNKNOWN: Final = re.compile(r"unsupported property of CTAB3000(?: \(in (\w+) block\))?: (\S+)")


@cache
def _indigo() -> Any:
    """One Indigo session per process, made on first use; options as in the original system."""
    from indigo import Indigo

    indigo = Indigo()
    indigo.setOption("ignore-stereochemistry-errors", True)
    indigo.setOption("unique-dearomatization", False)
    indigo.setOption("ignore-noncritical-query-features", True)
    indigo.setOption("timeout", CALL_MILLISECONDS)
    return indigo


def verdict(text: str) -> tuple[Issue, ...]:
    """What Indigo says of a structure (a molfile or a SMILES); an issue of severity Error means it refuses.

    Queries (atom lists, any bonds) are no molecules, but they are good records: they come with a Warning. So do V3000
    keywords that Indigo does not know: it would refuse the whole molecule, so it is asked again without them.
    """
    if "\0" in text:
        return (error("STRUCTURE_HOLDS_NUL", "There is a NUL character in the structure."),)
    text = _without_name(text)
    issues: list[Issue] = []
    message = None
    for _ in range(MAX_DROPPED_KEYWORDS):
        message = _refusal(text, _indigo().loadMolecule)
        unknown = _KEYWORD_UNKNOWN.search(message or "")
        if unknown is None:
            break
        block, keyword = unknown.groups()
        text, count = drop_keyword(text, keyword)
        if not count:
            break
        issues.append(
            warning(
                "KEYWORD_DROPPED",
                f"The V3000 keyword {keyword} is not known; it was ignored.",
                f"{block or 'ATOM'} block",
            )
        )
    if message is None:
        return tuple(issues)
    if _refusal(text, _indigo().loadQueryMolecule) is None:
        return (
            *issues,
            warning("QUERY_STRUCTURE", f"A query, not a molecule; nothing is computed from it: {message}."),
        )
    return (*issues, error("TOOLKIT_REFUSED", f"Indigo cannot read the structure: {message}."))


def _without_name(text: str) -> str:
    """A molfile without its name, because Indigo guesses formats by it: `$RXN` as name would make it a reaction."""
    line_end = _LINE_END.search(text)
    return text[line_end.start() :] if line_end else text


def drop_keyword(text: str, keyword: str) -> tuple[str, int]:
    """The molfile without one V3000 keyword and its values, and how often it was there."""
    return re.subn(rf" {re.escape(keyword)}=(?:\([^)]*\)|\"[^\"]*\"|\S*)", "", text)


def _refusal(text: str, load: Any) -> str | None:
    """Why Indigo refuses, or None. It also raises plain exceptions (bad UTF-8, its own wrapper): one record's matter."""
    try:
        structure = load(text)
    except Exception as refusal:
        return _sentence(refusal)
    structure.dispose()
    return None


def _sentence(refusal: Exception) -> str:
    value = getattr(refusal, "value", None)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(refusal)
    return text.removeprefix("molecule auto loader: ").strip() or type(refusal).__name__
