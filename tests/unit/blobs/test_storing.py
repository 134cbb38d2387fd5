"""Objects that Leanda stores itself: whole or not at all, in parts when they are large; and reading a part of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.blobs.adapters import S3Objects
from functions.blobs.domain import MemberCorrupt
from leanda import limits

KEY = "uploads/f"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="originals")
        client.put_bucket_versioning(Bucket="originals", VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def objects(client: Any) -> S3Objects:
    return S3Objects(client, "originals")


def whole(objects: S3Objects, **part: Any) -> bytes:
    head = objects.head(KEY)
    assert head is not None
    return b"".join(objects.read(KEY, head.stored.version_id, **part))


@pytest.mark.parametrize(
    "blocks",
    [[], [b""], [b"abc", b"def"], [b"x" * limits.PART_BYTES], [b"y" * (limits.PART_BYTES - 1), b"ab", b"c" * 999]],
    ids=["nothing", "empty", "small", "one part", "two parts"],
)
def test_blocks_become_one_object(objects: S3Objects, blocks: list[bytes]) -> None:
    objects.store(KEY, blocks)
    assert whole(objects) == b"".join(blocks)


@pytest.mark.parametrize("before", [0, 1, 3])
def test_if_reading_ends_in_an_error_nothing_is_stored(objects: S3Objects, client: Any, before: int) -> None:
    def blocks() -> Iterator[bytes]:
        yield from (b"z" * limits.PART_BYTES for _ in range(before))
        yield b"the last ones"
        raise MemberCorrupt

    with pytest.raises(MemberCorrupt):
        objects.store(KEY, blocks())
    assert objects.head(KEY) is None
    assert not client.list_multipart_uploads(Bucket="originals").get("Uploads")


def test_a_part_of_an_object_is_read(objects: S3Objects) -> None:
    objects.store(KEY, [b"0123456789"])
    assert whole(objects, offset=3, limit=4) == b"3456"
    assert whole(objects, limit=2) == b"01"
    assert whole(objects, offset=8) == b"89"
    assert whole(objects, offset=3, limit=0) == b""
