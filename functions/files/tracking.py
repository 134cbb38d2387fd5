"""Follows a run through its record events: plan, parsed, processed and stored, indexed, failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.files import inbox, letters
from functions.files import runs as rules
from functions.files.beginning import as_begun
from functions.files.bundles import Bundles
from functions.files.domain import BUNDLE, CLOSED_BY_LETTER, FILE
from functions.files.ports import Nodes, Records, Runs
from functions.files.repeating import STEP
from leanda import ids
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import (
    ChunksPlanned,
    DeadLettered,
    ParseFailed,
    RecordsIndexed,
    RecordsParsed,
    RecordsProcessed,
    RecordsStored,
    Redriven,
)
from leanda.messaging import Group, Received, portions
from leanda.observability import logger
from leanda.persistence.aggregates import deciding
from leanda.persistence.artefacts import pack, rows_in, statistics_in
from leanda.ports import ArtefactStore, Clock
from leanda.statistics import merge, summary

MOST_RECORDS: Final = 20_000
PORTION_SECONDS: Final = 60.0
"""What so many records may take a busy store; they are not begun with less time left."""


def by_run(received: Sequence[Received]) -> Iterator[Group]:
    """The events of one run together: its document is read and moved once for all of them, or for so many records."""
    groups: dict[str, list[Received]] = {}
    for one in received:
        groups.setdefault(f"{one.data.subject()}:{getattr(one.data, 'run', 0)}", []).append(one)
    for group in groups.values():
        yield from portions(group, weight=_records_of, most=MOST_RECORDS)


def _records_of(one: Received) -> int:
    """Records that the event has inserted; everything else is a mark."""
    return one.data.counts.total if isinstance(one.data, RecordsProcessed) else 0


@dataclass(frozen=True)
class Tracker:
    """The use case of `files.on_record_events`. Repeating or reordering its events changes nothing."""

    nodes: Nodes
    runs: Runs
    records: Records
    artefacts: ArtefactStore
    clock: Clock

    @property
    def bundles(self) -> Bundles:
        return Bundles(self.nodes, self.clock)

    def track(self, group: Group) -> None:
        """Mark what the events of one run say, then move its state as far as the marks allow."""
        data = group[0].data
        if getattr(data, "run", 0) == 0:
            self._track_file(data.subject(), group)
            return
        key = ids.run_key(data.subject(), getattr(data, "run", 0))
        run = self.runs.get(key)
        if run is None:
            logger.warning("an event of a run that is not known changes nothing", run=key)
            return
        origin = Origin.of_event(group[-1].event)
        if not run["plan"]:
            run = as_begun(self.nodes, self.runs, run, origin, self.clock)
        goes_on = letters.may_go_on(run) and not (rules.ended(run) and self._is_past(run))
        for one in group:
            self._mark(run, one, goes_on=goes_on)
        with_letters = bool(run.get("letters")) or any(isinstance(one.data, DeadLettered | Redriven) for one in group)
        if with_letters:
            deciding(lambda: self._settle(key, origin))
        deciding(lambda: self._advance(key, group, origin))
        if with_letters:
            deciding(lambda: self._settle(key, origin))
        self.runs.publish(key)

    def _track_file(self, file_id: str, group: Group) -> None:
        """Letters about a file that has no run: they show in its timeline, and may end it."""
        node = self.nodes.get(file_id)
        if node is None:
            node = self._show_what_is_missing(group)
        if node is None or node["type"] != FILE:
            logger.warning("letters of a file that is not known change nothing; operators see them", file=file_id)
            return
        for one in group:
            if isinstance(one.data, DeadLettered | Redriven):
                self.nodes.apply(node, letters.marked(node, one.data, at=one.event.time), Origin.of_event(one.event))
        deciding(lambda: self._settle_file(file_id, Origin.of_event(group[-1].event)))
        self.nodes.publish(file_id)

    def _show_what_is_missing(self, group: Group) -> dict[str, Any] | None:
        """Make the file that a drop into an inbox did not become, where it would be: its owner waits for it."""
        for one in group:
            data = one.data
            if isinstance(data, DeadLettered) and data.owner_id and letters.tells_of_unknown_file(data):
                origin, now = Origin.of_event(one.event), self.clock.now()
                path = str(data.inbox_path)
                parent, name = inbox.place_or_root(self.nodes, data.owner_id, path, origin, at=now)
                node, change = inbox.without_bytes(
                    data.file_id,
                    owner_id=data.owner_id,
                    parent=parent,
                    name=name,
                    failure=letters.failure_of(data.letter_id, data),
                    at=now,
                    closedBy=CLOSED_BY_LETTER,
                )
                self.nodes.insert(node, change, origin)
                return self.nodes.get(data.file_id)
        return None

    def _settle_file(self, file_id: str, origin: Origin) -> None:
        node = self.nodes.get(file_id)
        if node is not None:
            self.nodes.apply(node, letters.without_bytes(node, at=self.clock.now()), origin)

    def _mark(self, run: dict[str, Any], one: Received, *, goes_on: bool) -> None:
        data, now = one.data, self.clock.now()
        origin, deadline = Origin.of_event(one.event), now + STEP
        if isinstance(data, RecordsIndexed):
            self.runs.apply(run, rules.indexed(run, data, at=now), origin)
        elif isinstance(data, DeadLettered | Redriven):
            self.runs.apply(run, letters.marked(run, data, at=one.event.time), origin)
        elif not goes_on:
            return
        elif isinstance(data, ChunksPlanned):
            self.runs.apply(run, rules.planned(run, data, deadline=deadline), origin)
        elif isinstance(data, RecordsParsed):
            self.runs.apply(run, rules.parsed(run, data, deadline=deadline), origin)
        elif isinstance(data, RecordsProcessed) and not rules.is_stored(run, data.chunk):
            self._store(run, data, origin)

    def _store(self, run: dict[str, Any], data: RecordsProcessed, origin: Origin) -> None:
        """Insert the chunk's records, then mark it and announce it in one update."""
        node = self.nodes.get(data.file_id)
        if node is None:
            return
        body = self.artefacts.get(data.file_id, data.run, data.chunk, "processed", data.artefact)
        self.records.insert(data.file_id, data.run, rows_in(body))
        if run["kind"] == BUNDLE:
            self.bundles.unpack(node, run["blobId"], rows_in(body), origin)
        now = self.clock.now()
        stored = RecordsStored(
            file_id=data.file_id,
            run=data.run,
            chunk=data.chunk,
            counts=data.counts,
            artefact=data.artefact,
            placement=node["placement"],
        )
        mark = rules.stored_mark(data, at=now, deadline=now + STEP)
        self.runs.apply(run, Change(set_=mark, emit=(stored,), guarded=False), origin)

    def _advance(self, key: str, group: Group, origin: Origin) -> None:
        run = self.runs.get(key)
        if run is None:
            return
        now = self.clock.now()
        verdict = next((one.data for one in group if isinstance(one.data, ParseFailed)), None)
        if verdict is not None:
            change = letters.judged(run, verdict, at=now)
        else:
            metadata = self._merged(run) if rules.will_finish(run) else None
            change = rules.advance(run, at=now, metadata=metadata)
        self.runs.apply(run, change, origin)

    def _settle(self, key: str, origin: Origin) -> None:
        """Close a run that only a dead letter could bring on, or reopen it when that is no longer so."""
        run, now = self.runs.get(key), self.clock.now()
        if run is None or (rules.ended(run) and self._is_past(run)):
            return
        self.runs.apply(run, letters.settled(run, at=now, deadline=now + STEP), origin)

    def _is_past(self, run: dict[str, Any]) -> bool:
        """Whether a later run, or the deletion of the file, made the end of a run final."""
        node = self.nodes.get(run["fileId"])
        return node is None or node["deleted"] or (node.get("latestRun") or {}).get("run") != run["run"]

    def _merged(self, run: dict[str, Any]) -> dict[str, Any]:
        """The statistics of all chunks as one description of the file's fields (at most 64 KiB of it on the run)."""
        merged: list[Any] = []
        for n, chunk in sorted(run["chunks"].items(), key=lambda item: int(item[0])):
            body = self.artefacts.get(run["fileId"], run["run"], int(n), "statistics", chunk["stored"]["statistics"])
            merged = merge(merged, list(statistics_in(body)))
        if merged:
            self.artefacts.put(run["fileId"], run["run"], 0, "metadata", pack(merged))
        return summary(merged)
