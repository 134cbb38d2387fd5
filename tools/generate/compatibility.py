"""What would break a reader or a writer of an event within one major version.

Source: JSON Schema 2020-12, Validation. Only the keywords that pydantic writes are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from leanda.contracts.schemas import JsonSchema

_BOUNDS: Final = (
    "const", "exclusiveMaximum", "exclusiveMinimum", "format", "maxItems", "maxLength", "maximum", "minItems", "minLength",
    "minimum", "multipleOf", "pattern",
)  # fmt: skip


def breaking_changes(published: JsonSchema, current: JsonSchema) -> list[str]:
    """What in `current` an older reader, or an event written by an older writer, would trip over; empty if nothing.

    Within one major version only optional members may be added. Readers and writers are deployed one after the other and
    topics keep events for days, so both directions count: a loosened bound is refused by the older reader as surely as
    a tightened one is by the newer.
    """
    return list(_differences(_Side(published, published), _Side(current, current), "data"))


@dataclass(frozen=True)
class _Side:
    """A schema and the document in which its references are looked up."""

    document: JsonSchema
    schema: JsonSchema

    def plain(self) -> _Side:
        """References followed, and `null` left out: writers never write a member that is null."""
        schema = self.schema
        while True:
            if "$ref" in schema:
                target: Any = self.document
                for part in schema["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
                schema = target | {name: value for name, value in schema.items() if name != "$ref"}
            elif "anyOf" in schema:
                others = [one for one in schema["anyOf"] if one.get("type") != "null"]
                if len(others) != 1:
                    return _Side(self.document, schema | {"anyOf": others})
                schema = others[0]
            else:
                return _Side(self.document, schema)

    def at(self, schema: Any) -> _Side:
        return _Side(self.document, schema if isinstance(schema, dict) else {}).plain()

    def types(self) -> set[str]:
        alternatives = self.schema.get("anyOf")
        if alternatives is not None:
            return {name for one in alternatives for name in self.at(one).types()}
        stated = self.schema.get("type", ())
        return {stated} if isinstance(stated, str) else set(stated)


def _differences(old: _Side, new: _Side, place: str) -> Iterator[str]:
    old, new = old.plain(), new.plain()
    if old.types() != new.types():
        yield f"{place}: the type was {_set(old.types())} and is {_set(new.types())}"
        return
    yield from _enum(old.schema.get("enum"), new.schema.get("enum"), place)
    for bound in _BOUNDS:
        if old.schema.get(bound) != new.schema.get(bound):
            yield f"{place}: {bound} was {old.schema.get(bound)!r} and is {new.schema.get(bound)!r}"
    yield from _members(old, new, place)
    for keyword, inside in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in old.schema or keyword in new.schema:
            yield from _differences(old.at(old.schema.get(keyword)), new.at(new.schema.get(keyword)), place + inside)


def _members(old: _Side, new: _Side, place: str) -> Iterator[str]:
    was, now = old.schema.get("properties", {}), new.schema.get("properties", {})
    demanded, demands = set(old.schema.get("required", ())), set(new.schema.get("required", ()))
    for name in sorted(was.keys() - now.keys()):
        yield f"{place}.{name}: the member was removed"
    for name in sorted(demands - demanded):
        yield f"{place}.{name}: the member is required now, and events without it exist"
    for name in sorted((demanded - demands) & now.keys()):
        yield f"{place}.{name}: the member is no longer required, and older readers refuse events without it"
    for name in sorted(was.keys() & now.keys()):
        yield from _differences(old.at(was[name]), new.at(now[name]), f"{place}.{name}")


def _enum(was: list[Any] | None, now: list[Any] | None, place: str) -> Iterator[str]:
    if (was is None) != (now is None):
        yield f"{place}: a list of allowed values was {'removed' if now is None else 'added'}"
    elif was is not None and now is not None:
        for value in was:
            if value not in now:
                yield f"{place}: the value {value!r} was removed"
        for value in now:
            if value not in was:
                yield f"{place}: the value {value!r} is new, and older readers refuse it"


def _set(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def next_major(type_: str) -> str:
    """The type's name one major version on: `…created.v1` → `…created.v2`."""
    return re.sub(r"\d+$", lambda found: str(int(found.group()) + 1), type_)
