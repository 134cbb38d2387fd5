"""Which `$` operators of MongoDB's language Leanda may use: what DocumentDB 5.0 has, minus what the local store differs in.

Source: Amazon DocumentDB developer guide, "Supported MongoDB APIs, operations, and data types" and "Functional differences". The
list says what is allowed, not what is forbidden: an operator that nobody looked up is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

QUERY = {
    "$and", "$elemMatch", "$eq", "$exists", "$expr", "$gt", "$gte", "$in", "$lt", "$lte", "$ne", "$nin", "$nor", "$not", "$or",
    "$size", "$type",
}  # fmt: skip
UPDATE = {
    "$addToSet", "$currentDate", "$each", "$inc", "$max", "$min", "$mul", "$position", "$pull", "$push", "$rename", "$set",
    "$setOnInsert", "$slice", "$unset",
}  # fmt: skip
PIPELINE = {
    "$addFields", "$avg", "$cond", "$count", "$first", "$group", "$ifNull", "$last", "$limit", "$lookup", "$match", "$project",
    "$skip", "$sort", "$sum", "$unwind",
}  # fmt: skip
ALLOWED = frozenset(QUERY | UPDATE | PIPELINE)

WHY = {
    "$all": "over a dotted path the local store finds nothing",
    "$facet": "DocumentDB has it in no version",
    "$regex": "DocumentDB uses an index for it only with a hint",
    "$text": "the local store has no text index",
    "$where": "DocumentDB has it in no version",
}
# JSON Schema and AsyncAPI have keywords with the same sign.
_OTHER_LANGUAGES = {"$ref", "$defs", "$id", "$schema"}
_OPERATOR = re.compile(r"\$[a-z][A-Za-z]*")


def operators_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Operators as they are used: keys of dictionaries, and literals that are one word with the sign."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if _OPERATOR.fullmatch(node.value) and node.value not in _OTHER_LANGUAGES:
            yield node.lineno, node.value
