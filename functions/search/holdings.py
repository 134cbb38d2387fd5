"""What an index holds, read for comparison with the store: `Holdings` on OpenSearch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from functions.search.domain import Stage
from functions.search.mappings import ALIASES, write_alias
from functions.search.opensearch import OpenSearch
from functions.search.ports import HeldNode, HeldRecords, NodeFacts, Seen, StoredChunk
from leanda.errors import Unavailable

PAGE: Final = 1000
LIVING: Final[dict[str, Any]] = {"term": {"deleted": False}}


class OpenSearchHoldings:
    """`Holdings` over the REST API."""

    def __init__(self, server: OpenSearch) -> None:
        self._server = server

    def nodes(self, alias: str, after: str | None, last: str | None) -> dict[str, HeldNode]:
        wanted = {"bool": {"filter": _between("key", after, last)}}
        source = ["key", "revision", "deleted"]
        return {
            hit["_id"]: HeldNode(hit["_source"].get("revision", 0), hit["_version"], hit["_source"]["deleted"])
            for hit in _hits(self._server, alias, wanted, source)
        }

    def records(self, alias: str, after: str | None, last: str | None) -> dict[str, list[HeldRecords]]:
        sources = [{name: {"terms": {"field": name}}} for name in ("fileId", "run", "placement", "stage")]
        found: dict[str, list[HeldRecords]] = {}
        position: dict[str, Any] = {}
        while True:
            body = {
                "size": 0,
                "query": {"bool": {"filter": [LIVING, *_between("fileId", after, last)]}},
                "aggs": {"held": {"composite": {"size": PAGE, "sources": sources, **position}}},
            }
            answer = _whole(self._server.ask("POST", f"/{alias}/_search", body))["aggregations"]["held"]
            for bucket in answer["buckets"]:
                key = bucket["key"]
                held = HeldRecords(key["run"], key["placement"], key["stage"], bucket["doc_count"])
                found.setdefault(key["fileId"], []).append(held)
            if "after_key" not in answer:
                return found
            position = {"after": answer["after_key"]}

    def in_chunks(self, alias: str, node: NodeFacts, stage: int, chunks: Sequence[StoredChunk]) -> list[int]:
        ranges = [
            {"key": str(chunk.n), "from": chunk.first_index, "to": chunk.first_index + chunk.total} for chunk in chunks
        ]
        exact = {"fileId": node.id, "run": node.active_run, "placement": node.placement, "stage": stage}
        body = {
            "size": 0,
            "query": {"bool": {"filter": [LIVING, *({"term": {name: value}} for name, value in exact.items())]}},
            "aggs": {"chunks": {"range": {"field": "index", "ranges": ranges, "keyed": True}}},
        }
        answer = _whole(self._server.ask("POST", f"/{alias}/_search", body))["aggregations"]["chunks"]["buckets"]
        return [answer[str(chunk.n)]["doc_count"] for chunk in chunks]

    def strangers(self, alias: str, file_id: str, own: NodeFacts | None, total: int) -> Iterator[Seen]:
        terms = {"run": own.active_run, "placement": own.placement, "stage": int(Stage.PROCESSED)} if own else {}
        inside: list[dict[str, Any]] = [{"term": {name: value}} for name, value in terms.items()]
        known = {"bool": {"filter": [*inside, {"range": {"index": {"lt": total}}}]}}
        return seen_by(self._server, alias, {"term": {"fileId": file_id}}, unlike=known if own else None)

    def refresh(self, alias: str) -> None:
        self._server.ask("POST", f"/{alias}/_refresh")

    def count(self, alias: str) -> int:
        return int(self._server.ask("POST", f"/{alias}/_count", {"query": LIVING})["count"])

    def not_empty(self, aliases: Sequence[str], folders: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in batched(folders, PAGE, strict=False):
            below: dict[str, Any] = {folder: {"term": {"ancestors": folder}} for folder in some}
            body = {
                "size": 0,
                "query": {"bool": {"filter": [LIVING, {"terms": {"ancestors": list(some)}}]}},
                "aggs": {"below": {"filters": {"filters": below}}},
            }
            answer = _whole(self._server.ask("POST", f"/{','.join(aliases)}/_search", body))
            buckets = answer["aggregations"]["below"]["buckets"]
            found |= {folder for folder, bucket in buckets.items() if bucket["doc_count"]}
        return found

    def purge(self, *, before: datetime, limit: int) -> int:
        old = {
            "bool": {"filter": [{"term": {"deleted": True}}, {"range": {"tombstonedAt": {"lt": before.isoformat()}}}]}
        }
        path = f"_delete_by_query?conflicts=proceed&max_docs={limit}&scroll_size={PAGE}"
        answers = (self._server.ask("POST", f"/{write_alias(alias)}/{path}", {"query": old}) for alias in ALIASES)
        return sum(int(answer["deleted"]) for answer in answers)


def seen_by(
    server: OpenSearch, alias: str, wanted: Mapping[str, Any], *, unlike: Mapping[str, Any] | None = None
) -> Iterator[Seen]:
    """Living documents of records with their versions, in the order of their keys."""
    query: dict[str, Any] = {"bool": {"filter": [LIVING, wanted]}}
    if unlike is not None:
        query["bool"]["must_not"] = [unlike]
    for hit in _hits(server, alias, query, ["id", "key", "fileId", "ownerId", "index", "placement", "run"]):
        yield Seen(hit["_id"], hit["_version"], hit["_source"])


def _hits(server: OpenSearch, alias: str, query: Mapping[str, Any], source: list[str]) -> Iterator[dict[str, Any]]:
    position: dict[str, Any] = {}
    while True:
        body = {
            "size": PAGE,
            "query": query,
            "sort": [{"key": "asc"}],
            "_source": source,
            "version": True,
            "track_total_hits": False,
            **position,
        }
        hits: list[dict[str, Any]] = _whole(server.ask("POST", f"/{alias}/_search", body))["hits"]["hits"]
        yield from hits
        if len(hits) < PAGE:
            return
        position = {"search_after": hits[-1]["sort"]}


def _between(field: str, after: str | None, last: str | None) -> list[dict[str, Any]]:
    bounds = {name: value for name, value in (("gt", after), ("lte", last)) if value is not None}
    return [{"range": {field: bounds}}] if bounds else []


def _whole(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of all shards: half of the truth would look like drift."""
    if answer.get("timed_out") or answer["_shards"]["failed"]:
        raise Unavailable(detail=f"OpenSearch: an incomplete answer: {answer['_shards']}"[:1000])
    return answer
