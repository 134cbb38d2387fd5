"""In-memory stand-ins for what rebuilding and reconciling need: indices beside each other, a catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from functions.search.mappings import ALIASES, RECORDS, IndexDefinition, next_alias, write_alias
from functions.search.ports import (
    Entry,
    Generation,
    HeldNode,
    HeldRecords,
    NodeFacts,
    Page,
    Seen,
    StoredChunk,
)
from tests.unit.search.fakes import MemoryIndex


@dataclass
class MemoryHoldings:
    """`Holdings` over a `MemoryIndex`."""

    index: MemoryIndex

    def nodes(self, alias: str, after: str | None, last: str | None) -> dict[str, HeldNode]:
        return {
            key: HeldNode(one.document.get("revision", 0), one.version, one.document["deleted"])
            for key, one in self.index.documents[alias].items()
            if _between(key, after, last)
        }

    def records(self, alias: str, after: str | None, last: str | None) -> dict[str, list[HeldRecords]]:
        counted = Counter(
            (d["fileId"], d["run"], d["placement"], d["stage"])
            for d in self._living(alias)
            if _between(d["fileId"], after, last)
        )
        found: dict[str, list[HeldRecords]] = {}
        for (file_id, *same), count in counted.items():
            found.setdefault(file_id, []).append(HeldRecords(*same, count))
        return found

    def in_chunks(self, alias: str, node: NodeFacts, stage: int, chunks: Sequence[StoredChunk]) -> list[int]:
        exact = (node.id, node.active_run, node.placement, stage)
        own = [d["index"] for d in self._living(alias) if (d["fileId"], d["run"], d["placement"], d["stage"]) == exact]
        return [sum(c.first_index <= index < c.first_index + c.total for index in own) for c in chunks]

    def strangers(self, alias: str, file_id: str, own: NodeFacts | None, total: int) -> Iterator[Seen]:
        for one in list(self.index.documents[alias].values()):
            d = one.document
            wanted = own and (own.active_run, own.placement, 2, True)
            is_own = (d.get("run"), d["placement"], d.get("stage"), d.get("index", 0) < total) == wanted
            if not d["deleted"] and d["fileId"] == file_id and not is_own:
                yield Seen(one.id, one.version, d)

    def refresh(self, alias: str) -> None:
        pass

    def count(self, alias: str) -> int:
        return len(self._living(alias.replace("-read", "-write")))

    def not_empty(self, aliases: Sequence[str], folders: Sequence[str]) -> set[str]:
        return {key for alias in aliases for d in self._living(alias) for key in d["ancestors"]} & set(folders)

    def purge(self, *, before: datetime, limit: int) -> int:
        gone = 0
        for alias in ALIASES:
            kept = self.index.documents[write_alias(alias)]
            buried = [(key, one.document["tombstonedAt"]) for key, one in kept.items() if one.document["deleted"]]
            for key in [key for key, at in buried if datetime.fromisoformat(at) < before][:limit]:
                del kept[key]
                gone += 1
        return gone

    def _living(self, alias: str) -> list[dict[str, Any]]:
        return [one.document for one in self.index.documents[alias].values() if not one.document["deleted"]]


@dataclass
class MemoryGenerations:
    """`Generations` over a `MemoryIndex`."""

    index: MemoryIndex
    number: int = 1
    unused: list[str] = field(default_factory=list)

    def begin(self, definitions: Iterable[IndexDefinition]) -> list[str]:
        made = []
        for one in definitions:
            beside = next_alias(one.alias)
            self.index.documents.setdefault(beside, {})
            self.index.fields[beside] = dict(one.body["mappings"]["properties"])
            made.append(f"{one.alias}-v{self.number + 1}")
        return sorted(made)

    def open(self) -> None:
        pass

    def switch(self) -> bool:
        if next_alias(RECORDS) not in self.index.documents:
            return False
        for alias in ALIASES:
            self.index.documents[write_alias(alias)] = self.index.documents.pop(next_alias(alias))
            self.index.fields[write_alias(alias)] = self.index.fields.pop(next_alias(alias))
            self.unused.append(f"{alias}-v{self.number}")
        self.number += 1
        return True

    def abandon(self) -> None:
        for alias in ALIASES:
            self.index.documents.pop(next_alias(alias), None)

    def drop_unused(self) -> list[str]:
        gone, self.unused = self.unused, []
        return gone

    def all(self) -> list[Generation]:
        return [Generation(f"{alias}-v{self.number}", (write_alias(alias),), 0) for alias in ALIASES]


@dataclass
class MemoryCatalogue:
    """`Catalogue` over entries by id; `before` runs before each page, for what happens meanwhile."""

    entries: dict[str, Entry] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None

    def page(self, *, after: str | None, limit: int) -> Page:
        self.before()
        keys = sorted(key for key in self.entries if after is None or key > after)[:limit]
        return Page(tuple(self.entries[key] for key in keys), keys[-1] if len(keys) == limit else None)


@dataclass
class MemoryMeter:
    """`Meter` into a list."""

    measured: list[dict[str, int]] = field(default_factory=list)

    def measure(self, values: Mapping[str, int]) -> None:
        self.measured.append(dict(values))


def entry(node: NodeFacts, *totals: int, stage: str = "processed", **changes: Any) -> Entry:
    """A catalogue's entry of a file with chunks of so many good records, changed long ago."""
    chunks, first = [], 0
    for n, total in enumerate(totals):
        chunks.append(StoredChunk(n, stage, "sha", first, total, total))
        first += total
    return replace(Entry(node, tuple(chunks), True, datetime(2026, 2, 28, tzinfo=UTC)), **changes)


def _between(key: str, after: str | None, last: str | None) -> bool:
    return (after is None or key > after) and (last is None or key <= last)
