"""Replays that operators have ordered: kept, done slice by slice in the background, shown, and stopped on demand.

States: Open → Done; or Failed, when the consumer did not take a slice several times; or Cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from functions.history.ports import ReplayJobs
from functions.history.replaying import Replaying, ReplayOrder
from leanda import ids
from leanda.changes import NOTHING, Change
from leanda.contracts.envelope import Origin
from leanda.errors import InvalidRequest, LeandaError, NotFound, RevisionConflict
from leanda.http.auth import Principal, require_operator
from leanda.messaging.direct import DELIVERY_SECONDS, Nudge
from leanda.observability import logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock
from leanda.times import rfc3339

TRIES: Final = 5
SLICE_SECONDS: Final = 3.0
LEASE: Final = timedelta(seconds=DELIVERY_SECONDS) + timedelta(minutes=5)
"""Longer than one slice may take: a delivery to the slowest consumer, and the pause that its rate asks for."""
PAUSE: Final = timedelta(minutes=1)
_NOBODY: Final = Origin(cause="replay", correlation_id="replay")

Job = dict[str, Any]


class ReplayState(StrEnum):
    OPEN = "Open"
    DONE = "Done"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


@dataclass(frozen=True)
class ReplayDesk:
    """What operators can do with replays. To who is no operator nothing of this is there: `NotFound`."""

    jobs: ReplayJobs
    replaying: Replaying
    nudge: Nudge
    clock: Clock

    def count(self, caller: Principal, order: ReplayOrder) -> dict[str, Any]:
        """What an order would deliver, by type; nothing is delivered. `next` is the `after` of an order that counts the rest."""
        require_operator(caller)
        counted = order.model_copy(update={"deliver": False})
        told = self.replaying.replay(counted, lambda: float("inf"))
        return {name: told[name] for name in ("matched", "next") if name in told}

    def order(self, caller: Principal, order: ReplayOrder) -> dict[str, Any]:
        """Have events delivered again in the background; `get` tells how far that is.

        Raises:
            InvalidRequest: no types are named.
        """
        require_operator(caller)
        if not order.types:
            raise InvalidRequest("Name the types of the events that are to be delivered.")
        order = order.model_copy(update={"deliver": True})
        job: Job = {
            "_id": ids.new_id(),
            "revision": 0,
            "state": ReplayState.OPEN.value,
            "order": order.model_dump(mode="json", by_alias=True, exclude={"after"}),
            "after": [order.after[0].isoformat(), order.after[1]] if order.after else None,
            "delivered": 0,
            "failures": 0,
            "requestedBy": caller.id,
            "createdAt": self.clock.now(),
            "dueAt": self.clock.now(),
        }
        self.jobs.insert(job, Change(), _NOBODY)
        self.nudge.now()
        return shown(job)

    def get(self, caller: Principal, job_id: str) -> dict[str, Any]:
        """How far a replay is."""
        require_operator(caller)
        return shown(self._job(job_id))

    def cancel(self, caller: Principal, job_id: str) -> dict[str, Any]:
        """Stop a replay after the slice that is under way; one that is over stays as it is."""
        require_operator(caller)
        deciding(lambda: self._cancel(self._job(job_id)))
        return shown(self._job(job_id))

    def _cancel(self, job: Job) -> None:
        if job["state"] == ReplayState.OPEN:
            self.jobs.apply(job, Change(set_={"state": ReplayState.CANCELLED.value}, unset=("dueAt",)), _NOBODY)

    def _job(self, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None:
            raise NotFound
        return job


@dataclass(frozen=True)
class ReplayWork:
    """The use case of `history.replay`. Two at a time do no harm: a slice is claimed before it is delivered."""

    jobs: ReplayJobs
    replaying: Replaying
    clock: Clock

    def work(self, remaining_seconds: Callable[[], float]) -> dict[str, int]:
        """Deliver slices of open replays as long as there is time."""
        counts = {"slices": 0, "delivered": 0}
        while remaining_seconds() > DELIVERY_SECONDS and (due := self.jobs.due(self.clock.now(), limit=1)):
            delivered = self._slice(due[0], remaining_seconds)
            if delivered is not None:
                counts = {"slices": counts["slices"] + 1, "delivered": counts["delivered"] + delivered}
        return counts

    def _slice(self, job: Job, remaining_seconds: Callable[[], float]) -> int | None:
        try:
            self.jobs.apply(job, Change(set_={"dueAt": self.clock.now() + LEASE}), _NOBODY)
        except RevisionConflict:  # somebody else has it, or it was cancelled
            return None
        order = slice_of(job)
        try:
            told = self.replaying.replay(order, remaining_seconds)
        except LeandaError as error:
            told = {"matched": {}, "delivered": 0, "problem": f"{error.code}: {error.message}"}
        logger.info("a slice was replayed", replay=job["_id"], delivered=told["delivered"], problem=told.get("problem"))
        deciding(lambda: self._note(job["_id"], order, told))
        return int(told["delivered"])

    def _note(self, job_id: str, order: ReplayOrder, told: dict[str, Any]) -> None:
        job = self.jobs.get(job_id)
        if job is not None:
            self.jobs.apply(job, noted(job, order, told, at=self.clock.now()), _NOBODY)


def slice_of(job: Job) -> ReplayOrder:
    """The next piece: what the rate allows in a few seconds, at least one event, at most what is left."""
    order = ReplayOrder.model_validate(job["order"] | {"after": job["after"]})
    wanted = max(1, int(order.per_second * SLICE_SECONDS))
    limit = min(wanted, order.limit - job["delivered"])
    return order.model_copy(update={"limit": limit, "batch_size": min(order.batch_size, limit)})


def noted(job: Job, order: ReplayOrder, told: dict[str, Any], *, at: datetime) -> Change:
    """Write down how a slice went. One that failed is tried again from where it stopped, after a pause, five times."""
    changed: Job = {"delivered": job["delivered"] + told["delivered"], "at": at, "problem": told.get("problem")}
    if told.get("next"):
        changed["after"] = told["next"]
    if job["state"] != ReplayState.OPEN:
        return Change(set_=changed) if told["delivered"] else NOTHING
    if told.get("problem"):
        failures = 1 if told["delivered"] else job["failures"] + 1
        changed |= {"failures": failures, "dueAt": at + PAUSE}
        ended = ReplayState.FAILED if failures >= TRIES else None
    else:
        changed |= {"failures": 0, "dueAt": at}
        over = told["delivered"] < order.limit or changed["delivered"] >= job["order"]["limit"]
        ended = ReplayState.DONE if over else None
    if ended is None:
        return Change(set_=changed)
    del changed["dueAt"]
    return Change(set_=changed | {"state": ended.value}, unset=("dueAt",))


def shown(job: Job) -> dict[str, Any]:
    """A replay as the API shows it. One that ended before all was delivered has `next`, the `after` of an order that goes on."""
    order = {name: value for name, value in job["order"].items() if name not in {"deliver", "batchSize"}}
    told = {"id": job["_id"], "state": job["state"], **order, "delivered": job["delivered"]}
    told |= {"problem": job.get("problem"), "createdAt": rfc3339(job["createdAt"])}
    told |= {"at": rfc3339(job["at"]) if job.get("at") else None}
    at_limit = job["delivered"] >= job["order"]["limit"]
    if at_limit or job["state"] in {ReplayState.FAILED, ReplayState.CANCELLED}:
        told["next"] = job["after"]
    return {name: value for name, value in told.items() if value not in (None, [])}
