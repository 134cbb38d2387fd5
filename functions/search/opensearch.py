"""Requests to OpenSearch by plain HTTP: five kinds of them need no client of 35 MB (docs/adr, "OpenSearch without its client")."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from pydantic_core import PydanticSerializationError, to_json

from leanda.errors import LeandaError, Unavailable

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 30.0
"""Longest silence: a full bulk takes a busy node seconds, and one that is given up too early is sent, and indexed, again."""
CAN_PASS: Final = frozenset({401, 403, 404, 408, 429})
"""Refusals that end without a change to the request: a role or an index that is about to exist, or too much load."""

_BAD_QUERY: Final = frozenset(
    {"too_many_clauses", "too_many_nested_clauses", "query_shard_exception", "parsing_exception"}
)

Sign = Callable[[str, str, bytes, dict[str, str]], dict[str, str]]


class Refused(LeandaError):
    """OpenSearch answered with an error that repeating does not cure."""

    code, summary = "INDEX_REFUSED", "The search index refused a request."

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail=detail)
        self.answered, self.kind = status, kind


class OpenSearch:
    """The REST API of OpenSearch 2 and 3.

    Args:
        sign: adds the headers of a signature (`sigv4`), or None for an index without login.
    """

    def __init__(self, url: str, *, sign: Sign | None = None, pool: urllib3.PoolManager | None = None) -> None:
        self._url, self._sign = url.rstrip("/"), sign
        self._pool = pool or urllib3.PoolManager(maxsize=4)

    def exists(self, path: str) -> bool:
        """Whether there is something.

        Raises:
            Unavailable: neither yes nor no was answered.
        """
        status, _ = self._request("HEAD", path, b"")
        if status not in {200, 404}:
            raise Unavailable(detail=f"OpenSearch answered {status} to HEAD {path}")
        return status == 200

    def get(self, path: str) -> dict[str, Any] | None:
        """What there is, or None.

        Raises:
            Unavailable, Refused: as `ask`.
        """
        status, answer = self._request("GET", path, b"")
        return None if status == 404 else _parsed(status, answer)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | bytes = b"") -> dict[str, Any]:
        """The answer to a request.

        Raises:
            Unavailable: it may succeed later as it is.
            Refused: it never will.
        """
        return _parsed(*self._request(method, path, body if isinstance(body, bytes) else encoded(body)))

    def _request(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        url = self._url + path
        headers = {"content-type": "application/x-ndjson" if path.startswith("/_bulk") else "application/json"}
        if self._sign:
            headers = self._sign(method, url, content, headers)
        try:
            reply = self._pool.request(
                method,
                url,
                body=content or None,
                headers=headers,
                redirect=False,
                # A connection that was closed while it was idle; every request here may be repeated.
                retries=urllib3.Retry(total=2, connect=1, read=1, other=0, status=0, redirect=0, allowed_methods=None),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(detail=f"OpenSearch: {error}") from error
        return reply.status, reply.data


def sigv4(credentials: Any, region: str) -> Sign:
    """Signs requests to a domain of Amazon OpenSearch Service.

    Args:
        credentials: botocore's, refreshed by itself.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    def sign(method: str, url: str, content: bytes, headers: dict[str, str]) -> dict[str, str]:
        request = AWSRequest(method, url, data=content, headers={**headers, "host": urlsplit(url).netloc})
        SigV4Auth(credentials.get_frozen_credentials(), "es", region).add_auth(request)
        return dict(request.headers.items())

    return sign


def encoded(value: Any) -> bytes:
    """JSON. The encoder of pydantic takes a third of the time, but refuses lone surrogates of a broken file."""
    try:
        return to_json(value)
    except (PydanticSerializationError, ValueError):
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _parsed(status: int, answer: bytes) -> dict[str, Any]:
    if status < 300:
        parsed: dict[str, Any] = json.loads(answer)
        return parsed
    text, kind = answer[:1000].decode("utf-8", "replace"), _kind_of(answer)
    if status >= 500 or status in CAN_PASS:
        # Bad input can be reported as a failure of all shards with status 500; its kind tells the truth.
        if kind in _BAD_QUERY:
            raise Refused(400, kind, text)
        raise Unavailable(detail=f"OpenSearch answered {status}: {text}")
    raise Refused(status, kind, f"OpenSearch answered {status}: {text}")


def _kind_of(answer: bytes) -> str:
    try:
        error = json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError):
        return ""
    causes = error.get("root_cause") if isinstance(error, dict) else None
    return str((causes or [error])[0].get("type", "")) if isinstance(error, dict) else ""
