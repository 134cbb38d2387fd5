"""The event filtering language of Lambda, for the value of a Kafka record.

Sources: Lambda guide, invocation-eventfiltering (the comparison operators) and kafka-filtering (what a Kafka value is).
Patterns are compiled once; a pattern that Lambda would refuse raises ValueError then, not while records flow.

- Patterns are alternatives: one that matches is enough. Only the key `value` may be filtered.
- Every field of a pattern must match; the comparisons in a field's list are alternatives. A field that is an array
  matches when one of its elements does, and a nested pattern must match within one element.
- `exists` looks at leaves: an object is not a leaf.
- A value whose format is not that of the pattern (text under a JSON pattern, JSON under a text pattern, no UTF-8, no
  value at all) is **not** dropped: Lambda then filters by metadata only, and Kafka has none to filter by.
"""

import json
import math
import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

MISSING: Final = object()
"""What a field holds that is not there."""

Match = Callable[[Any], bool]

_NUMERIC: Final[dict[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_filters(patterns: Iterable[str]) -> Callable[[bytes | None], bool]:
    """A predicate that says whether a record with this value goes to the function.

    Raises:
        ValueError: a pattern is not JSON, filters something other than `value`, or uses an unknown operator.
    """
    alternatives = [_compile_pattern(pattern) for pattern in patterns]

    def passes(value: bytes | None) -> bool:
        content, is_json = _read(value)
        return not alternatives or any(
            for_json is not is_json or matches(content) for for_json, matches in alternatives
        )

    return passes


def _read(value: bytes | None) -> tuple[Any, bool | None]:
    """The value to compare and whether it is JSON (True), text (False) or neither (None)."""
    if value is None:
        return MISSING, None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return MISSING, None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text, False
    # A bare number or word that happens to be JSON is what the guide calls a plain string.
    return (content, True) if isinstance(content, dict | list) else (text, False)


def _compile_pattern(pattern: str) -> tuple[bool, Match]:
    """Whether the pattern is for JSON values, and its predicate."""
    document = json.loads(pattern)
    if not isinstance(document, dict) or set(document) != {"value"}:
        raise ValueError(f"a Kafka filter has the key `value` and no other: {pattern}")
    return isinstance(document["value"], dict), _compile_node(document["value"])


def _compile_node(node: object) -> Match:
    if isinstance(node, dict) and node:
        return _compile_object(node)
    if isinstance(node, list) and node:
        return _compile_leaf(node)
    raise ValueError(f"a filter is an object of fields or a list of comparisons, neither empty: {node!r}")


def _compile_object(node: dict[str, Any]) -> Match:
    fields = {name: _compile_node(sub) for name, sub in node.items() if name != "$or"}
    branches = node.get("$or")
    if branches is not None and not (isinstance(branches, list) and branches and all(map(_is_object, branches))):
        raise ValueError(f"$or takes a list of objects: {branches!r}")
    either = [_compile_object(branch) for branch in branches or ()]

    def matches_one(content: object) -> bool:
        known = content if isinstance(content, dict) else {}
        return all(matches(known.get(name, MISSING)) for name, matches in fields.items()) and (
            not either or any(matches(content) for matches in either)
        )

    def matches(content: object) -> bool:
        if isinstance(content, list) and content:
            return any(matches(element) for element in content)
        return matches_one(content)

    return matches


def _compile_leaf(comparisons: list[Any]) -> Match:
    compiled = [_compile_comparison(comparison) for comparison in comparisons]

    def matches(content: object) -> bool:
        leaves = list(_leaves(content)) or [MISSING]
        return any(compare(leaf) for compare in compiled for leaf in leaves)

    return matches


def _leaves(content: object) -> Iterable[object]:
    if isinstance(content, list):
        for element in content:
            yield from _leaves(element)
    elif not isinstance(content, dict):
        yield content


def _compile_comparison(comparison: object) -> Match:
    if not isinstance(comparison, dict):
        return _equal_to(comparison)
    if len(comparison) != 1:
        raise ValueError(f"one comparison has one operator: {comparison!r}")
    ((name, operand),) = comparison.items()
    if name == "exists" and isinstance(operand, bool):
        return lambda leaf: (leaf is not MISSING) is operand
    if name == "anything-but":
        return _anything_but(operand)
    if name == "numeric":
        return _numeric(operand)
    return _text_operator(name, operand)


def _equal_to(expected: object) -> Match:
    if isinstance(expected, bool) or expected is None:
        return lambda leaf: leaf is expected
    if _is_number(expected):
        return lambda leaf: _is_number(leaf) and leaf == expected
    if isinstance(expected, str):
        return lambda leaf: isinstance(leaf, str) and leaf == expected
    raise ValueError(f"cannot compare with {expected!r}")


def _anything_but(operand: object) -> Match:
    if isinstance(operand, dict):
        unwanted = [_compile_comparison(operand)]
    else:
        unwanted = [_equal_to(value) for value in (operand if isinstance(operand, list) else [operand])]
    if not unwanted:
        raise ValueError("anything-but needs something to exclude")
    return lambda leaf: leaf is not MISSING and not any(matches(leaf) for matches in unwanted)


def _numeric(operand: object) -> Match:
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise ValueError(f"numeric takes one or two comparisons: {operand!r}")
    bounds = list(zip(operand[::2], operand[1::2], strict=True))
    for name, bound in bounds:
        if name not in _NUMERIC or not _is_number(bound):
            raise ValueError(f"not a numeric comparison: {name!r} {bound!r}")
    return lambda leaf: _is_number(leaf) and all(_NUMERIC[name](leaf, bound) for name, bound in bounds)


def _text_operator(name: str, operand: object) -> Match:
    if name in {"prefix", "suffix"} and isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
        folded = operand["equals-ignore-case"]
        if isinstance(folded, str):
            inner = _text_operator(name, folded.casefold())
            return lambda leaf: isinstance(leaf, str) and inner(leaf.casefold())
    if not isinstance(operand, str):
        raise ValueError(f"{name} cannot take {operand!r}")
    if name == "prefix":
        return lambda leaf: isinstance(leaf, str) and leaf.startswith(operand)
    if name == "suffix":
        return lambda leaf: isinstance(leaf, str) and leaf.endswith(operand)
    if name == "equals-ignore-case":
        return lambda leaf: isinstance(leaf, str) and leaf.casefold() == operand.casefold()
    raise ValueError(f"unknown operator {name!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and bool(value)
