"""Engines go away under load and come back: nothing acknowledged is lost, nothing is doubled, and nobody storms the door."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from tests.cloud import Cloud, Person
from tests.faults.files import EXPECTED
from tests.faults.model import check
from tests.faults.running.index_proxy import IndexProxy, index_behind_proxy
from tests.faults.running.load import Load
from tests.faults.running.parts import without
from tests.faults.running.rest import drain, world_of

pytestmark = pytest.mark.integration

long = [pytest.mark.long, pytest.mark.timeout(3600)]
REST_SECONDS = 420.0
"""Until all is at rest, and as much again for each ten seconds that engines were gone: more was uploaded meanwhile, and an index
that refuses much of each bulk is slow on a busy machine."""
STORM = 3.0
"""Calls may be at most so many times those that the same work needs on a calm day."""


@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=long)])
def test_kafka_is_gone_under_load(seconds: float, cloud: Cloud) -> None:
    person = cloud.person("kafka")
    with Load(person, cloud.seed, most=_uploads(seconds)) as load:
        load_for(2)
        with without(cloud, "kafka"):
            load_for(seconds)
            during = len(load.accepted)
        load_for(2)
    drain(cloud, load.accepted, seconds=REST_SECONDS * (1 + seconds / 10))
    check(world_of(cloud, person.id), load.accepted, EXPECTED)
    assert during, "uploads were accepted while the broker was gone"


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=long)])
def test_store_and_index_are_gone_and_the_index_takes_only_some_items(seconds: float, cloud: Cloud) -> None:
    with index_behind_proxy(cloud) as proxy:
        calm = _calls_needed(cloud, cloud.person("calm"), proxy, lambda: load_for(4), seconds)
        proxy.share = 0.3

        def trouble() -> None:
            load_for(2)
            with without(cloud, "opensearch", "document-store"):
                load_for(seconds)
            load_for(2 + seconds)  # somebody has to come while the index is there, to be refused now and then

        troubled = _calls_needed(cloud, cloud.person("store"), proxy, trouble, seconds)
    print(f"calm {calm}, troubled {troubled}")
    for what, count in troubled.items():
        assert count <= STORM * calm[what], f"{what}: {count}, calm {calm[what]}"


def load_for(seconds: float) -> None:
    """Give the load so much time."""
    time.sleep(seconds)


def _uploads(seconds: float) -> int:
    """Of each of two threads, while engines are gone for so long."""
    return int(10 + 4 * seconds)


def _calls_needed(
    cloud: Cloud, person: Person, proxy: IndexProxy, what: Callable[[], None], seconds: float
) -> dict[str, float]:
    """Bulk items per document of the index, and invocations per file; of accepted files, all of which end as they should."""
    items, invocations = proxy.items, _invocations(cloud)
    with Load(person, cloud.seed, most=_uploads(seconds)) as load:
        what()
    drain(cloud, load.accepted, seconds=REST_SECONDS * (1 + seconds / 10))
    check(world_of(cloud, person.id), load.accepted, EXPECTED)
    documents = sum(1 + EXPECTED[name][1] for name in load.accepted.values())
    return {
        "bulk items per document": (proxy.items - items) / documents,
        "invocations per file": (_invocations(cloud) - invocations) / len(load.accepted),
    }


def _invocations(cloud: Cloud) -> int:
    """Of all Kafka consumers, since the poller started."""
    groups = httpx.get(cloud.outputs["pollerUrl"], timeout=30, trust_env=False).json()
    return sum(group["invocations"] for group in groups.values())
