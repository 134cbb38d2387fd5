"""The index of the simulator: `tests.unit.search`'s in-memory index, asked for authority without the hop."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from functions.files.authority import above_all, hiding, listed
from functions.files.authority import shown as authority_answer
from functions.search.adapters import entry_of, facts_of
from functions.search.mappings import definitions
from functions.search.ports import NodeFacts, Page
from leanda import ids
from tests.unit.search.fakes import MemoryIndex


def memory_index() -> MemoryIndex:
    index = MemoryIndex()
    for definition in definitions(local=True):
        index.ensure(definition)
    return index


class InProcessAuthority:
    """`Authority` of the search context, answered from the fake nodes of `files`."""

    def __init__(self, nodes: Any, runs: Any) -> None:
        self._nodes, self._runs = nodes, runs

    def of(self, node_ids: Iterable[str]) -> dict[str, NodeFacts]:
        found: dict[str, NodeFacts] = {}
        nodes = self._nodes.get_many(list(node_ids)).values()
        above = self._nodes.get_many(above_all(nodes))
        gone = {key for key, folder in above.items() if folder["deleted"]}
        for node in nodes:
            run = self._runs.get(ids.run_key(node["_id"], node["activeRun"])) if node.get("blob") else None
            answer = authority_answer(node, (run or {}).get("metadata")) | hiding(node, gone)
            found[node["_id"]] = facts_of(json.loads(json.dumps(answer)))
        return found


class InProcessCatalogue:
    """`Catalogue` of the search context, answered from the fake nodes of `files`."""

    def __init__(self, nodes: Any, runs: Any) -> None:
        self._nodes, self._runs = nodes, runs

    def page(self, *, after: str | None, limit: int) -> Page:
        keys = sorted(key for key in self._nodes.documents if after is None or key > after)[:limit]
        entries = []
        for node in self._nodes.get_many(keys).values():
            run = self._runs.get(ids.run_key(node["_id"], node["activeRun"])) if node.get("blob") else None
            entries.append(entry_of(json.loads(json.dumps(listed(node, run)))))
        return Page(tuple(entries), keys[-1] if len(keys) == limit else None)
