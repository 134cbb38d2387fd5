"""Consumers of SQS: what can pass is waited for, what cannot is reported alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from leanda.errors import NotFound, Unavailable
from leanda.messaging.queue import RESERVE_SECONDS, queue_handler


@dataclass
class Invocation:
    """Lambda's context; time passes with `sleep`."""

    left: float = 60.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left * 1000)

    def sleep(self, seconds: float) -> None:
        self.left -= seconds


class Work:
    """Handles messages; fails as often as told."""

    def __init__(self, error: Exception | None = None, times: int = 0) -> None:
        self.error, self.times, self.seen = error, times, list[str]()

    def __call__(self, body: dict[str, Any]) -> None:
        self.seen.append(body["name"])
        if self.error is not None and body["name"] == "bad" and self.seen.count("bad") <= self.times:
            raise self.error


def answer(work: Work, invocation: Invocation | None, *names: str) -> list[str]:
    event = {"Records": [{"messageId": name, "body": json.dumps({"name": name})} for name in names]}
    handler = queue_handler(work, sleep=invocation.sleep if invocation else lambda _: None)
    return [failure["itemIdentifier"] for failure in handler(event, invocation)["batchItemFailures"]]


def test_a_failure_that_passes_is_waited_for() -> None:
    work, invocation = Work(Unavailable(), 5), Invocation()
    assert answer(work, invocation, "bad", "good") == []
    assert work.seen == ["bad"] * 6 + ["good"]
    assert invocation.left < 60


def test_waiting_ends_while_there_is_time_to_answer_and_the_others_are_still_tried() -> None:
    work, invocation = Work(Unavailable(), 1000), Invocation()
    assert answer(work, invocation, "bad", "good") == ["bad"]
    assert work.seen[-1] == "good"
    assert invocation.left > RESERVE_SECONDS - 1


def test_what_never_passes_is_reported_at_once() -> None:
    for error in (NotFound(), ValueError()):
        work = Work(error, 1000)
        assert answer(work, Invocation(), "good", "bad", "other") == ["bad"]
        assert work.seen == ["good", "bad", "other"]
