"""Instrumented ports: every call is a boundary at which the process may die, before it or after it, or the call may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from leanda.errors import Unavailable

PORTS = {
    "nodes": ("get", "get_many", "insert", "apply", "publish", "children", "files_of", "below", "has_children"),
    "runs": ("get", "get_many", "insert", "apply", "publish", "overdue", "unindexed"),
    "records": ("insert", "page", "get"),
    "uploads": ("get", "insert", "apply", "publish", "overdue"),
    "blobs": ("get", "get_many", "insert", "apply", "publish", "sequencers"),
    "artefacts": ("put", "get"),
    "objects": ("head", "read", "store", "listing"),
    "broker": ("publish",),
    "index": ("write",),
    "letters": ("send",),
}


class Killed(BaseException):
    """kill -9: nothing between the boundary and the end of the invocation runs."""


class Boundaries:
    """Counts the calls of ports, and does at one of them what it is told.

    Args:
        at: the number of the boundary (each call has two: before and after), None to only count.
        how: `kill`, `refuse` (the call fails), `lose` (the call succeeds and its answer is lost).
    """

    def __init__(self, at: int | None = None, how: str = "kill") -> None:
        self.at, self.how = at, how
        self.passed = 0
        self.names: list[str] = []
        self.armed = True

    def wrap(self, owner: Any, port: str) -> None:
        """Instrument the methods of a port in place."""
        for method in PORTS[port]:
            if hasattr(owner, method):
                setattr(owner, method, self._instrumented(getattr(owner, method), f"{port}.{method}"))

    def _instrumented(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def instrumented(*arguments: Any, **named: Any) -> Any:
            self._boundary(f"before {name}", refuse=True)
            answer = call(*arguments, **named)
            if isinstance(answer, Iterator):
                answer = iter(list(answer))
            self._boundary(f"after {name}", refuse=False)
            return answer

        return instrumented

    def _boundary(self, name: str, *, refuse: bool) -> None:
        if not self.armed:
            return
        here, self.passed = self.passed, self.passed + 1
        self.names.append(name)
        if here != self.at:
            return
        self.armed = False  # the next life of the process is an ordinary one
        if self.how == "kill":
            raise Killed(name)
        if self.how == ("refuse" if refuse else "lose"):
            raise Unavailable(detail=f"planted: {name}")
        self.armed = True
        self.at = here + 1  # the other half of the same call
