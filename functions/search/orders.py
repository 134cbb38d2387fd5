"""What operators and schedules may ask of `rebuild` and `reconcile`."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from functions.search.rebuilding import Rebuild
from functions.search.reconciling import GRACE, Left, Reconciler

Seconds = Annotated[float, Field(ge=0)]


class _Order(BaseModel):
    # A schedule's event has members of its own.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    seconds: Seconds | None = Field(default=None, description="Time to spend; default: what the invocation has.")


class RebuildOrder(_Order):
    """`start` begins, or goes on with what was begun; `tick` goes on if nobody else does, and is what a schedule means.

    `shadow` begins a generation that is filled by a replay of the log, or compares it.
    """

    action: Literal["tick", "start", "continue", "shadow", "abandon", "status"] = "tick"
    accept_loss: bool = False


class ReconcileOrder(_Order):
    """`go-on` takes the next piece of the round; `look` begins after the id `after` and leaves the round alone."""

    action: Literal["go-on", "look", "status"] = "go-on"
    after: str | None = None
    grace_seconds: Seconds = GRACE.total_seconds()


def rebuild(order: RebuildOrder, remaining: float, work: Rebuild) -> dict[str, Any]:
    """Do as ordered.

    Args:
        remaining: seconds that the invocation may use.
    """
    left = _left(order.seconds, remaining)
    if order.action == "status":
        return work.status()
    if order.action == "abandon":
        return work.abandon()
    if order.action == "shadow":
        return work.shadow(left=left)
    if order.action == "start":
        return work.start(left=left, accept_loss=order.accept_loss)
    return work.go_on(left=left) if order.action == "continue" else work.tick(left=left)


def reconcile(order: ReconcileOrder, remaining: float, work: Reconciler) -> dict[str, Any]:
    """Do as ordered; arguments as for `rebuild`."""
    if order.action == "status":
        return work.status()
    left, grace = _left(order.seconds, remaining), timedelta(seconds=order.grace_seconds)
    if order.action == "look":
        return work.look(after=order.after, left=left, grace=grace)
    return work.go_on(left=left, grace=grace)


def _left(seconds: float | None, remaining: float) -> Left:
    until = time.monotonic() + (remaining if seconds is None else min(seconds, remaining))
    return lambda: until - time.monotonic()
