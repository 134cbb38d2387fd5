"""One class for the fake and the real bucket of originals: what the use cases of `blobs` rely on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from functions.blobs.adapters import S3Objects
from functions.blobs.ports import Objects
from leanda import limits
from leanda.errors import NotFound
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeObjects
from tests.ports.buckets import s3_client, versioned_bucket

pytestmark = pytest.mark.integration


@dataclass
class World:
    """A bucket, and what somebody does who sends a part to the address that was made for it."""

    objects: Objects
    send: Callable[[dict[str, Any], bytes], None]

    def upload(self, key: str, *bodies: bytes) -> str:
        """A multipart upload that is not completed; returns its id."""
        upload_id = self.objects.start_parts(key)
        for url, body in zip(
            self.objects.part_urls(key, upload_id, list(range(1, len(bodies) + 1))), bodies, strict=True
        ):
            self.send(url, body)
        return upload_id

    def body(self, key: str, version_id: str | None = None, **which: int) -> bytes:
        head = self.objects.head(key, version_id)
        assert head is not None
        return b"".join(self.objects.read(key, head.stored.version_id, **which))


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        fake = FakeObjects(FakeClock())
        yield World(fake, lambda part, body: fake.send_part(part["url"], body))
        return
    s3 = s3_client(request.getfixturevalue("aws"))
    with httpx.Client(trust_env=False) as client:
        yield World(S3Objects(s3, versioned_bucket(s3)), lambda part, body: _put(client, part["url"], body))


def _put(client: httpx.Client, url: str, body: bytes) -> None:
    client.put(url, content=body).raise_for_status()


class TestVersions:
    def test_what_is_not_there_has_no_head(self, world: World) -> None:
        assert world.objects.head("uploads/f") is None
        world.objects.store("uploads/f", [b"one"])
        assert world.objects.head("uploads/f", str(uuid.uuid4())) is None

    def test_a_version_stays_when_another_one_comes(self, world: World) -> None:
        world.objects.store("uploads/f", [b"on", b"e"])
        first = world.objects.head("uploads/f")
        world.objects.store("uploads/f", [b"another"])
        latest = world.objects.head("uploads/f")
        assert first is not None
        assert latest is not None
        assert first.stored.version_id != latest.stored.version_id
        assert (first.stored.size, latest.stored.size) == (3, 7)
        assert world.body("uploads/f", first.stored.version_id) == b"one"
        assert world.body("uploads/f") == b"another"

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            ({}, b"0123456789"),
            ({"offset": 4}, b"456789"),
            ({"offset": 2, "limit": 3}, b"234"),
            ({"limit": 0}, b""),
            ({"offset": 10, "limit": 0}, b""),
            ({"offset": 8, "limit": 9}, b"89"),
        ],
    )
    def test_a_range_is_what_it_says(self, world: World, which: dict[str, int], expected: bytes) -> None:
        world.objects.store("uploads/f", [b"0123456789"])
        assert world.body("uploads/f", **which) == expected

    def test_an_empty_object_is_one(self, world: World) -> None:
        world.objects.store("uploads/f", [])
        assert world.body("uploads/f") == b""

    def test_who_reads_a_version_that_is_not_there_is_told(self, world: World) -> None:
        world.objects.store("uploads/f", [b"one"])
        with pytest.raises(NotFound):
            list(world.objects.read("uploads/f", str(uuid.uuid4())))

    def test_more_than_a_part_is_stored_as_one_object(self, world: World) -> None:
        body = bytes(range(256)) * (limits.PART_BYTES // 256) + b"the end"
        half = len(body) // 2
        world.objects.store("uploads/f", [body[:half], body[half:]])
        assert world.body("uploads/f") == body

    @pytest.mark.parametrize("size", [1, limits.PART_BYTES + 1], ids=["small", "in parts"])
    def test_nothing_is_stored_of_what_cannot_be_read_to_its_end(self, world: World, size: int) -> None:
        def blocks() -> Iterator[bytes]:
            yield b"x" * size
            raise EOFError

        with pytest.raises(EOFError):
            world.objects.store("uploads/f", blocks())
        assert world.objects.head("uploads/f") is None


class TestListing:
    def test_it_has_the_latest_version_of_each_by_key_below_the_prefix(self, world: World) -> None:
        for key in ("inbox/b", "inbox/a", "uploads/c", "inbox/b"):
            world.objects.store(key, [key.encode()])
        latest = world.objects.head("inbox/b")
        listing = world.objects.listing("inbox/", after=None)
        assert [found.key for found in listing.objects] == ["inbox/a", "inbox/b"]
        assert latest is not None
        assert (listing.objects[1].version_id, listing.next) == (latest.stored.version_id, None)

    def test_it_goes_on_behind_a_place(self, world: World) -> None:
        for key in ("inbox/a", "inbox/b", "inbox/c"):
            world.objects.store(key, [b"x"])
        first = world.objects.listing("inbox/", after=None).objects[0]
        rest = world.objects.listing("inbox/", after=(first.key, first.version_id))
        assert [found.key for found in rest.objects] == ["inbox/b", "inbox/c"]


class TestParts:
    PART = b"p" * (5 << 20)
    """Smaller ones S3 accepts as the last one only."""

    def test_they_become_one_object_in_the_order_of_their_numbers(self, world: World) -> None:
        upload_id = world.upload("uploads/f", self.PART, b"end")
        arrived = world.objects.parts("uploads/f", upload_id)
        assert arrived is not None
        assert [(part.number, part.size) for part in arrived] == [(1, len(self.PART)), (2, 3)]
        assert world.objects.head("uploads/f") is None
        world.objects.complete("uploads/f", upload_id, arrived[::-1])
        assert world.body("uploads/f") == self.PART + b"end"

    def test_a_part_that_is_sent_again_replaces_the_first_one(self, world: World) -> None:
        upload_id = world.upload("uploads/f", b"first")
        world.send(world.objects.part_urls("uploads/f", upload_id, [1])[0], b"again")
        world.objects.complete("uploads/f", upload_id, world.objects.parts("uploads/f", upload_id) or [])
        assert world.body("uploads/f") == b"again"

    def test_completing_again_and_aborting_then_change_nothing(self, world: World) -> None:
        upload_id = world.upload("uploads/f", b"one")
        arrived = world.objects.parts("uploads/f", upload_id) or []
        world.objects.complete("uploads/f", upload_id, arrived)
        before = world.objects.head("uploads/f")
        world.objects.complete("uploads/f", upload_id, arrived)
        world.objects.abort("uploads/f", upload_id)
        assert world.objects.parts("uploads/f", upload_id) is None
        assert world.objects.head("uploads/f") == before

    def test_an_upload_that_is_aborted_is_not_known_any_more(self, world: World) -> None:
        upload_id = world.upload("uploads/f", b"one")
        world.objects.abort("uploads/f", upload_id)
        world.objects.abort("uploads/f", upload_id)
        assert world.objects.parts("uploads/f", upload_id) is None
        assert world.objects.head("uploads/f") is None

    def test_an_upload_without_parts_has_none(self, world: World) -> None:
        assert world.objects.parts("uploads/f", world.objects.start_parts("uploads/f")) == []
