"""Events that nobody can handle, among good ones and as a whole partition: every good file is done, every poison is a letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from leanda.contracts.topics import RECORD_EVENTS
from tests.cloud import Cloud, Person, eventually
from tests.faults.files import FILES
from tests.faults.model import check
from tests.faults.running.poison import CONSUMERS, EVENTS_OF_A_FILE, publish_poison
from tests.faults.running.rest import drain, world_of
from tests.topics import Topics

pytestmark = pytest.mark.integration

GOOD = "drugs.smi"
MANY = 40


@pytest.mark.parametrize("files", [17, pytest.param(400, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_one_poison_event_in_a_hundred_costs_nobody_else_anything(files: int, cloud: Cloud) -> None:
    topics, person, poisons = Topics(cloud), cloud.person("poison"), list[str]()
    every = 100 // EVENTS_OF_A_FILE

    def work(number: int) -> str:
        if number % every == 0:
            poisons.append(publish_poison(topics))
        return _upload(person)

    with ThreadPoolExecutor(2) as pool:
        accepted = dict.fromkeys(pool.map(work, range(files)), GOOD)
    _all_are_done(cloud, person, accepted)
    assert len(poisons) >= files // every
    _each_is_one_letter(cloud, poisons)


def test_a_partition_of_nothing_but_poison_costs_nobody_else_anything(cloud: Cloud) -> None:
    topics, person = Topics(cloud), cloud.person("partition")
    partition = cloud.seed % RECORD_EVENTS.partitions
    poisons = [publish_poison(topics, partition=partition) for _ in range(MANY)]
    with ThreadPoolExecutor(2) as pool:
        accepted = dict.fromkeys(pool.map(lambda _: _upload(person), range(12)), GOOD)
    _all_are_done(cloud, person, accepted)
    _each_is_one_letter(cloud, poisons)


def _upload(person: Person) -> str:
    return person.upload(GOOD, FILES[GOOD].body)


def _all_are_done(cloud: Cloud, person: Person, accepted: dict[str, str]) -> None:
    drain(cloud, accepted)
    check(world_of(cloud, person.id), accepted, {GOOD: FILES[GOOD].outcome})


def _each_is_one_letter(cloud: Cloud, poisons: Iterable[str]) -> None:
    expected = Counter((poison, consumer) for poison in poisons for consumer in CONSUMERS)

    def look() -> bool:
        return Counter(_about(cloud, expected)) == expected

    eventually(look, "each consumer has one letter for each poison")


def _about(cloud: Cloud, wanted: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    found = [(letter.get("eventId", ""), letter["consumer"]) for letter in cloud.letters(code="EVENT_MALFORMED")]
    poisons = {poison for poison, _ in wanted}
    return [one for one in found if one[0] in poisons]
