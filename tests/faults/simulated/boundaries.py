"""Instrumented ports: every call is a boundary at which the process may die, before it or after it, or the call may fail."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from functions.blobs import ports as blobs
from functions.files import ports as files
from functions.search.ports import Authority, Catalogue, Generations, Holdings, Meter, Notes, SearchIndex
from leanda.errors import Unavailable
from leanda.messaging.letters import DeadLetterQueue
from leanda.persistence.aggregates import Aggregates
from leanda.ports import ArtefactStore, BlobSource, Publisher

PORTS: dict[str, tuple[type, ...]] = {
    "nodes": (files.Nodes,),
    "runs": (files.Runs,),
    "records": (files.Records,),
    "uploads": (blobs.Uploads,),
    "blobs": (blobs.Blobs,),
    "artefacts": (ArtefactStore, files.Leftovers),
    "sweeps": (Aggregates,),
    "objects": (blobs.Objects,),
    "source": (BlobSource,),
    "hop": (files.Blobs,),
    "broker": (Publisher,),
    "index": (SearchIndex,),
    "authority": (Authority,),
    "notes": (Notes,),
    "catalogue": (Catalogue,),
    "holdings": (Holdings,),
    "generations": (Generations,),
    "meter": (Meter,),
    "letters": (DeadLetterQueue,),
}
"""The pipeline's ports, by their names there. Every method of their protocols is a boundary."""
FAULTS = ("kill", "refuse", "lose")


def suits(how: str, name: str) -> bool:
    """Whether a fault can happen at a boundary: a call is refused before it has happened, and its answer is lost after that."""
    return not name.startswith({"refuse": "after", "lose": "before"}.get(how, "never"))


def methods(protocols: Iterable[type]) -> list[str]:
    """What can be called of ports."""
    return sorted({name for protocol in protocols for name in dir(protocol) if not name.startswith("_")})


class Killed(BaseException):
    """kill -9: nothing between the boundary and the end of the invocation runs."""


class Boundaries:
    """Counts the calls of ports, and does at one of them what it is told.

    Args:
        at: the number of the boundary (each call has two: before and after), None to only count.
        how: `kill`, `refuse` (the call fails), `lose` (the call succeeds and its answer is lost), `sleep` (the caller is paused
            there while `meanwhile` runs, and goes on with what it knew). Where it does not suit, nothing happens.
    """

    def __init__(self, at: int | None = None, how: str = "kill") -> None:
        self.at, self.how = at, how
        self.passed = 0
        self.names: list[str] = []
        self.armed = True
        self.meanwhile: Callable[[], None] = lambda: None

    def wrap(self, owner: Any, port: str) -> None:
        """Instrument the methods of a port in place."""
        for method in methods(PORTS[port]):
            setattr(owner, method, self._instrumented(getattr(owner, method), f"{port}.{method}"))

    def _instrumented(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        before, after = f"before {name}", f"after {name}"

        def instrumented(*arguments: Any, **named: Any) -> Any:
            self._boundary(before)
            answer = call(*arguments, **named)
            if isinstance(answer, Iterator):
                answer = iter(list(answer))
            self._boundary(after)
            return answer

        return instrumented

    def _boundary(self, name: str) -> None:
        if not self.armed:
            return
        here, self.passed = self.passed, self.passed + 1
        self._note(name)
        if not self._due(here, name):
            return
        self._happened()
        if self.how == "sleep":
            self.meanwhile()
        elif self.how == "kill":
            raise Killed(name)
        else:
            raise Unavailable(detail=f"planted: {name}")

    def _note(self, name: str) -> None:
        self.names.append(name)

    def suiting(self, how: str) -> list[int]:
        """The numbers of the boundaries passed at which such a fault can happen."""
        return [number for number, name in enumerate(self.names) if suits(how, name)]

    def _due(self, here: int, name: str) -> bool:
        return here == self.at and suits(self.how, name)

    def _happened(self) -> None:
        self.armed = False  # the next life of the process is an ordinary one


class RandomFaults(Boundaries):
    """Faults of every kind again and again, each boundary with the same small chance."""

    def __init__(self, seed: int, chance: float, kinds: tuple[str, ...] = FAULTS) -> None:
        super().__init__()
        self.happened, self.chance, self._kinds, self._dice = 0, chance, kinds, random.Random(seed)

    def _note(self, name: str) -> None:
        """A million names would be kept for nothing."""

    def _due(self, here: int, name: str) -> bool:
        if self._dice.random() >= self.chance:
            return False
        self.how = self._dice.choice([how for how in self._kinds if suits(how, name)])
        return True

    def _happened(self) -> None:
        self.happened += 1
