"""`search` on OpenSearch: writing and searching; and its authority from `files`."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import batched
from typing import Any, Final
from urllib.parse import quote

import urllib3

from functions.search.errors import DocumentRefused, QueryRefused
from functions.search.holdings import seen_by
from functions.search.mappings import (
    ALIASES,
    RECORDS,
    STATE_BODY,
    STATE_INDEX,
    IndexDefinition,
    next_alias,
    write_alias,
)
from functions.search.opensearch import CAN_PASS, OpenSearch, Refused, Sign, encoded
from functions.search.ports import Entry, NodeFacts, Page, Seen, StoredChunk, Versioned
from leanda import limits
from leanda.discovery.client import ServiceClient
from leanda.errors import Unavailable
from leanda.observability import logger

MAX_BULK_BYTES: Final = 3 * limits.MIB
"""Amazon OpenSearch Service takes 10 MiB on small instances, and advises 3 to 5 MiB a bulk."""
BODIES_AT_ONCE: Final = 2
"""Bodies that one writer may have on their way, beside the one that it makes."""
ITEMS_AGAIN_SECONDS: Final = 0.1
"""Pause before the items that an index did not take, of a body of which it took others, are sent again."""
STALLED_TRIES: Final = 3
"""One try is not enough for the last few items: sending all again because of them would cost more than two more tries."""
MAX_AUTHORITY_IDS: Final = 100
MISSING: Final = "index_not_found_exception"

# Encoded as a signature needs it: an index that checks one encodes again what it received. An index whose shards are not there
# yet tells it of each item before this client stops waiting: by itself it would hold a request for a minute.
_BULK: Final = (
    "/_bulk?filter_path=" + quote("errors,items.*.status,items.*.error,items.*._id", safe="") + "&timeout=15s"
)
_NEXT: Final = {write_alias(alias): next_alias(alias) for alias in ALIASES}


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
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server, self._max_bulk_bytes = OpenSearch(url, sign=sign, pool=pool), max_bulk_bytes
        self._sleep = sleep

    def ensure(self, definition: IndexDefinition) -> None:
        if self.server.exists(f"/_alias/{definition.write_alias}"):
            # A rebuilt index may have a later generation: what the aliases name is what is in use, or will be soon.
            mapping = {"properties": definition.body["mappings"]["properties"]}
            for alias in (definition.write_alias, next_alias(definition.alias)):
                if alias == definition.write_alias or self.server.exists(f"/_alias/{alias}"):
                    self.server.ask("PUT", f"/{alias}/_mapping", mapping)
            return
        try:
            self.server.ask("PUT", f"/{definition.index}", definition.body)
        except Refused as error:
            if error.kind != "resource_already_exists_exception":
                raise
            aliases = {"actions": [_alias_action(definition, *item) for item in definition.body["aliases"].items()]}
            self.server.ask("POST", "/_aliases", aliases)

    def ensure_state(self) -> None:
        """Make the index of `Notes`; nothing when it is there."""
        try:
            self.server.ask("PUT", f"/{STATE_INDEX}", STATE_BODY)
        except Refused as error:
            if error.kind != "resource_already_exists_exception":
                raise

    def write(self, documents: Iterable[Versioned]) -> None:
        refused: list[str] = []
        sent: deque[Future[list[str]]] = deque()
        # While bodies are on their way the next one is made; a single body, as most are, needs no second thread.
        with ThreadPoolExecutor(BODIES_AT_ONCE) as senders:
            kept: _Body | None = None
            for body in self._bodies(documents):
                if kept is not None:
                    if len(sent) == BODIES_AT_ONCE:
                        refused += sent.popleft().result()
                    sent.append(senders.submit(self._send, kept))
                kept = body
            if kept is not None:
                refused += self._send(kept)
            for each in sent:
                refused += each.result()
        if refused:
            raise DocumentRefused(detail=f"{len(refused)} documents: {'; '.join(refused[:5])}"[:2000])

    def search(self, aliases: tuple[str, ...], body: Mapping[str, Any], *, preference: str) -> dict[str, Any]:
        path = f"/{','.join(aliases)}/_search?preference={quote(preference, safe='')}"
        try:
            answer = self.server.ask("POST", path, body)
        except Refused as error:
            if error.answered != 400:
                raise
            logger.warning("a search was refused", detail=error.detail)
            raise QueryRefused(detail=error.detail) from error
        if answer.get("timed_out") or answer["_shards"]["failed"]:
            raise Unavailable(detail=f"OpenSearch: an incomplete answer: {answer['_shards']}"[:1000])
        return answer

    def living(self, file_ids: Collection[str], *, stage: int | None = None) -> Iterator[Seen]:
        alias = write_alias(RECORDS)
        self.server.ask("POST", f"/{alias}/_refresh")
        for some in batched(file_ids, MAX_AUTHORITY_IDS, strict=False):
            wanted: list[dict[str, Any]] = [{"terms": {"fileId": list(some)}}]
            if stage is not None:
                wanted.append({"term": {"stage": stage}})
            yield from seen_by(self.server, alias, {"bool": {"filter": wanted}})

    def _bodies(self, documents: Iterable[Versioned]) -> Iterator[_Body]:
        """NDJSON of index actions; a body holds as many whole documents as fit, and at least one."""
        rows: list[_Row] = []
        size, both = 0, None
        for one in documents:
            if both is None and one.alias in _NEXT:
                # Asked now: the facts behind the documents are known already, so that what is built beside this index and does
                # not exist yet will be filled with these facts or newer ones.
                both = self.server.exists(f"/_alias/{next_alias(RECORDS)}")
            content = encoded(one.document)
            row = _action(one, one.alias) + b"\n" + content + b"\n"
            twice = bool(both) and one.alias in _NEXT
            if twice:
                row += _action(one, _NEXT[one.alias]) + b"\n" + content + b"\n"
            if rows and size + len(row) > self._max_bulk_bytes:
                full, rows, size = _Body(rows), [], 0
                yield full
            rows.append(_Row(row, twice))
            size += len(row)
        if rows:
            yield _Body(rows)

    def _send(self, body: _Body) -> list[str]:
        """What the index can never take of a body. What it does not take right now is sent again alone, while there is progress.

        Raises:
            Unavailable: nothing of what was left was taken, three times; the caller waits longer than would be right here.
        """
        refused: list[str] = []
        stalled = 0
        while body:
            answer = self.server.ask("POST", _BULK, body.content)
            if not answer.get("errors"):
                break
            results = iter([item["index"] for item in answer["items"]])
            left, reason = list[_Row](), None
            for row in body:
                found, second = next(results), next(results) if row.twice else None
                try:
                    told = _refusal(found)
                    if second is not None:
                        _check_second(second)
                    refused += told
                except Unavailable as error:
                    left.append(row)
                    reason = error
            stalled = stalled + 1 if len(left) == len(body) else 0
            if reason is not None and stalled == STALLED_TRIES:
                raise reason
            body = _Body(left)
            if body:
                self._sleep(ITEMS_AGAIN_SECONDS * (1 + stalled))
        return refused


@dataclass(frozen=True, slots=True)
class _Row:
    """A document as lines of a bulk body; `twice` if it is followed by itself for the index that is being built."""

    content: bytes
    twice: bool


class _Body:
    """Rows as one text. Several bodies are held at once, so they hold nothing twice."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        some = list(rows)
        self.content = b"".join([row.content for row in some])
        self._lengths = [(len(row.content), row.twice) for row in some]

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[_Row]:
        at = 0
        for length, twice in self._lengths:
            yield _Row(self.content[at : at + length], twice)
            at += length


