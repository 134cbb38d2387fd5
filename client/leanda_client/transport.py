"""Requests to the API: token, correlation, problems, and retries where waiting helps."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from leanda_client.auth import TokenProvider
from leanda_client.errors import Unreachable, problem_of

TRIES: Final = 6
MAX_WAIT_SECONDS: Final = 60.0
"""The longest wait that is obeyed: limits of requests count by the minute."""
TIMEOUT: Final = httpx.Timeout(30, connect=10)
_BUSY: Final = frozenset({429, 503})
_GATEWAY: Final = frozenset({502, 504})
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Waiting:
    """How long to wait before the next try: what the server asks for, else exponential with full jitter.

    Args:
        sleep, jitter: for tests; `jitter(a, b)` is a number between both.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.sleep, self._jitter = sleep, jitter

    def before_retry(self, attempt: int, asked: float | None = None) -> None:
        """Wait after the try number `attempt` (0-based). Jitter comes on top of what was asked, never below it."""
        backoff = self._jitter(0.0, min(MAX_WAIT_SECONDS, 0.25 * 2**attempt))
        self.sleep(backoff if asked is None else asked + min(backoff, 1.0))


class Api:
    """One API behind one base URL. Thread-safe; redirects come back as they are.

    Args:
        url: ends in `/api/v1`.
    """

    def __init__(
        self,
        url: str,
        tokens: TokenProvider,
        *,
        trust_env: bool = False,
        transport: httpx.BaseTransport | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._tokens, self._waiting = tokens, waiting or Waiting()
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=trust_env, transport=transport, follow_redirects=False)

    def close(self) -> None:
        self._http.close()
        self._tokens.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The body of a good answer."""
        return self.send(method, path, **options).json()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A good answer (below 400).

        Retries 429 and 503 (the API promises that nothing was done), and what got no answer or a gateway's error if the
        request may be repeated. A 401 renews the token once.

        Raises:
            LeandaProblem: any other answer, or the last one after six tries.
            Unreachable: no answer.
        """
        repeatable = method in _REPEATABLE or "idempotency-key" in {name.lower() for name in headers or {}}
        given = {name: value for name, value in (params or {}).items() if value is not None}
        renewed, attempt = False, 0
        token = self._tokens.token()
        while True:
            last = attempt >= TRIES - 1
            response: httpx.Response | None = None
            sent = {"authorization": f"Bearer {token}", "accept": "application/json", **(headers or {})}
            try:
                response = self._http.request(method, self.url + path, json=body, params=given, headers=sent)
            except httpx.ConnectError as error:
                if last or attempt >= 2:
                    raise Unreachable(f"Nothing answers at {self.url}: {error}") from error
            except httpx.TransportError as error:
                if last or not repeatable:
                    raise Unreachable(f"{self.url} did not answer: {type(error).__name__} {error}".rstrip()) from error
            if response is not None:
                if response.status_code < 400:
                    return response
                if response.status_code == 401 and not renewed:
                    renewed, other = True, self._tokens.renew(token)
                    if other is not None and other != token:
                        token = other
                        continue
                waits = response.status_code in _BUSY or (repeatable and response.status_code in _GATEWAY)
                if last or not waits:
                    raise problem_of(response)
            asked = retry_after(response) if response is not None else None
            if response is not None and asked is not None and asked > MAX_WAIT_SECONDS:
                raise problem_of(response)
            self._waiting.before_retry(attempt, asked)
            attempt += 1


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, section 10.2.3: seconds or a date)."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
