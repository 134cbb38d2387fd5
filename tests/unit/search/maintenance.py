"""A small world for rebuilding and reconciling: files in the catalogue, their artefacts, and an index that follows or does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from functions.search import domain
from functions.search.domain import Stage
from functions.search.hiding import Hiding
from functions.search.indexing import documents_of
from functions.search.mappings import NODES, RECORDS, definitions, next_alias, write_alias
from functions.search.ports import Entry, Versioned
from functions.search.rebuilding import Rebuild
from functions.search.reconciling import Comparison, Reconciler
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.persistence.artefacts import pack
from tests.unit.search.fakes import NOW, FixedClock, MemoryArtefacts, MemoryAuthority, MemoryIndex, facts
from tests.unit.search.generations import (
    MemoryCatalogue,
    MemoryGenerations,
    MemoryHoldings,
    MemoryMeter,
    entry,
)

NODES_W, RECORDS_W = write_alias(NODES), write_alias(RECORDS)
NODES_N, RECORDS_N = next_alias(NODES), next_alias(RECORDS)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def forever() -> float:
    return 1e9


class Maintained:
    """Everything around `Rebuild` and `Reconciler`; the index and what stands behind it may be the real one."""

    def __init__(
        self,
        index: Any = None,
        holdings: Any = None,
        generations: Any = None,
        notes: Any = None,
    ) -> None:
        self.index: Any = index or MemoryIndex()
        if index is None:
            for definition in definitions(local=True):
                self.index.ensure(definition)
        self.holdings = holdings or MemoryHoldings(self.index)
        self.generations = generations or MemoryGenerations(self.index)
        self.notes = notes or self.index.notes
        self.catalogue, self.authority = MemoryCatalogue(), MemoryAuthority()
        self.artefacts, self.meter = MemoryArtefacts(), MemoryMeter()
        self.clock, self.pauses = FixedClock(), list[float]()
        self.hiding = Hiding(self.notes, self.clock)
        self.reconciler = Reconciler(
            self._comparison(NODES_W, RECORDS_W), self.generations, self.notes, self.meter, self.hiding
        )
        self.rebuild = Rebuild(
            index=self.index,
            holdings=self.holdings,
            catalogue=self.catalogue,
            artefacts=self.artefacts,
            generations=self.generations,
            notes=self.notes,
            meter=self.meter,
            clock=self.clock,
            definitions=definitions(local=True),
            comparison=self._comparison(NODES_N, RECORDS_N),
            pause=self._wait,
        )

    def _wait(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def _comparison(self, nodes: str, records: str) -> Comparison:
        return Comparison(
            self.index,
            self.holdings,
            self.catalogue,
            self.authority,
            self.artefacts,
            self.clock,
            nodes_alias=nodes,
            records_alias=records,
        )

    def have(self, node_id: str, *totals: int, changed_at: datetime | None = None, **changes: Any) -> Entry:
        """Let `files` have a file with chunks of so many records; the index does not hear of it."""
        node = facts(node_id, **{"counts": {"total": sum(totals), "parsed": sum(totals), "failed": 0}} | changes)
        made = entry(node, *totals)
        if changed_at:
            made = replace(made, changed_at=changed_at)
        self.keep(made)
        return made

    def keep(self, made: Entry) -> None:
        node = made.node
        self.catalogue.entries[node.id], self.authority.nodes[node.id] = made, node
        for chunk in made.chunks:
            rows = [
                Record(index=chunk.first_index + n, type="x", name=f"{chunk.stage} {node.active_run}")
                for n in range(chunk.parsed)
            ] + [
                Record(index=chunk.first_index + n, type="x", status=RecordStatus.FAILED)
                for n in range(chunk.parsed, chunk.total)
            ]
            self.artefacts.bodies[node.id, node.active_run, chunk.n, chunk.stage, chunk.artefact] = pack(rows)

    def indexed(self, node_id: str, *totals: int, **changes: Any) -> Entry:
        """A file that the index shows as it is."""
        made = self.have(node_id, *totals, **changes)
        self.write(made)
        return made

    def write(self, made: Entry) -> None:
        self.index.write(self.documents(made))

    def documents(self, made: Entry) -> Iterator[Versioned]:
        """What the indexers write of a file as it is."""
        yield domain.node_document(made.node)
        for chunk in made.chunks:
            yield from documents_of(self.artefacts, made.node, chunk.n, Stage[chunk.stage.upper()], chunk.artefact)

    def round(self, **more: Any) -> dict[str, Any]:
        return self.reconciler.go_on(left=more.pop("left", forever), **more)

    def shown(self, alias: str = RECORDS_W) -> dict[str, list[int]]:
        """Positions of living records by file."""
        found: dict[str, list[int]] = {}
        for document in self.index.shown(alias).values():
            found.setdefault(document["fileId"], []).append(document["index"])
        return {key: sorted(positions) for key, positions in found.items()}


def ticking(*, times: int) -> Callable[[], float]:
    """Time that is over after so many looks at it."""
    left = iter([1.0] * times)
    return lambda: next(left, -1.0)


__all__ = ["LONG_AGO", "NODES_N", "NODES_W", "NOW", "RECORDS_N", "RECORDS_W", "Maintained", "forever", "ticking"]
