"""Deployments that meet defects in good events, until they are mended: nothing is lost or given up, no event overtakes another."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from leanda.messaging.consumer import HALF_BATCH_MINIMUM, Consumer, Group
from leanda.messaging.records import records_of
from leanda.ports import Message
from tests.faults.model import check
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import TRIES, Simulator, world_of
from tests.faults.simulated.files import EXPECTED
from tests.faults.simulated.life import live

SEED = int(os.environ.get("LEANDA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
OFTEN = 0.2
LIVES = 6
"""Enough for every consumer to be met, and for events of one key to wait for each other."""


class Defect(Exception):
    """What nobody thought of."""


class SilentQueue(Simulator):
    """Some events meet a defect once in each consumer, and the queue of letters does not answer; it is mended when they come again.

    Attributes:
        waited: how often a later event of the same key was in the batch, and had to wait.
        overtaken: types of later events of the key that were handled all the same.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed, Boundaries())
        self.dice = random.Random(seed)
        self.waited, self.overtaken = 0, list[str]()
        self._known: set[tuple[str, str]] = set()
        self._bad: set[str] = set()
        self._defective: dict[str, int] = {}
        self.letters.down = True
        for consumers in self.instances:
            for consumer, _ in consumers:
                consumer.handle = self._meeting(consumer.name, consumer.handle)
                consumer.consume = self._mended(consumer.consume)  # type: ignore[method-assign]

    def _mended(self, consume: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def consumes(event: dict[str, Any], left: Callable[[], float]) -> dict[str, Any]:
            self._bad, self._defective = set(), {}
            answer = consume(event, left)
            self.waited += sum(one.offset > self._defective.get(one.key, one.offset) for one in records_of(event))
            return answer

        return consumes

    def _meeting(self, name: str, handle: Callable[[Group], None]) -> Callable[[Group], None]:
        def handles(group: Group) -> None:
            for one in group:
                if (name, one.event.id) not in self._known:
                    self._known.add((name, one.event.id))
                    if self.dice.random() < OFTEN:
                        self._bad.add(one.event.id)
            if any(one.event.id in self._bad for one in group):
                if len(group) == 1:
                    self._defective[group[0].record.key] = group[0].record.offset
                raise Defect
            self.overtaken += [one.event.type for one in group if one.record.key in self._defective]
            handle(group)

        return handles


def ends_well(cloud: Simulator, accepted: dict[str, str]) -> None:
    """As in an undisturbed run; no letter is open."""
    check(world_of(cloud), accepted, EXPECTED)


def test_what_can_be_neither_handled_nor_given_up_comes_again_before_what_follows_it() -> None:
    waited = 0
    for seed in range(SEED, SEED + LIVES):
        print(f"LEANDA_SEED={seed}")
        cloud = SilentQueue(seed)
        ends_well(cloud, live(cloud))
        assert cloud.overtaken == []
        waited += cloud.waited
    assert waited > 0


class BadDeployments(Simulator):
    """Whatever a consumer is given in its first batch of several keys meets a defect; then it is mended."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, Boundaries())
        self.mended: set[str] = set()

    def feed(self, consumer: Consumer, messages: list[Message], *, tries: int = TRIES) -> None:
        if consumer.name not in self.mended and len({message.key for message in messages}) >= HALF_BATCH_MINIMUM:
            self.mended.add(consumer.name)
            handle, consumer.handle = consumer.handle, _fails
            answer = consumer.consume(self._msk(messages), self.time_left)
            consumer.handle = handle
            first = self._offset - len(messages) + 1
            assert {failure["itemIdentifier"]["offset"] for failure in answer["batchItemFailures"]} == {first}
        super().feed(consumer, messages, tries=tries)


def _fails(group: Group) -> None:
    raise Defect


def test_a_bad_deployment_empties_no_topic_into_letters() -> None:
    met = set[str]()
    for seed in range(SEED, SEED + LIVES):
        print(f"LEANDA_SEED={seed}")
        cloud = BadDeployments(seed)
        ends_well(cloud, live(cloud))
        met |= cloud.mended
    assert len(met) >= 3, met
