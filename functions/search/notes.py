"""Small documents beside the indices: `Notes` on OpenSearch."""

from __future__ import annotations

from typing import Any

from functions.search.errors import Overtaken
from functions.search.mappings import STATE_INDEX
from functions.search.opensearch import OpenSearch, Refused
from functions.search.ports import Document


class OpenSearchNotes:
    """`Notes` in documents of the state index, guarded by their sequence numbers.

    A read is of what was written last, refreshed or not (OpenSearch, "Get document": it is in real time).
    """

    def __init__(self, server: OpenSearch) -> None:
        self._server = server

    def load(self, name: str) -> tuple[Document, Any]:
        found = self._server.get(f"/{STATE_INDEX}/_doc/{name}")
        if found is None or not found.get("found"):
            return {}, None
        return found["_source"], (found["_seq_no"], found["_primary_term"])

    def save(self, name: str, document: Document, token: Any) -> Any:
        guard = "op_type=create" if token is None else f"if_seq_no={token[0]}&if_primary_term={token[1]}"
        try:
            kept = self._server.ask("POST", f"/{STATE_INDEX}/_doc/{name}?{guard}", document)
        except Refused as error:
            if error.answered != 409:
                raise
            there, mine = self.load(name)
            if there != document:
                raise Overtaken(detail=name) from error
            return mine  # it was kept, and the answer was lost
        return kept["_seq_no"], kept["_primary_term"]
