"""`search` on OpenSearch, and its authority from `files`.

OpenSearch is spoken to by plain HTTP: five requests need no client of 35 MB (docs/adr, "OpenSearch without its client").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched
from typing import Any, Final
from urllib.parse import quote, urlsplit

import urllib3

from functions.search.errors import DocumentRefused, QueryRefused
from functions.search.mappings import IndexDefinition
from functions.search.ports import NodeFacts, Versioned
from leanda import limits
from leanda.discovery.client import ServiceClient
from leanda.errors import LeandaError, Unavailable
from leanda.observability import logger

MAX_BULK_BYTES: Final = 5 * limits.MIB
"""Amazon OpenSearch Service takes 10 MiB on small instances, and advises 3 to 5 MiB a bulk."""
MAX_AUTHORITY_IDS: Final = 100
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 30.0
_CAN_PASS: Final = frozenset({401, 403, 404, 408, 429})
"""Refusals that end without a change to the request: a role or an index that is about to exist, or too much load."""

# Encoded as a signature needs it: an index that checks one encodes again what it received.
_BULK: Final = "/_bulk?filter_path=" + quote("errors,items.*.status,items.*.error,items.*._id", safe="")

Sign = Callable[[str, str, bytes, dict[str, str]], dict[str, str]]


class Refused(LeandaError):
    """OpenSearch answered with an error that repeating does not cure."""

    code, summary = "INDEX_REFUSED", "The search index refused a request."

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail=detail)
        self.answered, self.kind = status, kind


class OpenSearchIndex:
    """`SearchIndex` over the REST API of OpenSearch 2 and 3.

    Args:
        sign: adds the headers of a signature (`sigv4`), or None for an index without login.
    """

    def __init__(
        self,
        url: str,
        *,
        sign: Sign | None = None,
        max_bulk_bytes: int = MAX_BULK_BYTES,
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._url, self._sign, self._max_bulk_bytes = url.rstrip("/"), sign, max_bulk_bytes
        self._pool = pool or urllib3.PoolManager(maxsize=4)

    def ensure(self, definition: IndexDefinition) -> None:
        if self._exists(f"/_alias/{definition.write_alias}"):
            # A rebuilt index may have a later generation: what the alias names is the one in use.
            mapping = {"properties": definition.body["mappings"]["properties"]}
            self._json("PUT", f"/{definition.write_alias}/_mapping", mapping)
            return
        try:
            self._json("PUT", f"/{definition.index}", definition.body)
        except Refused as error:
            if error.kind != "resource_already_exists_exception":
                raise
            aliases = {"actions": [_alias_action(definition, *item) for item in definition.body["aliases"].items()]}
            self._json("POST", "/_aliases", aliases)

    def write(self, documents: Iterable[Versioned]) -> None:
        refused: list[str] = []
        for body in self._bodies(documents):
            answer = self._json("POST", _BULK, body)
            if answer.get("errors"):
                refused += _refused_items(answer["items"])
        if refused:
            raise DocumentRefused(detail=f"{len(refused)} documents: {'; '.join(refused[:5])}"[:2000])

    def search(self, aliases: tuple[str, ...], body: Mapping[str, Any], *, preference: str) -> dict[str, Any]:
        path = f"/{','.join(aliases)}/_search?preference={quote(preference, safe='')}"
        try:
            answer = self._json("POST", path, body)
        except Refused as error:
            if error.answered != 400:
                raise
            logger.warning("a search was refused", detail=error.detail)
            raise QueryRefused(detail=error.detail) from error
        if answer.get("timed_out") or answer["_shards"]["failed"]:
            raise Unavailable(detail=f"OpenSearch: an incomplete answer: {answer['_shards']}"[:1000])
        return answer

    def _bodies(self, documents: Iterable[Versioned]) -> Iterator[bytes]:
        """NDJSON of index actions; a body holds as many whole documents as fit, and at least one."""
        lines: list[bytes] = []
        size = 0
        for one in documents:
            # Without `require_alias` a domain would make up an index, and its mapping, for a write that comes before set-up.
            action = {"_index": one.alias, "_id": one.id, "require_alias": True}
            version = {"version": one.version, "version_type": "external"}
            row = _encoded({"index": action | version}) + b"\n" + _encoded(one.document) + b"\n"
            if lines and size + len(row) > self._max_bulk_bytes:
                yield b"".join(lines)
                lines, size = [], 0
            lines.append(row)
            size += len(row)
        if lines:
            yield b"".join(lines)

    def _exists(self, path: str) -> bool:
        status, _ = self._request("HEAD", path, b"")
        if status not in {200, 404}:
            raise Unavailable(detail=f"OpenSearch answered {status} to HEAD {path}")
        return status == 200

    def _json(self, method: str, path: str, body: Mapping[str, Any] | bytes) -> dict[str, Any]:
        content = body if isinstance(body, bytes) else _encoded(body)
        status, answer = self._request(method, path, content)
        if status < 300:
            parsed: dict[str, Any] = json.loads(answer)
            return parsed
        text = answer[:1000].decode("utf-8", "replace")
        kind = _kind_of(answer)
        if status >= 500 or status in _CAN_PASS:
            # Bad input can be reported as a failure of all shards with status 500; its kind tells the truth.
            if kind in _BAD_QUERY:
                raise Refused(400, kind, text)
            raise Unavailable(detail=f"OpenSearch answered {status}: {text}")
        raise Refused(status, kind, f"OpenSearch answered {status}: {text}")

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
                timeout=urllib3.Timeout(_CONNECT_SECONDS, _READ_SECONDS),
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(detail=f"OpenSearch: {error}") from error
        return reply.status, reply.data


_BAD_QUERY: Final = frozenset(
    {"too_many_clauses", "too_many_nested_clauses", "query_shard_exception", "parsing_exception"}
)


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


class FilesAuthority:
    """`Authority` over the internal API of `files`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    def of(self, node_ids: Iterable[str]) -> dict[str, NodeFacts]:
        found: dict[str, NodeFacts] = {}
        for some in batched(node_ids, MAX_AUTHORITY_IDS, strict=False):
            reply = self._services.call("files", "POST", "/api/v1/internal/files/authority", {"fileIds": list(some)})
            found |= {item["id"]: facts_of(item) for item in reply.json()["items"]}
        return found


