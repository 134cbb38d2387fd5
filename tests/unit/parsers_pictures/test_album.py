"""Pictures that are kept: the album in memory and the one in S3 do the same."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from functions.parsers.pictures.adapters import S3Album
from functions.parsers.pictures.domain import PNG, SVG
from functions.parsers.pictures.ports import Album
from leanda.errors import Unavailable
from tests.fakes.pictures import MemoryAlbum

BUCKET = "leanda-test-artefacts"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Album]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", config=Config(signature_version="s3v4"))
        client.create_bucket(Bucket=BUCKET)
        yield S3Album(client, BUCKET)


@pytest.fixture(params=["memory", "s3"])
def album(request: pytest.FixtureRequest) -> Album:
    return MemoryAlbum() if request.param == "memory" else request.getfixturevalue("s3")


class TestAlbum:
    def test_it_gives_back_what_was_put(self, album: Album) -> None:
        album.put("f/1/0-1.svg", b"<svg/>", media_type=SVG)
        assert album.get("f/1/0-1.svg") == b"<svg/>"
        assert album.has("f/1/0-1.svg")

    def test_what_was_never_put_is_absent(self, album: Album) -> None:
        assert album.get("f/1/0-1.svg") is None
        assert not album.has("f/1/0-1.svg")

    def test_putting_again_changes_the_picture(self, album: Album) -> None:
        for picture in (b"one", b"two"):
            album.put("f/1/0-1.png", picture, media_type=PNG)
        assert album.get("f/1/0-1.png") == b"two"

    def test_it_has_an_address_for_each(self, album: Album) -> None:
        one, other = (album.url(key, media_type=PNG) for key in ("f/1/0-1.png", "f/1/1-1.png"))
        assert one != other


def test_an_address_says_type_and_life_and_stays_in_the_prefix(s3: S3Album) -> None:
    found = urlsplit(s3.url("f/1/0-1.png", media_type=PNG))
    assert found.path.endswith("/pictures/f/1/0-1.png")
    query = parse_qs(found.query)
    assert query["response-content-type"] == ["image/png"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_a_storage_that_refuses_is_unavailable_not_empty(s3: S3Album) -> None:
    elsewhere = S3Album(s3._client, "leanda-other")
    for ask in (
        lambda: elsewhere.get("x"),
        lambda: elsewhere.put("x", b"", media_type=SVG),
    ):
        with pytest.raises(Unavailable):
            ask()
