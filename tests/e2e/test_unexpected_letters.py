"""The last of the end-to-end tests: of all that was uploaded before, nobody gave up on anything but the tests' poison."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.cloud import Cloud
from tests.topics import Topics

pytestmark = pytest.mark.integration


def test_no_consumer_gave_up_on_an_event_of_a_good_or_bad_file(cloud: Cloud) -> None:
    Topics(cloud).settle()
    letters = [letter for letter in cloud.letters() if not _is_poison(letter)]
    assert [(letter["consumer"], letter["code"], letter["message"], letter["stack"][-600:]) for letter in letters] == []


def test_no_batch_was_given_up_by_its_mapping(cloud: Cloud) -> None:
    listed = cloud.aws.client("s3").list_objects_v2(Bucket=cloud.outputs["failuresBucket"])
    assert [found["Key"] for found in listed.get("Contents", [])] == []


def test_no_notification_of_an_upload_was_given_up(cloud: Cloud) -> None:
    sqs = cloud.aws.client("sqs")
    queues = [url for url in sqs.list_queues()["QueueUrls"] if "upload" in url.rpartition("/")[2]]
    assert queues
    for url in queues:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0", url


def _is_poison(letter: dict[str, Any]) -> bool:
    text = letter["envelope"]
    value = base64.b64decode(text) if letter.get("encoding") == "base64" else text.encode()
    return value == b"" or b"poison" in value