class FilesAuthority:
    """`Authority` over the internal API of `files`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    def of(self, node_ids: Iterable[str]) -> dict[str, NodeFacts]:
        found: dict[str, NodeFacts] = {}
        for some in batched(node_ids, MAX_AUTHORITY_IDS, strict=False):
            asked = list(some)
            while asked:
                reply = self._services.call("files", "POST", "/api/v1/internal/files/authority", {"fileIds": asked})
                answer = reply.json()
                found |= {item["id"]: facts_of(item) for item in answer["items"]}
                asked = answer.get("left", [])  # what did not fit into one answer
        return found


class ProcessorStructures:
    """`Structures` over the internal API of `processor`. Answers never change, so the last ones are kept."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services
        self._known = lru_cache(maxsize=1000)(self._asked)

    def identifiers(self, smiles: str) -> tuple[str, ...]:
        return self._known(smiles)

    def _asked(self, smiles: str) -> tuple[str, ...]:
        path = "/api/v1/internal/processor/identifiers"
        return tuple(self._services.call("processor", "POST", path, {"smiles": smiles}).json()["identifiers"])


class FilesCatalogue:
    """`Catalogue` over the internal API of `files`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    def page(self, *, after: str | None, limit: int) -> Page:
        asked = {"after": after, "limit": limit}
        answer = self._services.call("files", "POST", "/api/v1/internal/files/catalogue", asked).json()
        return Page(tuple(entry_of(item) for item in answer["items"]), answer["next"])


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
        announced=int(item.get("announced", item["revision"])),
        active_run=int(item.get("activeRun") or 0),
        total=int((item.get("counts") or {}).get("total", 0)),
        shown=item,
    )


def entry_of(item: Mapping[str, Any]) -> Entry:
    """One item of the catalogue of `files`."""
    chunks = tuple(
        StoredChunk(
            n=int(chunk["n"]),
            stage=chunk["stage"],
            artefact=chunk["artefact"],
            first_index=int(chunk["firstIndex"]),
            total=int(chunk["counts"]["total"]),
            parsed=int(chunk["counts"]["parsed"]),
        )
        for chunk in item["chunks"]
    )
    return Entry(facts_of(item), chunks, bool(item["ended"]), datetime.fromisoformat(item["changedAt"]))


def _action(one: Versioned, alias: str) -> bytes:
    # Without `require_alias` a domain would make up an index, and its mapping, for a write that comes before set-up.
    kind = "external_gte" if one.over_equal else "external"
    return (
        f'{{"index":{{"_index":"{alias}","_id":{json.dumps(one.id)},"require_alias":true,'
        f'"version":{one.version},"version_type":"{kind}"}}}}'
    ).encode()


def _alias_action(definition: IndexDefinition, alias: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"add": {"index": definition.index, "alias": alias, **options}}


def _refusal(result: Mapping[str, Any]) -> list[str]:
    """What the index can never take. Version conflicts are the index being further already.

    Raises:
        Unavailable: the item was not taken right now.
    """
    status = result["status"]
    if status < 300 or status == 409:
        return []
    told = f"{result.get('_id')}: {json.dumps(result.get('error'))[:500]}"
    if status >= 500 or status in CAN_PASS:
        raise Unavailable(detail=f"OpenSearch: item {told}")
    return [told]


def _check_second(result: Mapping[str, Any]) -> None:
    """The outcome of the same document in the index that is being built.

    If that one has just been put to use, the first of the two writes has met it. What it refuses is found and told by those who
    build it; until then it must not stop what can be written and found today.

    Raises:
        Unavailable: the item was not taken right now.
    """
    if result["status"] == 404 and (result.get("error") or {}).get("type") == MISSING:
        return
    for told in _refusal(result):
        logger.warning("the index that is being built refuses a document", detail=told)
