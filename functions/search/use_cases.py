"""The use case of the search API."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.search import domain, queries
from functions.search.ports import Authority, NodeFacts, SearchIndex, Structures
from functions.search.queries import FACETS, SearchRequest
from leanda.access.policy import Guarded, Role, Viewer, role_on
from leanda.errors import Unavailable
from leanda.http.cursors import Cursors
from leanda.observability import logger
from leanda.times import rfc3339


@dataclass(frozen=True)
class Search:
    """Finds what the viewer may see."""

    index: SearchIndex
    authority: Authority
    structures: Structures
    cursors: Cursors

    def find(self, viewer: Viewer, request: SearchRequest, *, cursor: str | None, limit: int) -> dict[str, Any]:
        """One page of hits, with total and facets of all of them.

        The index decides who sees what by a filter; then every hit of the page is authorised again by `files`, which knows
        what the index may not know yet. A page may therefore have fewer items than `limit` and still be followed by another.

        Raises:
            InvalidRequest: the query, a filter or the cursor cannot be used.
            Unavailable: the index or `files` does not answer: nothing is shown unchecked.
        """
        after = self.cursors.read(cursor, principal=viewer.user_id, query=request.scope())
        body = queries.search_body(request, viewer, also=self._identifiers(request.q), limit=limit, after=after)
        preference = hashlib.sha256(viewer.user_id.encode()).hexdigest()[:16]
        answer = self.index.search(queries.aliases(request), body, preference=preference)
        hits = answer["hits"]["hits"]
        nodes = self.authority.of(dict.fromkeys(_node_of(hit["_source"]) for hit in hits)) if hits else {}
        shown = [_item(hit) for hit in hits if _allowed(viewer, hit["_source"], nodes)]
        last = hits[-1]["sort"] if len(hits) == limit else None
        return {
            "items": shown,
            "total": answer["hits"]["total"]["value"],
            "facets": {name: _buckets(answer["aggregations"][name]) for name in FACETS},
            "nextCursor": self.cursors.sign(last, principal=viewer.user_id, query=request.scope()) if last else None,
        }

    def _identifiers(self, q: str) -> Sequence[str]:
        """What the index calls a SMILES that may be spelled otherwise; without an answer it is searched as it stands."""
        smiles = queries.smiles_of(q)
        try:
            return self.structures.identifiers(smiles) if smiles else ()
        except Unavailable as error:
            logger.warning("a SMILES is searched as it is spelled", detail=error.detail)
            return ()


def _node_of(source: Mapping[str, Any]) -> str:
    """The file or folder that decides over a hit."""
    return str(source["fileId"] if source["type"] == domain.RECORD else source["id"])


def _allowed(viewer: Viewer, source: Mapping[str, Any], nodes: Mapping[str, NodeFacts]) -> bool:
    """Fail closed: unknown, deleted or about to be, of a run that is not shown, or of somebody else is as if it were not there."""
    node = nodes.get(_node_of(source))
    if node is None or node.deleted or node.shown.get("hidden"):
        return False
    if source["type"] == domain.RECORD and source["run"] != node.active_run:
        return False
    return role_on(viewer, [Guarded(node.owner_id, node.grants)]) >= Role.READ


def _item(hit: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "type", "kind", "fileId", "index", "recordType", "name", "status", "size", "properties")
    source, highlights = hit["_source"], hit.get("highlight") or {}
    return {
        **{name: source[name] for name in names if source.get(name) is not None},
        "createdAt": rfc3339(datetime.fromisoformat(source["createdAt"])),
        "name": source.get("name"),
        "score": hit["_score"],
        "highlights": {name: highlights[name] for name in sorted(highlights)},
    }


def _buckets(aggregation: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"value": bucket["key"], "count": bucket["doc_count"]} for bucket in aggregation["buckets"]]
