"""The last of the end-to-end tests: of all that was uploaded before, nobody gave up on anything but the tests' poison."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.cloud import Cloud
from tests.topics import Topics

pytestmark = pytest.mark.integration


def test_no_consumer_gave_up_on_an_event_of_a_good_or_bad_file(cloud: Cloud) -> None:
    """Letters, batches that a mapping gave up and uploads that nobody took: all of them are collected."""
    Topics(cloud).settle()
    letters = [letter for letter in cloud.letters() if not _is_poison(letter)]
    assert [
        (letter["consumer"], letter["code"], letter["message"], letter.get("stack", "")[-600:]) for letter in letters
    ] == []


def _is_poison(letter: dict[str, Any]) -> bool:
    text = letter["envelope"]
    value = base64.b64decode(text) if letter.get("encoding") == "base64" else text.encode()
    return value == b"" or b"poison" in value
