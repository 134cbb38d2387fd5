"""Removes what runs left behind that are not shown any more: their records and artefacts. Their documents stay, as history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from functions.files import runs as rules
from functions.files.ports import Leftovers, Nodes, Records, Runs
from leanda import ids
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.observability import correlated, logger
from leanda.persistence.aggregates import deciding, each_due
from leanda.ports import Clock

AT_ONCE: Final = 100
RECORDS_AT_ONCE: Final = 2_000
RESERVE_SECONDS: Final = 20.0


class _TimeOver(Exception):
    """The rest is for the next time: everything that was removed is gone, and the run is still due."""


@dataclass(frozen=True)
class Tidying:
    """The use case of `files.tidy`. Repeating it, or two at a time, change nothing twice."""

    nodes: Nodes
    runs: Runs
    records: Records
    artefacts: Leftovers
    clock: Clock

    def tidy(self, left: Callable[[], float] = lambda: float("inf")) -> dict[str, int]:
        """Look at all runs that are due, as long as there is time (seconds left).

        Returns:
            how many runs were `retired`, and how many `records` and `artefacts` of theirs were removed; and how many looks
            `failed`: they are tried again the next time, and hold nobody up.
        """
        done = {"retired": 0, "records": 0, "artefacts": 0, "failed": 0}
        for run in each_due(self._due, lambda: left() > RESERVE_SECONDS):
            with correlated(run["correlationId"]):
                try:
                    self._look_at(run, done, left)
                except _TimeOver:
                    logger.info("the rest is for the next time")
                except Exception:  # a silent engine, or a defect that this run meets; the others have an owner too
                    logger.exception("what a run left behind cannot be removed", run=run["_id"])
                    done["failed"] += 1
        return done

    def _due(self) -> list[dict[str, Any]]:
        return self.runs.untidy(self.clock.now(), limit=AT_ONCE)

    def _look_at(self, run: dict[str, Any], done: dict[str, int], left: Callable[[], float]) -> None:
        node = self.nodes.get(run["fileId"])
        for number in rules.left_behind(run, node["activeRun"]) if node else ():
            self._retire(run["fileId"], number, done, left)

        def looked_at() -> None:
            now = self.runs.get(run["_id"])
            if now and now.get("tidyAt") == run["tidyAt"]:  # else it was reopened, and ends again later
                self.runs.apply(now, Change(unset=("tidyAt",)), _origin(run))

        deciding(looked_at)

    def _retire(self, file_id: str, number: int, done: dict[str, int], left: Callable[[], float]) -> None:
        """Say first that nothing of the run will be there, so that nobody reopens it; then remove it."""
        key = ids.run_key(file_id, number)

        def say() -> bool:
            run = self.runs.get(key)
            if run is None or not rules.ended(run):
                return False
            if "retiredAt" not in run:
                self.runs.apply(run, Change(set_={"retiredAt": self.clock.now()}), _origin(run))
                done["retired"] += 1
            return True

        if not deciding(say):
            return
        while True:
            if left() < RESERVE_SECONDS:
                raise _TimeOver
            removed = self.records.remove(file_id, number, limit=RECORDS_AT_ONCE)
            done["records"] += removed
            if not removed:
                break
        done["artefacts"] += self.artefacts.remove(file_id, number)
        logger.info("a run that is not shown any more is removed", run=key)


def _origin(run: dict[str, Any]) -> Origin:
    return Origin(cause=f"tidy:{run['_id']}", correlation_id=run["correlationId"])
