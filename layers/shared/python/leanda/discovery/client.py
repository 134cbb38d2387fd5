"""The client of internal APIs: discovered address, role identity, backoff with jitter, a retry budget and a deadline. Depth one."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import urllib3

from leanda.discovery.identity import HEADER, identity_token
from leanda.errors import Forbidden, LeandaError, NotFound, Unauthorized, Unavailable
from leanda.observability import correlation_id

CACHE_SECONDS: Final = 30.0
TOKEN_SECONDS: Final = 120.0
TRIES: Final = 4
CONNECT_SECONDS: Final = 3.0
CALL_SECONDS: Final = 12.0
"""A call with all its tries; whoever asks on behalf of a waiting user must still be able to answer."""
RETRY_BUDGET: Final = 0.2
"""Retries may make up this share of all calls (plus a few), so that a struggling service is not finished off by its clients."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class ServiceClient(Protocol):
    def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
        """One request to an internal API; redirects come back as they are.

        Raises:
            NotFound, Forbidden, Unauthorized: what the service said.
            Unavailable: no healthy instance, or no good answer within the tries and `CALL_SECONDS`.
        """
        ...


class DiscoveredService:
    """`ServiceClient` over Cloud Map and the internal load balancer.

    Args:
        session: boto3 session, whose role is the identity.
    """

    def __init__(
        self,
        session: Any,
        namespace: str,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session, self._namespace, self._now, self._sleep = session, namespace, now, sleep
        self._map = session.client("servicediscovery")
        self._sts_url = session.client("sts").meta.endpoint_url
        self._pool = urllib3.PoolManager(maxsize=4)
        self._addresses: dict[str, tuple[list[str], float]] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._calls, self._retries = 0, 0

    def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
        problem: LeandaError = Unavailable(detail=f"{service}: not called")
        self._calls += 1
        until = self._now() + CALL_SECONDS
        for attempt in range(TRIES):
            if attempt:
                if self._retries > 5 + RETRY_BUDGET * self._calls or self._now() >= until:
                    break
                self._retries += 1
                self._sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - jitter, not a secret
            try:
                return self._once(service, method, path, body, until=until)
            except Unavailable as error:
                problem = error
                self._addresses.pop(service, None)  # the instance may be gone: ask again
        raise problem

    def _once(self, service: str, method: str, path: str, body: Any | None, *, until: float) -> Reply:
        url = random.choice(self._healthy(service)).rstrip("/") + path  # noqa: S311
        headers = {HEADER: self._token(service), "x-correlation-id": correlation_id(), "accept": "application/json"}
        content = None
        if body is not None:
            content, headers["content-type"] = json.dumps(body).encode(), "application/json"
        left = max(0.1, until - self._now())
        try:
            reply = self._pool.request(
                method,
                url,
                body=content,
                headers=headers,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=left),
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(detail=f"{service}: {error}") from error
        if reply.status in {429, 502, 503, 504} or reply.status >= 500:
            raise Unavailable(detail=f"{service} answered {reply.status}")
        if reply.status >= 400:
            raise _refusal(reply.status, service, reply.data)
        return Reply(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.data)

    def _healthy(self, service: str) -> list[str]:
        found, until = self._addresses.get(service, ([], 0.0))
        if found and until > self._now():
            return found
        try:
            answer = self._map.discover_instances(
                NamespaceName=self._namespace, ServiceName=service, HealthStatus="HEALTHY"
            )
        except Exception as error:
            raise Unavailable(detail=f"Cloud Map: {error}") from error
        found = [instance["Attributes"]["url"] for instance in answer["Instances"] if "url" in instance["Attributes"]]
        if not found:
            raise Unavailable(detail=f"no healthy instance of {service}")
        self._addresses[service] = (found, self._now() + CACHE_SECONDS)
        return found

    def _token(self, audience: str) -> str:
        token, until = self._tokens.get(audience, ("", 0.0))
        if not token or until < self._now():
            token = identity_token(
                self._session, sts_url=self._sts_url, region=self._session.region_name, audience=audience
            )
            self._tokens[audience] = (token, self._now() + TOKEN_SECONDS)
        return token


def _refusal(status: int, service: str, body: bytes) -> LeandaError:
    detail = f"{service} answered {status}: {body[:300].decode('utf-8', 'replace')}"
    kind = {401: Unauthorized, 403: Forbidden, 404: NotFound}.get(status)
    return kind(detail=detail) if kind else LeandaError(f"{service} refused the call.", detail=detail)
