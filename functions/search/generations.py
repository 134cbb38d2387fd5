"""The indices behind the aliases: `Generations` on OpenSearch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from functions.search.mappings import (
    ALIASES,
    IndexDefinition,
    definitions,
    next_alias,
    read_alias,
    write_alias,
)
from functions.search.opensearch import OpenSearch, Refused
from functions.search.ports import Document, Generation
from leanda.errors import Unavailable

_GENERATION = re.compile(rf"({'|'.join(map(re.escape, ALIASES))})-v(\d+)")
_ALL: Final = ",".join(f"{alias}-v*" for alias in ALIASES)
_OPTIONS: Final = {
    name: options for definition in definitions(local=True) for name, options in definition.body["aliases"].items()
}


class OpenSearchGenerations:
    """`Generations` over the REST API."""

    def __init__(self, server: OpenSearch) -> None:
        self._server = server

    def begin(self, definitions: Iterable[IndexDefinition]) -> list[str]:
        named = self._aliases()
        existing = [index for index, aliases in named.items() if aliases & _NEXT]
        if existing:
            return sorted(existing)
        generation = 1 + max((_number(index) for index in named), default=0)
        made = [definition.of_generation(generation) for definition in definitions]
        for one in made:
            settings = one.body["settings"]
            # Nobody searches it yet, so it need not show what is written at once: that makes the filling cheaper.
            quiet = settings | {"index": settings["index"] | {"refresh_interval": "-1"}}
            self._make(one.index, {"settings": quiet, "mappings": one.body["mappings"]})
        self._change({"add": {"index": one.index, "alias": next_alias(one.alias)}} for one in made)
        return sorted(one.index for one in made)

    def open(self) -> None:
        for alias in sorted(_NEXT):
            self._server.ask("PUT", f"/{alias}/_settings", {"index": {"refresh_interval": "1s"}})
            self._server.ask("POST", f"/{alias}/_refresh")

    def switch(self) -> bool:
        named = self._aliases()
        actions: list[dict[str, Any]] = []
        for index, aliases in named.items():
            alias = _alias(index)
            used = (write_alias(alias), read_alias(alias))
            actions += [{"remove": {"index": index, "alias": name}} for name in used if name in aliases]
            if next_alias(alias) in aliases:
                actions += [{"add": {"index": index, "alias": name, **_OPTIONS[name]}} for name in used]
                actions.append({"remove": {"index": index, "alias": next_alias(alias)}})
        if not any(aliases & _NEXT for aliases in named.values()):
            return False
        self._change(actions)
        return True

    def abandon(self) -> None:
        made = [index for index, aliases in self._aliases().items() if aliases & _NEXT]
        # Need not exist: the request comes again if its answer is lost.
        self._change(
            {"remove": {"index": index, "alias": next_alias(_alias(index)), "must_exist": False}} for index in made
        )
        for index in made:
            self._drop(index)

    def drop_unused(self) -> list[str]:
        unused = sorted(index for index, aliases in self._aliases().items() if not aliases)
        for index in unused:
            self._drop(index)
        return unused

    def all(self) -> list[Generation]:
        return [
            Generation(index, tuple(sorted(aliases)), int(self._server.ask("POST", f"/{index}/_count")["count"]))
            for index, aliases in sorted(self._aliases().items())
        ]

    def _aliases(self) -> dict[str, set[str]]:
        """All generations, with the aliases of each."""
        found = self._server.get(f"/{_ALL}/_alias") or {}
        return {index: set(of["aliases"]) for index, of in found.items() if _GENERATION.fullmatch(index)}

    def _change(self, actions: Iterable[dict[str, Any]]) -> None:
        wanted = list(actions)
        if not wanted:
            return
        answer = self._server.ask("POST", "/_aliases", {"actions": wanted})
        if not answer.get("acknowledged"):
            # A node that does not know the aliases yet could still write to one index where two are meant.
            raise Unavailable(detail="OpenSearch: not every node has confirmed the aliases")

    def _make(self, index: str, body: Document) -> None:
        """An index of a number that nobody had: if it exists, it was made by this very request, whose answer was lost."""
        try:
            self._server.ask("PUT", f"/{index}", body)
        except Refused as error:
            if error.kind != "resource_already_exists_exception":
                raise

    def _drop(self, index: str) -> None:
        try:
            self._server.ask("DELETE", f"/{index}")
        except (Unavailable, Refused):
            if self._server.exists(f"/{index}"):
                raise


_NEXT: Final = {next_alias(alias) for alias in ALIASES}


def _alias(index: str) -> str:
    match = _GENERATION.fullmatch(index)
    return match[1] if match else index


def _number(index: str) -> int:
    match = _GENERATION.fullmatch(index)
    return int(match[2]) if match else 0