def facts_of(item: Mapping[str, Any]) -> NodeFacts:
    """One item of the answer of `files`."""
    return NodeFacts(
        id=item["id"],
        type=item["type"],
        owner_id=item["ownerId"],
        grants=item.get("grants") or {},
        deleted=bool(item["deleted"]),
        placement=int(item["placement"]),
        revision=int(item["revision"]),
        active_run=int(item.get("activeRun") or 0),
        total=int((item.get("counts") or {}).get("total", 0)),
        shown=item,
    )


def _encoded(value: Any) -> bytes:
    # ASCII keeps lone surrogates of a broken file out of UTF-8; NaN has no JSON form and must not get this far.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _alias_action(definition: IndexDefinition, alias: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"add": {"index": definition.index, "alias": alias, **options}}


def _refused_items(items: list[dict[str, Any]]) -> list[str]:
    """What the index can never take. Version conflicts are the index being further already.

    Raises:
        Unavailable: an item was not taken right now.
    """
    refused = []
    for item in items:
        result = item["index"]
        status = result["status"]
        if status < 300 or status == 409:
            continue
        if status >= 500 or status in _CAN_PASS:
            raise Unavailable(detail=f"OpenSearch: item {result.get('_id')}: {json.dumps(result.get('error'))[:500]}")
        refused.append(f"{result.get('_id')}: {json.dumps(result.get('error'))[:500]}")
    return refused


def _kind_of(answer: bytes) -> str:
    try:
        error = json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError):
        return ""
    causes = error.get("root_cause") if isinstance(error, dict) else None
    return str((causes or [error])[0].get("type", "")) if isinstance(error, dict) else ""
