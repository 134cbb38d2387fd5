"""The simulated cloud: the real handlers on fakes, several instances of each, and topics in disorder."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from functions.history.domain import Entry, entry_of
from functions.parsers.bundle.parser import parser as bundle
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.handling import Parser
from functions.parsers.tabular.parser import parser as tabular
from leanda.contracts.envelope import Event, Origin
from leanda.errors import Conflict, NotFound, Unavailable
from leanda.guard import Guard
from leanda.messaging.consumer import Consumer
from leanda.ports import Message
from tests.fakes.guard import InProcessGuard
from tests.fakes.pipeline import USER, Pipeline
from tests.faults.model import World
from tests.faults.simulated.boundaries import PORTS, Boundaries, Killed

WINDOW = 100
"""So far may an event be from its place in its topic."""
INSTANCES = 3
TRIES = 60


class Simulator(Pipeline):
    """A pipeline whose port calls pass boundaries; what is published is delivered window by window.

    Args:
        copies: how often each event is delivered.
        window: events that may change places; None for all that wait.
        parsers: those whose files the lives have, unless said otherwise.
        guard: where they read; in this process, unless said otherwise.
    """

    def __init__(
        self,
        seed: int,
        boundaries: Boundaries,
        *,
        copies: int = 1,
        window: int | None = None,
        parsers: Sequence[Parser] | None = None,
        guard: Guard | None = None,
    ) -> None:
        read = list(parsers or (chemical(), tabular(), bundle(), generic()))
        super().__init__(read, guard or InProcessGuard(), seed=seed, copies=copies)
        self.death, self.boundaries, self.window = Killed, boundaries, window
        self.instances = [self.consumers, *(self._consumers() for _ in range(INSTANCES - 1))]
        self.delivered = 0
        self._pending: list[Message] = []
        self._under_way: tuple[Consumer, list[Message]] | None = None
        for port in PORTS:
            boundaries.wrap(getattr(self, port), port)

    def deliver(self, rounds: int = 1_000_000) -> None:
        """Deliver everything that was published and what follows from it, at most so many batches of it."""
        for _ in range(rounds):
            self._receive()
            fresh, self._read = self.broker.sent[self._read :], len(self.broker.sent)
            self._pending += [message for message in fresh for _ in range(self.copies)]
            if not self._pending:
                return
            near = self._pending[: self.window]
            size = min(len(near), self.random.randint(1, 7))
            places = self.random.sample(range(len(near)), size)
            batch = [near[place] for place in places]
            for place in sorted(places, reverse=True):
                del self._pending[place]
            self.deliver_messages(batch)

    def deliver_messages(self, messages: list[Message]) -> None:
        """Deliver exactly these as one batch, each consumer in one of its instances."""
        for number, (consumer, types) in enumerate(self.consumers):
            wanted = [one for one in messages if self._wanted(consumer, types, one)]
            self.feed(self.random.choice(self.instances)[number][0], wanted)

    def feed(self, consumer: Consumer, messages: list[Message], *, tries: int = TRIES) -> None:
        before, self._under_way = self._under_way, (consumer, list(messages))
        self.delivered += len(messages)
        super().feed(consumer, messages, tries=tries)
        self._under_way = before

    def life_goes_on(self) -> None:
        """What happens while an owner sleeps: another one gets its batch, and everything else goes on."""
        if self._under_way is not None:
            self.feed(*self._under_way)
        self.deliver()


def world_of(cloud: Pipeline) -> World:
    """What the fakes hold."""
    return World(
        nodes=cloud.nodes.documents,
        runs=cloud.runs.documents,
        records=cloud.records.documents,
        uploads=cloud.uploads.documents,
        blobs=cloud.blobs.documents,
        events=[json.loads(message.body) for message in cloud.broker.sent],
        log=[_entry(message) for message in {one.event_id: one for one in reversed(cloud.broker.sent)}.values()],
        indexed_nodes=cloud.index.shown("leanda-nodes-write"),
        indexed_records=cloud.index.shown("leanda-records-write"),
        letters=[f"{letter.consumer}: {letter.code} {letter.detail}" for letter in cloud.letters.letters],
        now=cloud.clock.now(),
    )


def _entry(message: Message) -> Entry:
    event, body = Event.from_bytes(message.body), message.body.decode()
    return entry_of(event, topic=message.topic, partition=0, offset=0, body=body, key=message.key)


def until_done(step: Callable[[], Any]) -> Any:
    """What a client or a queue does: repeat until there is an answer. An earlier try may have done it already."""
    for attempt in range(TRIES):
        try:
            return step()
        except (Killed, Unavailable):
            continue
        except (Conflict, NotFound):
            if attempt:
                return None
            raise
    raise AssertionError("no try came through")


def origin(cause: str) -> Origin:
    """A request of the user."""
    return Origin(cause=cause, correlation_id="correlation-1", user_id=USER)


def shuffled[T](items: Sequence[T], seed: int) -> list[T]:
    return random.Random(seed).sample(items, len(items))
