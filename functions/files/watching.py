"""The watchdog: runs without progress are helped on or ended; what nobody found, heard or answered is said again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import batched
from typing import Any, Final

from functions.files import domain, repeating
from functions.files import runs as rules
from functions.files.ports import Nodes, Runs
from leanda import limits, telling
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import RunState
from leanda.observability import correlated, logger
from leanda.persistence.aggregates import Aggregates, deciding, each_due
from leanda.ports import Clock

AT_ONCE: Final = 100
RESERVE_SECONDS: Final = 15.0
_IN_ONE_WRITE: Final = limits.MAX_OUTBOX_ENTRIES // 2

type _Due = Callable[..., list[dict[str, Any]]]
type _Look = Callable[[str], str | None]


@dataclass(frozen=True)
class Watchdog:
    """The use case of `files.watchdog`. Its power is a guarded update of a run; two at a time do no harm."""

    nodes: Nodes
    runs: Runs
    clock: Clock

    def look_after(self, left: Callable[[], float] = lambda: float("inf")) -> dict[str, int]:
        """Look after all runs that are due, as long as there is time (seconds left).

        Returns:
            how many runs were `repeated` (something of them was said again), `closed`, `announced` to the index again, and
            `told` to their file again because it does not show how they ended; for how many files bytes were `asked` for
            again, of which nothing was heard; and how many looks `failed`: they are tried again the next time, and hold nobody up.

        Raises:
            Unavailable: the store does not even tell which runs are due.
        """
        counts = {"repeated": 0, "closed": 0, "announced": 0, "told": 0, "asked": 0, "failed": 0}
        looks: tuple[tuple[_Due, _Look], ...] = (
            (self.runs.overdue, self._help_on),
            (self.runs.unindexed, self._announce),
            (self.runs.unheard, self._tell),
        )
        for due, look in looks:
            for run in each_due(partial(self._those, due), lambda: left() > RESERVE_SECONDS):
                with correlated(run["correlationId"]):
                    done = self._done(look, self.runs, run["_id"])
                if done:
                    counts[done] += 1
        for node in each_due(partial(self._those, self.nodes.untold), lambda: left() > RESERVE_SECONDS):
            with correlated(node["told"]["origin"]["correlation_id"]):
                done = self._done(self._ask, self.nodes, node["_id"])
            if done:
                counts[done] += 1
        return counts

    def _those(self, due: _Due) -> list[dict[str, Any]]:
        return due(self.clock.now(), limit=AT_ONCE)

    def _done(self, look: _Look, of: Aggregates, key: str) -> str | None:
        try:
            done = deciding(lambda: look(key))
            of.publish(key)
        except Exception:  # a silent engine, or a defect that this one meets; the others have an owner too
            logger.exception("a run or a file cannot be looked after", of=key)
            return "failed"
        return done

    def _help_on(self, key: str) -> str | None:
        run, now = self.runs.get(key), self.clock.now()
        if run is None or run.get("deadline", now) >= now:
            return None
        if rules.ended(run):  # a mark that came while it was ended has set the deadline again
            self.runs.apply(run, Change(unset=("deadline",)), Origin(cause=key, correlation_id=run["correlationId"]))
            return None
        # What no broker took was not said. So nothing counts, and nothing is ended, until it has taken all that waits.
        self.nodes.publish(run["fileId"])
        self.runs.publish(key)
        # A parser's queue holds the runs of its kind; all later ones hold everybody's.
        further = (self.runs.further(RunState(run["state"]), kind=kind) for kind in (run["kind"], None))
        queued = any(rules.is_queued(run, one, at=now) for one in further)
        change, messages = repeating.overdue(run, self.nodes.get(run["fileId"]), queued=queued, at=now)
        origin = Origin(cause=f"watchdog:{key}:{run['revision']}", correlation_id=run["correlationId"])
        for some in batched(messages, _IN_ONE_WRITE, strict=False):
            self.runs.apply(run, Change(again=some, guarded=False), origin)
            self.runs.publish(key)
        self.runs.apply(run, change, origin)
        closed = "state" in change.set_
        logger.warning("a run makes no progress", run=key, state=run["state"], repeated=len(messages), closed=closed)
        return "closed" if closed else ("repeated" if messages else None)

    def _announce(self, key: str) -> str | None:
        run, now = self.runs.get(key), self.clock.now()
        if run is None or run.get("indexBy", now) >= now:
            return None
        node = self.nodes.get(run["fileId"])
        change, facts = repeating.unindexed(run, node, at=now)
        first, *rest = [*batched(facts, _IN_ONE_WRITE, strict=False)] or [()]
        origin = _of_announcement(run, node)
        self.runs.apply(run, Change(set_=change.set_, unset=change.unset, emit=first), origin)
        for some in rest:
            self.runs.publish(key)
            self.runs.apply(run, Change(emit=some, guarded=False), origin)
        if facts:
            logger.warning("stored records are not in the index", run=key, chunks=len(facts))
        return "announced" if facts else None

    def _tell(self, key: str) -> str | None:
        run, now = self.runs.get(key), self.clock.now()
        if run is None or run.get("heardBy", now) >= now:
            return None
        change = repeating.unheard(run, self.nodes.get(run["fileId"]), at=now)
        self.runs.apply(run, change, Origin(cause=f"watchdog:{key}:told", correlation_id=run["correlationId"]))
        if change.emit:
            logger.warning("a file does not show how its run ended", run=key, state=run["state"])
        return "told" if change.emit else None

    def _ask(self, key: str) -> str | None:
        node, now = self.nodes.get(key), self.clock.now()
        if node is None or "told" not in node or node["tellAt"] >= now:
            return None
        self.nodes.publish(key)  # what no broker took was not asked, and does not count
        last = telling.is_last(node)
        change = domain.never_answered(node, at=now) if last else telling.again(node, source="files", at=now)
        self.nodes.apply(node, change, Origin.model_validate(node["told"]["origin"]))
        logger.warning("nothing was heard of a file's bytes", file=key, type=node["told"]["type"], ended=last)
        return "asked"


def _of_announcement(run: dict[str, Any], node: dict[str, Any] | None) -> Origin:
    """Another time, or another place of the file, is another announcement."""
    placement = (node or {}).get("placement", 0)
    cause = f"watchdog:{run['_id']}:index:{placement}:{run.get('indexRepeats', 0)}"
    return Origin(cause=cause, correlation_id=run["correlationId"])
