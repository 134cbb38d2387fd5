"""Texts that make a regular expression go back: what it looks for, over and over, and never the end of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from re import _constants as codes, _parser  # type: ignore[attr-defined]  # isort: skip

LIKED: Final = ("a1 ", " a1", "1.a")
"""Characters for classes of them, those that are taken first; another order makes other neighbours alike."""
MANY: Final = 50
ALTERNATIVES: Final = 4
_PRINTED: Final = "".join(map(chr, range(32, 127))) + "\n\r\t"
_CATEGORIES: Final = {
    codes.CATEGORY_DIGIT: str.isdigit,
    codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
    codes.CATEGORY_NOT_DIGIT: lambda one: not one.isdigit(),
    codes.CATEGORY_NOT_SPACE: lambda one: not one.isspace(),
    codes.CATEGORY_NOT_WORD: lambda one: not (one.isalnum() or one == "_"),
}


def attacks(pattern: re.Pattern[Any], size: int) -> Iterator[str]:
    """Texts of about so many characters for one expression, each once."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = _parser.parse(source, pattern.flags & ~re.UNICODE)
    told = dict.fromkeys(
        (start, again) for liked in LIKED for pieces in _pieces(tree, liked) for start, again in _repeated(pieces)
    )
    for start, again in told:
        yield start + again * (size // len(again)) + "\0"


def _repeated(pieces: list[str]) -> Iterator[tuple[str, str]]:
    """A beginning and what is repeated behind it: each run of pieces that follow one another."""
    pieces = [piece for piece in pieces if piece]
    for first in range(len(pieces)):
        for last in range(first + 1, len(pieces) + 1):
            if first == 0 or last - first <= 2 or last == len(pieces):
                yield "".join(pieces[:first]), "".join(pieces[first:last])


def _pieces(tree: Any, liked: str) -> list[list[str]]:
    """What an expression matches, in pieces that follow one another; one list for each alternative."""
    found: list[list[str]] = [[""]]
    for code, argument in tree:
        parts = _part(code, argument, liked)
        if len(parts) == 1 and len(parts[0]) == 1 and code in (codes.LITERAL, codes.NOT_LITERAL):
            for one in found:  # Letters of a word are one piece.
                one[-1] += parts[0][0]
            continue
        found = [[*one, *part, ""] for one in found for part in parts][:ALTERNATIVES]
    return found


def _part(code: Any, argument: Any, liked: str) -> list[list[str]]:
    if code is codes.LITERAL:
        return [[chr(argument)]]
    if code is codes.NOT_LITERAL:
        return [[_one_of([(codes.NEGATE, None), (codes.LITERAL, argument)], liked)]]
    if code is codes.ANY:
        return [[liked[0]]]
    if code is codes.IN:
        return [[_one_of(argument, liked)]]
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        least, most, repeated = argument
        found = [["".join(part) * max(least, 1)] if most <= MANY else part for part in _pieces(repeated, liked)]
        return [*found, []] if least == 0 else found
    if code is codes.SUBPATTERN:
        return _pieces(argument[3], liked)
    if code is codes.ATOMIC_GROUP:
        return _pieces(argument, liked)
    if code is codes.BRANCH:
        return [part for branch in argument[1] for part in _pieces(branch, liked)]
    return [[]]


def _one_of(items: list[Any], liked: str) -> str:
    for one in liked + _PRINTED:
        if any(_has(item, one) for item in items) != (items[0][0] is codes.NEGATE):
            return one
    code, argument = items[-1]
    return chr(argument if code is codes.LITERAL else argument[0])


def _has(item: tuple[Any, Any], one: str) -> bool:
    code, argument = item
    if code is codes.LITERAL:
        return bool(ord(one) == argument)
    if code is codes.RANGE:
        return bool(argument[0] <= ord(one) <= argument[1])
    return code is codes.CATEGORY and bool(_CATEGORIES[argument](one))
