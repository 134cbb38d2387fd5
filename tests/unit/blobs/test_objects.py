"""Addresses that are signed for others: exactly one object version, as an attachment, for a limited time and size."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from functions.blobs.adapters import S3Objects


@pytest.fixture
def objects() -> S3Objects:
    client = boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="not-a-secret",
        config=Config(signature_version="s3v4"),
    )
    return S3Objects(client, "originals")


def policy(post: dict[str, Any]) -> list[Any]:
    found: list[Any] = json.loads(base64.b64decode(post["fields"]["policy"]))["conditions"]
    return found


def test_a_download_is_of_one_version_and_never_shown_by_a_browser(objects: S3Objects) -> None:
    query = parse_qs(urlsplit(objects.download_url("uploads/f", "v7", name='röt"e.sdf')).query)
    assert query["versionId"] == ["v7"]
    assert query["response-content-type"] == ["application/octet-stream"]
    (disposition,) = query["response-content-disposition"]
    assert disposition == "attachment; filename=\"r_t_e.sdf\"; filename*=UTF-8''r%C3%B6t%22e.sdf"
    assert 0 < int(query["X-Amz-Expires"][0]) <= 3600


def test_a_post_is_for_one_key_and_exactly_the_announced_size_and_checksum(objects: S3Objects) -> None:
    post = objects.post("uploads/f", size=12, sha256="ab" * 32)
    assert ["content-length-range", 12, 12] in policy(post)
    assert {"key": "uploads/f"} in policy(post)
    assert {"x-amz-checksum-sha256": base64.b64encode(bytes.fromhex("ab" * 32)).decode()} in policy(post)
