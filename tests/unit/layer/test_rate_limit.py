"""The limit per user, with and without a cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from leanda.cache import ValkeyCache
from leanda.errors import NotFound
from leanda.http.app import http_handler, reply, rest_api
from leanda.http.rate_limit import RateLimiter


class FakeCache:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self.values[key] = value

    def count(self, keys: Sequence[str], *, seconds: int) -> list[int] | None:
        self.counts[keys[0]] = self.counts.get(keys[0], 0) + 1
        return [self.counts.get(key, 0) for key in keys]


def test_a_user_may_send_as_many_as_the_limit_and_others_are_not_concerned() -> None:
    limiter = RateLimiter(FakeCache(), limit=3, now=lambda: 600.0)
    assert [limiter.allow("a").exceeded for _ in range(4)] == [False, False, False, True]
    assert not limiter.allow("b").exceeded


def test_the_last_minute_counts_as_far_as_it_overlaps() -> None:
    at = [600.0]
    limiter = RateLimiter(FakeCache(), limit=10, now=lambda: at[0])
    for _ in range(10):
        limiter.allow("a")
    at[0] = 660.0 + 30.0  # half of the last minute still overlaps: five are taken
    assert [limiter.allow("a").exceeded for _ in range(6)] == [False] * 5 + [True]
    at[0] = 660.0 + 150.0
    assert not limiter.allow("a").exceeded


def test_without_a_cache_a_sandbox_allows_a_tenth() -> None:
    limiter = RateLimiter(None, limit=20, now=lambda: 600.0)
    assert [limiter.allow("a").exceeded for _ in range(3)] == [False, False, True]


def test_a_cache_that_does_not_answer_is_left_alone_and_costs_one_attempt() -> None:
    at = [0.0]
    cache = ValkeyCache("redis://127.0.0.1:9/0", now=lambda: at[0])
    assert cache.count(["a"], seconds=1) is None
    cache._client = None
    cache._url = "not a url"
    assert cache.get("a") is None, "it rests: the broken address is not even looked at"


def call(limit: int, times: int) -> list[dict[str, Any]]:
    app = rest_api()

    @app.get("/v1/thing")
    def thing() -> Any:
        return reply({"a": 1})

    @app.get("/v1/absent")
    def absent() -> Any:
        raise NotFound

    handler = http_handler(app, lambda: RateLimiter(FakeCache(), limit=limit, now=lambda: 600.0))
    event = {
        "httpMethod": "GET",
        "path": "/v1/thing",
        "headers": {},
        "requestContext": {"authorizer": {"claims": {"sub": "a"}}},
    }
    return [handler(event, None) for _ in range(times)]


def test_the_api_answers_429_as_a_problem_with_the_time_to_wait() -> None:
    good, refused = call(1, 2)
    assert good["statusCode"] == 200
    assert refused["statusCode"] == 429
    assert json.loads(refused["body"])["code"] == "RATE_LIMITED"
    assert refused["headers"]["retry-after"] == "60"
    assert refused["headers"]["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "name", ["ratelimit-limit", "ratelimit-remaining", "x-correlation-id", "x-content-type-options"]
)
def test_every_answer_carries_what_clients_steer_by(name: str) -> None:
    (answer,) = call(5, 1)
    assert name in answer.get("multiValueHeaders", answer.get("headers"))
