"""Nodes and runs made anew from the log alone: what the events of a file add up to. Pure.

A node's facts are ordered by `revision`, those of a run by the envelope's `sequence` (the run's revision, and the place in
that change), so neither the order of the log nor repetitions matter. What is compared with the store: placement in the tree,
status, failure, counts, the active and the latest run; of each run its state, counts and failure, and its chunks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from functions.history.domain import Entry
from leanda.contracts.envelope import Event
from leanda.contracts.events import (
    ChunksPlanned,
    Counts,
    FileCreated,
    FileDeleted,
    FileReprocessRequested,
    FileRestored,
    FileStatus,
    FolderDeleted,
    FolderRestored,
    NodeFact,
    RecordsIndexed,
    RecordsStored,
    RunActivated,
    RunAdvanced,
    RunRequest,
    RunState,
    UploadRequested,
)
from leanda.contracts.registry import data_of
from leanda.errors import EventRefused

_NO_RECORDS: Final = Counts()
_WITH_RESULTS: Final = frozenset({FileStatus.PROCESSED, FileStatus.PROCESSED_PARTIALLY})


@dataclass
class RunHistory:
    """One run as the log tells it.

    Attributes:
        indexed: records that can be found.
        chunks: how many were planned, None without a plan. What comes after the end of a run counts here, but not in the store.
        stored: chunks whose records are in the store.
    """

    run: int
    state: RunState = RunState.OPEN
    counts: Counts = field(default_factory=Counts)
    failure: dict[str, Any] | None = None
    indexed: int = 0
    chunks: int | None = None
    stored: set[int] = field(default_factory=set)


@dataclass
class NodeHistory:
    """A file or folder as the log tells it. `revision` is that of the last fact; a write that tells nothing may have followed;
    `has_records` is what the active run had by then."""

    id: str
    name: str | None = None
    parent_id: str | None = None
    owner_id: str | None = None
    status: FileStatus | None = None
    failure: dict[str, Any] | None = None
    deleted: bool = False
    placement: int = 0
    revision: int = 0
    active_run: int = 1
    has_records: bool = False
    runs: dict[int, RunHistory] = field(default_factory=dict)

    @property
    def latest_run(self) -> int | None:
        return max(self.runs, default=None)

    @property
    def counts(self) -> Counts:
        """Those of the active run, as far as it told."""
        active = self.runs.get(self.active_run)
        return active.counts if active else _NO_RECORDS

    @property
    def indexed_records(self) -> int:
        active = self.runs.get(self.active_run)
        return active.indexed if active else 0


def rebuild(entries: Iterable[Entry]) -> dict[str, NodeHistory]:
    """All nodes of which the entries tell, by id. Events that are not understood here, and those of users, are left out."""
    told: dict[str, list[tuple[Event, Any]]] = defaultdict(list)
    for entry in entries:
        if entry.file_id is None:
            continue
        try:
            event = Event.from_bytes(entry.body.encode())
            told[entry.file_id].append((event, data_of(event)))
        except EventRefused:
            continue
    found = {node_id: _node(node_id, events) for node_id, events in told.items()}
    return {node_id: node for node_id, node in found.items() if node is not None}


def _node(node_id: str, events: list[tuple[Event, Any]]) -> NodeHistory | None:
    node = NodeHistory(node_id)
    facts: dict[int, list[Any]] = defaultdict(list)
    for _, data in events:
        if isinstance(data, NodeFact | RunRequest | UploadRequested):
            facts[data.revision].append(data)
    if not facts:
        return None
    for revision in sorted(facts):
        _revise(node, revision, facts[revision])
    for _, data in sorted(events, key=lambda one: _order(one[0])):
        _run(node, data)
        if isinstance(data, RunAdvanced):
            _advance(_of(node, data.run), data)
    for run in node.runs.values():
        if run.run != node.latest_run and run.state in _OPEN:
            run.state = RunState.SUPERSEDED  # the next run says so by beginning
    return node


def _revise(node: NodeHistory, revision: int, facts: list[Any]) -> None:
    """One update of the node; what it told belongs together."""
    without_results = node.status not in _WITH_RESULTS or not node.has_records
    node.revision = revision
    for fact in facts:
        if isinstance(fact, UploadRequested):
            node.name, node.parent_id, node.owner_id = fact.name, fact.parent_id, fact.owner_id
            node.status = FileStatus.LOADING
        elif isinstance(fact, NodeFact):
            node.name, node.parent_id, node.owner_id = fact.name, fact.parent_id, fact.owner_id
            node.placement = fact.placement
            node.has_records = bool(fact.counts and fact.counts.total)
            node.status = fact.status
            node.failure = fact.failure.to_json_dict() if fact.failure else None
            if isinstance(fact, FileDeleted | FolderDeleted):
                node.deleted = True
            elif isinstance(fact, FileRestored | FolderRestored):
                node.deleted = False
            elif isinstance(fact, RunActivated) and fact.run:
                node.active_run = fact.run
    for fact in facts:
        if isinstance(fact, FileCreated | FileReprocessRequested):
            run = _of(node, fact.run)
            if not fact.process and run.state is RunState.OPEN:
                run.state = RunState.NOT_REQUESTED
            if fact.run == 1 or without_results:
                node.active_run = fact.run


def _run(node: NodeHistory, data: Any) -> None:
    if isinstance(data, ChunksPlanned):
        run = _of(node, data.run)
        run.chunks = max(run.chunks or 0, *(row.n + 1 for row in data.chunks), 0)
    elif isinstance(data, RecordsStored | RecordsIndexed):
        _of(node, data.run).stored.add(data.chunk)


def _advance(run: RunHistory, fact: RunAdvanced) -> None:
    run.state, run.counts, run.indexed = fact.state, fact.counts, fact.indexed
    run.failure = fact.failure.to_json_dict() if fact.failure else None


def _of(node: NodeHistory, number: int) -> RunHistory:
    return node.runs.setdefault(number, RunHistory(number))


def _order(event: Event) -> tuple[int, int]:
    revision, _, position = event.sequence.partition(".")
    return int(revision) if revision.isdigit() else 0, int(position) if position.isdigit() else 0


_OPEN: Final = frozenset({RunState.OPEN, RunState.PARSING, RunState.PARSED, RunState.PROCESSING})
