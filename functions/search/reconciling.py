"""Makes the index equal to the store, page by page: compares, tells what differs, writes what is missing, buries what is too much.

Something that changes at this moment differs for a moment. So nothing counts as drift that changed within the grace period, and
what differs is read and compared again before it is touched. Repairing is safe at any time: what is written has the version of the
facts that it was made from, and what is buried keeps the version that it was seen with, so that whoever writes later wins. And what
was repaired is looked at again: what the index still lacks then, it will never take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from functions.search import domain, rebuild_state
from functions.search.comparing import KEPT, Difference, Report, compare
from functions.search.domain import Stage
from functions.search.errors import DocumentRefused
from functions.search.hiding import Hiding
from functions.search.indexing import ArtefactLost, readable
from functions.search.mappings import NODES, RECORDS, write_alias
from functions.search.ports import (
    Authority,
    Catalogue,
    Entry,
    Generations,
    HeldNode,
    HeldRecords,
    Holdings,
    Meter,
    NodeFacts,
    Notes,
    SearchIndex,
    StoredChunk,
    Versioned,
)
from leanda.observability import logger
from leanda.ports import ArtefactStore, Clock

PAGE: Final = 100
GRACE: Final = timedelta(minutes=2)
PURGED_AT_ONCE: Final = 10_000
STATE: Final = "reconcile"

Left = Callable[[], float]
"""Seconds until the caller wants the rest to be left to the next time."""


@dataclass(frozen=True)
class Held:
    """What an index holds of the ids of one page."""

    nodes: dict[str, HeldNode]
    records: dict[str, list[HeldRecords]]

    def against(self, entry: Entry, now: datetime) -> Difference:
        key = entry.node.id
        return compare(entry, self.nodes.get(key), self.records.get(key, ()), now=now)

    def unknown(self, known: Iterable[str]) -> set[str]:
        """Ids of living documents of nodes that are not known."""
        living = {key for key, node in self.nodes.items() if not node.deleted} | set(self.records)
        return living - set(known)


@dataclass(frozen=True)
class Comparison:
    """One page of the catalogue against the documents behind two aliases; with repairs."""

    index: SearchIndex
    holdings: Holdings
    catalogue: Catalogue
    authority: Authority
    artefacts: ArtefactStore
    clock: Clock
    nodes_alias: str = write_alias(NODES)
    records_alias: str = write_alias(RECORDS)

    def page(self, after: str | None, *, grace: timedelta, left: Left) -> tuple[Report, str | None, bool]:
        """Compare and repair a page.

        Returns: the report; the id to go on after, or None at the end; and False if time ran out before all was repaired that can
        be, in which case the same page is to be asked for again.
        """
        page = self.catalogue.page(after=after, limit=PAGE)
        now = self.clock.now()
        held = self._held(after, page.next)
        known = [entry.node.id for entry in page.entries]
        differing = [entry for entry in page.entries if held.against(entry, now).any]
        unknown = held.unknown(known)
        looked = Report(nodes=len(page.entries))
        if not differing and not unknown:
            return looked, page.next, True
        quiet = [entry for entry in differing if entry.changed_at <= now - grace]
        for alias in (self.nodes_alias, self.records_alias):
            self.holdings.refresh(alias)
        held = self._held(after, page.next)
        # Read again last: if nothing changed up to here, then the index was compared with what is still true.
        facts = self.authority.of([*(entry.node.id for entry in quiet), *unknown])
        still = [entry for entry in quiet if _same(entry.node, facts.get(entry.node.id))]
        differences = {entry.node.id: held.against(entry, now) for entry in still}
        wrong = [entry for entry in still if differences[entry.node.id].any]
        strangers = {key for key in held.unknown(known) & unknown if key not in facts}
        moving = len(differing) - len(still)
        report = looked + replace(Report.of(differences.values()), in_motion=moving, nodes_unknown=len(strangers))
        if not wrong and not strangers:
            return report, page.next, True
        logger.warning("the index differs from the store", **asdict(report), files=[e.node.id for e in wrong][:20])
        repair = _Repair(self, differences, held, left)
        repair.make_good(wrong, strangers)
        refused = repair.refused or self._not_taken(wrong, repair.tried, after, page.next)
        report = replace(report, written=repair.written, lost=repair.lost, refused=refused)
        return report, page.next, not repair.out_of_time or refused > 0

    def _held(self, after: str | None, last: str | None) -> Held:
        nodes = self.holdings.nodes(self.nodes_alias, after, last)
        return Held(nodes, self.holdings.records(self.records_alias, after, last))

    def _not_taken(
        self, wrong: list[Entry], tried: dict[str, list[StoredChunk]], after: str | None, last: str | None
    ) -> int:
        """How many documents are missing as before, though they were written: those that the index has in a higher version.

        Of files that are still as they were when they were compared; of others that version is of newer facts.
        """
        for alias in (self.nodes_alias, self.records_alias):
            self.holdings.refresh(alias)
        held, now = self._held(after, last), self.clock.now()
        lacking: dict[str, int] = {}
        for entry in wrong:
            node, chunks = entry.node, tried[entry.node.id]
            found = held.against(entry, now)
            if not found.ahead:
                there = self.holdings.in_chunks(self.records_alias, node, Stage.PROCESSED, chunks) if chunks else ()
                records = sum(max(0, chunk.parsed - count) for chunk, count in zip(chunks, there, strict=True))
                lacking[node.id] = found.node_missing + found.node_stale + records
        facts = self.authority.of(key for key, count in lacking.items() if count)
        left = {e.node.id: lacking[e.node.id] for e in wrong if _same(e.node, facts.get(e.node.id))}
        if left:
            logger.error("the index does not take what it lacks: it has something newer there", files=[*left][:20])
        return sum(left.values())


@dataclass
class _Repair:
    """The documents that make a page as it should be, while there is time."""

    comparison: Comparison
    differences: dict[str, Difference]
    held: Held
    left: Left
    chunks: int = 0
    written: int = 0
    lost: int = 0
    refused: int = 0
    tried: dict[str, list[StoredChunk]] = field(default_factory=dict)
    """By file the chunks that were written anew."""
    out_of_time: bool = False

    def make_good(self, wrong: list[Entry], strangers: set[str]) -> None:
        """Write what is missing, and then bury what is too much.

        Not when the time was over in between: what is not written anew yet would look as if it were too much.
        """
        self.write(self.missing(wrong))
        if self.out_of_time:
            return
        if strangers or any(self.differences[entry.node.id].surplus for entry in wrong):
            self.comparison.holdings.refresh(self.comparison.records_alias)
            self.write(self.too_much(wrong, strangers))

    def write(self, documents: Iterator[Versioned]) -> None:
        try:
            self.comparison.index.write(self._counted(documents))
        except DocumentRefused as error:
            logger.error("the index refuses documents that it lacks", detail=error.detail)
            self.refused += 1

    def missing(self, wrong: list[Entry]) -> Iterator[Versioned]:
        """Documents that replace also those of the same version: what is hidden by mistake has the version that it should have."""
        for entry in wrong:
            difference = self.differences[entry.node.id]
            self.tried[entry.node.id] = []
            if difference.node_missing or difference.node_stale:
                yield replace(domain.node_document(entry.node), over_equal=True)
            if difference.missing:
                yield from self._records(entry)

    def too_much(self, wrong: list[Entry], strangers: set[str]) -> Iterator[Versioned]:
        holdings, alias, now = self.comparison.holdings, self.comparison.records_alias, self.comparison.clock.now()
        for entry in wrong:
            node = entry.node
            if not self.differences[node.id].surplus:
                continue
            own = node if domain.shows_records(node) else None
            for seen in holdings.strangers(alias, node.id, own, sum(chunk.total for chunk in entry.chunks)):
                if node.deleted:
                    yield domain.record_tombstone(node, seen.document["index"], at=now)
                elif domain.may_judge(node, seen):  # what the file's run writes at this placement, or later, wins
                    yield domain.tombstone_of(seen, at=now)
        for key in sorted(strangers):
            node_held = self.held.nodes.get(key)
            if node_held and not node_held.deleted:
                yield domain.unknown_node_tombstone(key, node_held.version, at=now)
            for seen in holdings.strangers(alias, key, None, 0):
                yield domain.tombstone_of(seen, at=now)

    def _records(self, entry: Entry) -> Iterator[Versioned]:
        node, chunks = entry.node, entry.chunks
        comparison = self.comparison
        there = comparison.holdings.in_chunks(comparison.records_alias, node, Stage.PROCESSED, chunks)
        for chunk, found in zip(chunks, there, strict=True):
            if found >= chunk.parsed:
                continue
            if self.left() <= 0 and self.chunks:  # at least one, so that every invocation brings the index further
                self.out_of_time = True
                return
            self.chunks += 1
            read = readable(comparison.artefacts, node, chunk.n, Stage.PROCESSED, chunk.artefact)
            self.tried[node.id].append(chunk)
            try:
                yield from (replace(one, over_equal=True) for one in read)
            except ArtefactLost:
                self.tried[node.id].remove(chunk)
                self.lost += 1

    def _counted(self, documents: Iterator[Versioned]) -> Iterator[Versioned]:
        """The documents, for the aliases that are compared: what an index lacks is told by that index alone."""
        compared = self.comparison
        aliases = {write_alias(NODES): compared.nodes_alias, write_alias(RECORDS): compared.records_alias}
        for document in documents:
            self.written += 1
            yield replace(document, alias=aliases[document.alias])


@dataclass(frozen=True)
class Reconciler:
    """The use case of `search.reconcile`: a bounded piece of the round at a time, and what has to be done now and then."""

    comparison: Comparison
    generations: Generations
    notes: Notes
    meter: Meter
    hiding: Hiding

    def go_on(self, *, left: Left, grace: timedelta = GRACE) -> dict[str, Any]:
        """A piece of the round, from where the last one ended; and whatever else became due."""
        self._drop_unused()
        self._settle()
        state, token = self.notes.load(STATE)
        answer = self.look(after=state.get("after"), left=left, grace=grace)
        state = {
            "after": answer["next"],
            "rounds": state.get("rounds", 0) + answer["complete"],
            "at": self.comparison.clock.now().isoformat(),
            "last": answer["report"],
        }
        self.notes.save(STATE, state, token)
        return answer

    def status(self) -> dict[str, Any]:
        """Where the round is, how many were completed, and what the last piece found."""
        return self.notes.load(STATE)[0]

    def look(self, *, after: str | None, left: Left, grace: timedelta) -> dict[str, Any]:
        """Pages until the time is over or the round is complete. The first is always looked at.

        Returns: `report`; `complete`, whether the round is; `next`, the id to go on after; and at the end `purged`, a number.
        """
        total, complete = Report(), False
        while not complete:
            report, following, whole = self.comparison.page(after, grace=grace, left=left)
            total += report
            if whole:
                after, complete = following, following is None
            if left() <= 0:
                break
        answer: dict[str, Any] = {"report": asdict(total), "complete": complete, "next": after}
        if complete:
            before = self.comparison.clock.now() - KEPT
            answer["purged"] = self.comparison.holdings.purge(before=before, limit=PURGED_AT_ONCE)
        measured = {"IndexDrift": total.drift, "IndexBeyondRepair": total.beyond_repair, "NodesCompared": total.nodes}
        self.meter.measure(measured | {"TombstonesPurged": answer.get("purged", 0)})
        return answer

    def _drop_unused(self) -> None:
        """Remove what a finished rebuild replaced."""
        state, _ = self.notes.load(rebuild_state.STATE)
        dropped = rebuild_state.drop_unused(self.generations, state, now=self.comparison.clock.now())
        if dropped:
            logger.info("indices that were replaced are removed", indices=dropped)

    def _settle(self) -> None:
        """Forget the folders whose deletion has reached all that was below them."""
        compared = self.comparison
        settled = self.hiding.settle(compared.holdings, (compared.nodes_alias, compared.records_alias))
        if settled:
            logger.info("deletions have come to their end", folders=settled[:20], number=len(settled))


def _same(before: NodeFacts, now: NodeFacts | None) -> bool:
    return now is not None and (before.revision, before.placement) == (now.revision, now.placement)
