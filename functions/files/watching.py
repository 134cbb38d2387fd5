"""The watchdog: runs without progress are helped on or ended; what cannot be found, or what a file did not hear, is said again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final

from functions.files import repeating
from functions.files import runs as rules
from functions.files.ports import Nodes, Runs
from leanda import limits
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.observability import correlated, logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock

AT_ONCE: Final = 100
RESERVE_SECONDS: Final = 15.0
_IN_ONE_WRITE: Final = limits.MAX_OUTBOX_ENTRIES // 2


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
            `told` to their file again because it does not show how they ended.

        Raises:
            Unavailable: the broker takes nothing. Nothing was counted; what waits is looked after the next time.
        """
        counts = {"repeated": 0, "closed": 0, "announced": 0, "told": 0}
        looks = (
            (self.runs.overdue, self._help_on),
            (self.runs.unindexed, self._announce),
            (self.runs.unheard, self._tell),
        )
        for due, look in looks:
            # Each look moves the moment at which a run is due, so nothing is met twice.
            while left() > RESERVE_SECONDS and (some := due(self.clock.now(), limit=AT_ONCE)):
                for run in some:
                    with correlated(run["correlationId"]):
                        counted = deciding(lambda key=run["_id"], look=look: look(key))  # type: ignore[misc]
                        self.runs.publish(run["_id"])
                    if counted:
                        counts[counted] += 1
        return counts

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
        change, messages = repeating.overdue(run, self.nodes.get(run["fileId"]), at=now)
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


def _of_announcement(run: dict[str, Any], node: dict[str, Any] | None) -> Origin:
    """Another time, or another place of the file, is another announcement."""
    placement = (node or {}).get("placement", 0)
    cause = f"watchdog:{run['_id']}:index:{placement}:{run.get('indexRepeats', 0)}"
    return Origin(cause=cause, correlation_id=run["correlationId"])
