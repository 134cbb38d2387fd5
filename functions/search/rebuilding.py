"""Makes both indices anew beside those in use, from what `files` and the artefacts hold, and then puts them to use.

No write is lost: from the first moment on whoever writes writes to both generations (`SearchIndex.write`), and finds out whether
there are two only after it has read the facts that it writes. What it has not written to the new one was thus true before that one
existed, and is found in the catalogue. External versions make the order of the two irrelevant. No search fails or sees less: the
aliases move in one step, after the new generation was compared with the store.

The work is done in steps, each followed by a note of how far it is. The note is guarded: of two that work on it, one stops.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

from functions.search import domain
from functions.search.comparing import Report, forgotten
from functions.search.domain import Stage
from functions.search.errors import DocumentRefused
from functions.search.indexing import ArtefactLost, readable
from functions.search.mappings import ALIASES, IndexDefinition, next_alias, read_alias, write_alias
from functions.search.ports import (
    Catalogue,
    Entry,
    Generations,
    Holdings,
    Meter,
    Notes,
    Page,
    SearchIndex,
    StoredChunk,
    Versioned,
)
from functions.search.rebuild_state import (
    ABANDONED,
    BLOCKED,
    COMPARING,
    DONE,
    FILLING,
    KEPT,
    OPEN,
    SHADOW,
    STATE,
    SWITCHING,
    State,
    drop_unused,
    is_silent,
)
from functions.search.reconciling import Comparison, Left
from leanda.errors import Conflict, Unavailable
from leanda.observability import logger
from leanda.ports import ArtefactStore, Clock

PAGE: Final = 100
TRIES: Final = 5
"""Of one step, with growing pauses between them: half a minute in all."""
RECORDS_AT_ONCE: Final = 20_000
"""Of one step, about; a step takes some seconds and is repeated after a crash."""
_NEXT: Final = {write_alias(alias): next_alias(alias) for alias in ALIASES}


class RebuildUnderWay(Conflict):
    code, summary = "REBUILD_UNDER_WAY", "The index is being made anew from the store; wait, or abandon that."


class NothingToContinue(Conflict):
    code, summary = "NO_REBUILD", "No rebuild of the index is under way."


@dataclass(frozen=True)
class Rebuild:
    """The use case of `search.rebuild`."""

    index: SearchIndex
    holdings: Holdings
    catalogue: Catalogue
    artefacts: ArtefactStore
    generations: Generations
    notes: Notes
    meter: Meter
    clock: Clock
    definitions: tuple[IndexDefinition, ...]
    comparison: Comparison
    """With the aliases of the next generation."""
    pause: Callable[[float], None] = time.sleep

    def status(self) -> State:
        """How far the rebuild is, or how the last one ended; and all generations."""
        state, _ = self.notes.load(STATE)
        return state | {"generations": [asdict(one) for one in self.generations.all()]}

    def start(self, *, left: Left, accept_loss: bool = False) -> State:
        """Begin a rebuild, or go on with the one that is under way.

        Args:
            accept_loss: put the new generation to use even without what cannot be read or written any more.
        """
        state, token = self.notes.load(STATE)
        if state.get("phase") not in KEPT:
            state = self._begun(state)
        elif state["phase"] in (BLOCKED, SHADOW):
            state = state | {"phase": COMPARING, "after": None, "compared": asdict(Report())}
        state = state | {"acceptLoss": accept_loss, "shadow": False}
        return self._work(state, self._save(state, token), left)

    def shadow(self, *, left: Left) -> State:
        """Begin a generation that only receives what is written from now on; or compare the one that there is with the store.

        So it can be seen what a replay of the log gives, without touching what is in use. `start` puts it to use, `abandon` drops
        it.

        Raises:
            RebuildUnderWay: the generation beside the one in use is being made from the store.
        """
        state, token = self.notes.load(STATE)
        if state.get("phase") not in KEPT:
            state = self._begun(state) | {"phase": SHADOW, "shadow": True}
            self.generations.open()
            self._save(state, token)
            return state
        if not state.get("shadow"):
            raise RebuildUnderWay
        if state["phase"] == SHADOW:
            state = state | {"phase": COMPARING, "after": None, "compared": asdict(Report())}
        return self._work(state, self._save(state, token), left)

    def go_on(self, *, left: Left) -> State:
        """Go on with the rebuild that is under way.

        Raises:
            NothingToContinue: there is none.
        """
        state, token = self.notes.load(STATE)
        if state.get("phase") not in OPEN:
            raise NothingToContinue
        return self._work(state, self._save(state, token), left)

    def tick(self, *, left: Left) -> State:
        """Go on with a rebuild on which nobody works any more; nothing if there is none.

        That is how a rebuild outlives an invocation: functions that invoke themselves are stopped after some 16 times (AWS Lambda
        developer guide, "Use Lambda recursive loop detection"), and one that dies invokes nobody.
        """
        state, token = self.notes.load(STATE)
        if not is_silent(state, now=self.clock.now()):
            return state
        logger.info("a rebuild of the index goes on", since=state["at"], phase=state["phase"])
        return self._work(state, self._save(state, token), left)

    def abandon(self) -> State:
        """Give the new generation up, whatever it holds; repeating it finishes what was interrupted.

        Raises:
            NothingToContinue: there is none.
        """
        state, token = self.notes.load(STATE)
        if state.get("phase", DONE) == DONE:
            raise NothingToContinue
        state = state | {"phase": ABANDONED, "endedAt": self.clock.now().isoformat()}
        self._save(state, token)
        self.generations.abandon()
        return state

    def _begun(self, last: State) -> State:
        drop_unused(self.generations, last, now=self.clock.now())
        now = self.clock.now().isoformat()
        expected = sum(self.holdings.count(read_alias(alias)) for alias in ALIASES)
        names = self.generations.begin(self.definitions)
        logger.info("a rebuild of the index begins", indices=names)
        return {
            "phase": FILLING,
            "indices": names,
            "startedAt": now,
            "expected": expected,
            "documents": 0,
            "lost": 0,
            "refused": 0,
            "seconds": 0.0,
        }

    def _work(self, state: State, token: Any, left: Left) -> State:
        """Steps until the time is over or nothing remains to be done. The first is always done."""
        while state["phase"] in OPEN:
            began = self.clock.now()
            state = self._patiently(state, left)
            state["seconds"] = round(state["seconds"] + (self.clock.now() - began).total_seconds(), 3)
            token = self._save(state, token)
            if left() <= 0:
                break
        if state["phase"] not in OPEN:
            logger.info("a rebuild of the index ends", **{name: state[name] for name in ("phase", "documents", "lost")})
        self.meter.measure({"RebuildDocuments": state["documents"], "RebuildLost": state["lost"] + state["refused"]})
        return state

    def _save(self, state: State, token: Any) -> Any:
        return self.notes.save(STATE, state | {"at": self.clock.now().isoformat()}, token)

    def _patiently(self, state: State, left: Left) -> State:
        """A step, again after a pause if the index has too much to do: filling it is what keeps it busy.

        Raises:
            Unavailable: it did not recover.
        """
        for attempt in range(1, TRIES):
            try:
                return self._step(state, left)
            except Unavailable as error:
                pause = random.uniform(0.5, 1.0) * 2**attempt  # noqa: S311 - jitter, not a secret
                if left() < pause:
                    raise
                logger.warning("a step of the rebuild is tried again", attempt=attempt, detail=error.detail)
                self.pause(pause)
        return self._step(state, left)

    def _step(self, state: State, left: Left) -> State:
        if state["phase"] == FILLING:
            return self._fill(state)
        if state["phase"] == COMPARING:
            return self._compare(state, left)
        self.generations.switch()  # False: a step before this one did it and could not note it
        return state | {"phase": DONE, "endedAt": self.clock.now().isoformat()}

    def _fill(self, state: State) -> State:
        """Write the next portion of the catalogue into the new generation alone."""
        page = self.catalogue.page(after=state.get("after"), limit=PAGE)
        portion = portion_of(page, state.get("after"), state.get("node"), state.get("chunk", 0))
        filling = _Filling(self.artefacts, portion)
        refused = 0
        try:
            self.index.write(filling.documents(self.clock))
        except DocumentRefused as error:
            logger.error("the new index refuses documents", detail=error.detail)
            refused = 1
        state = state | {"after": portion.after, "node": portion.node, "chunk": portion.chunk}
        for name, value in (("documents", filling.written), ("lost", filling.lost), ("refused", refused)):
            state[name] += value
        if not portion.last:
            return state
        self.generations.open()
        return state | {"phase": COMPARING, "after": None, "node": None, "chunk": 0, "compared": asdict(Report())}

    def _compare(self, state: State, left: Left) -> State:
        """Compare the next page of the catalogue with the new generation, and write what is missing."""
        report, following, whole = self.comparison.page(state.get("after"), grace=timedelta(0), left=left)
        total = Report(**state["compared"]) + report
        state = state | {"compared": asdict(total)}
        if not whole:
            return state
        if following is not None:
            return state | {"after": following}
        # What was gone while the index was filled may have come back since: the comparison has the last word.
        state |= {"lost": total.lost, "refused": total.refused}
        if state.get("shadow"):
            return state | {"phase": SHADOW, "after": None}
        if total.beyond_repair and not state.get("acceptLoss"):
            logger.error("the new index lacks what cannot be repaired; it is not put to use", **asdict(total))
            return state | {"phase": BLOCKED, "after": None}
        return state | {"phase": SWITCHING, "after": None}


@dataclass(frozen=True)
class Portion:
    """What one step writes, and where the next one begins: after the node `after`, and of `node` with its chunk of that position.

    Attributes:
        nodes: entries whose own document is written.
        chunks: chunks that are written, with their entries.
    """

    nodes: tuple[Entry, ...]
    chunks: tuple[tuple[Entry, StoredChunk], ...]
    after: str | None
    node: str | None
    chunk: int
    last: bool


def portion_of(page: Page, after: str | None, node: str | None, chunk: int) -> Portion:
    """As much of the page after `after` as one step takes; of the entry `node` what begins with the chunk at that position."""
    nodes: list[Entry] = []
    chunks: list[tuple[Entry, StoredChunk]] = []
    records = 0
    for entry in page.entries:
        first = chunk if entry.node.id == node else 0
        if not first:
            if records >= RECORDS_AT_ONCE:
                return Portion(tuple(nodes), tuple(chunks), after, None, 0, last=False)
            nodes.append(entry)
        for position, one in enumerate(entry.chunks[first:], first):
            if records >= RECORDS_AT_ONCE:
                return Portion(tuple(nodes), tuple(chunks), after, entry.node.id, position, last=False)
            chunks.append((entry, one))
            records += one.total
        after = entry.node.id
    return Portion(tuple(nodes), tuple(chunks), page.next, None, 0, last=page.next is None)


@dataclass
class _Filling:
    """The documents of a portion, for the new generation alone; counts what became of them."""

    artefacts: ArtefactStore
    portion: Portion
    written: int = 0
    lost: int = 0

    def documents(self, clock: Clock) -> Iterator[Versioned]:
        now = clock.now()
        for entry in self.portion.nodes:
            if not forgotten(entry, now):
                yield self._for_next(domain.node_document(entry.node))
        for entry, chunk in self.portion.chunks:
            if not forgotten(entry, now):
                for document in self._records(entry, chunk):
                    yield self._for_next(document)

    def _records(self, entry: Entry, chunk: StoredChunk) -> Iterator[Versioned]:
        node = entry.node
        if node.deleted:  # a late write of before the deletion finds a tombstone here, too
            yield from (domain.record_tombstone(node, chunk.first_index + n) for n in range(chunk.total))
            return
        if not domain.shows_records(node):
            return
        try:
            yield from readable(self.artefacts, node, chunk.n, Stage[chunk.stage.upper()], chunk.artefact)
        except ArtefactLost:
            self.lost += 1

    def _for_next(self, document: Versioned) -> Versioned:
        self.written += 1
        return replace(document, alias=_NEXT[document.alias])
