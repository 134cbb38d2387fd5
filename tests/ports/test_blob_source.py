"""One class for the fake and the real source of originals, which parsers read by range."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from functions.blobs.adapters import S3Objects
from leanda.discovery.blobs import BLOCK, DiscoveredBlobs
from leanda.discovery.client import Reply
from leanda.errors import NotFound, Unavailable
from leanda.ports import BlobSource
from local.cloud.aws import CloudEndpoint
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeBlobSource, FakeObjects
from tests.ports.buckets import s3_client, versioned_bucket

pytestmark = pytest.mark.integration
BODY = bytes(range(256)) * (BLOCK // 256) + b"behind a block"


@dataclass
class World:
    """A source, and how an original gets there; returns its blob id."""

    source: BlobSource
    keep: Callable[[bytes], str]


class Addresses:
    """The internal API of `blobs` without the hop: addresses as it makes them."""

    def __init__(self, objects: S3Objects) -> None:
        self.objects, self.versions, self.asked = objects, dict[str, str](), 0

    def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
        assert (service, method, body) == ("blobs", "GET", None)
        self.asked += 1
        blob_id = path.removeprefix("/api/v1/blobs/")
        if blob_id not in self.versions:
            raise NotFound
        url = self.objects.download_url(blob_id, self.versions[blob_id], name="a file.sdf")
        return Reply(307, {"location": url}, b"")

    def keep(self, body: bytes) -> str:
        key = uuid.uuid4().hex
        self.objects.store(key, [body])
        head = self.objects.head(key)
        assert head is not None
        self.versions[key] = head.stored.version_id
        return key


@pytest.fixture
def addresses(aws: CloudEndpoint) -> Addresses:
    s3 = s3_client(aws)
    return Addresses(S3Objects(s3, versioned_bucket(s3)))


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "real":
        services: Addresses = request.getfixturevalue("addresses")
        return World(DiscoveredBlobs(services), services.keep)
    objects, blobs = FakeObjects(FakeClock()), dict[str, dict[str, str]]()

    def keep(body: bytes) -> str:
        key, version, _ = objects.put(uuid.uuid4().hex, body)
        blobs[key] = {"key": key, "versionId": version}
        return key

    return World(FakeBlobSource(objects, blobs), keep)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, BODY),
        ({"offset": 5}, BODY[5:]),
        ({"offset": 5, "length": 7}, BODY[5:12]),
        ({"offset": len(BODY) - 3, "length": 9}, BODY[-3:]),
        ({"length": 0}, b""),
        ({"offset": len(BODY), "length": 1}, b""),
    ],
)
def test_a_range_is_what_it_says_in_blocks(world: World, which: dict[str, int], expected: bytes) -> None:
    blocks = list(world.source.blocks(world.keep(BODY), **which))
    assert b"".join(blocks) == expected
    assert all(0 < len(block) <= BLOCK for block in blocks)


def test_an_empty_original_has_no_blocks(world: World) -> None:
    assert list(world.source.blocks(world.keep(b""))) == []


def test_an_original_that_nobody_knows_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        list(world.source.blocks("unknown"))


def test_an_address_is_asked_for_once(addresses: Addresses) -> None:
    source, blob_id = DiscoveredBlobs(addresses), addresses.keep(BODY)
    for offset in range(3):
        assert next(source.blocks(blob_id, offset=offset, length=1)) == BODY[offset : offset + 1]
    assert addresses.asked == 1


def test_what_s3_refuses_is_waited_for(addresses: Addresses) -> None:
    blob_id = addresses.keep(BODY)
    addresses.versions[blob_id] = str(uuid.uuid4())
    with pytest.raises(Unavailable):
        list(DiscoveredBlobs(addresses).blocks(blob_id))
