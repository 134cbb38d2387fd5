"""Working in-memory stand-ins for what `search` needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from functions.search.errors import DocumentRefused, Overtaken
from functions.search.mappings import RECORDS, IndexDefinition, write_alias
from functions.search.ports import NodeFacts, Seen, Versioned
from leanda.contracts.artefacts import Record, Row
from leanda.errors import NotFound, Unavailable
from leanda.ports import Message
from tests.fakes.encodings import refusals

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class MemoryNotes:
    """`Notes` over a dictionary."""

    kept: dict[str, tuple[dict[str, Any], int]] = field(default_factory=dict)

    def load(self, name: str) -> tuple[dict[str, Any], Any]:
        document, token = self.kept.get(name, ({}, None))
        return dict(document), token

    def save(self, name: str, document: dict[str, Any], token: Any) -> Any:
        if token != self.kept.get(name, ({}, None))[1]:
            raise Overtaken
        self.kept[name] = (dict(document), (token or 0) + 1)
        return (token or 0) + 1

    def documents(self) -> dict[str, dict[str, Any]]:
        return {name: document for name, (document, _) in self.kept.items()}


class MemoryIndex:
    """`SearchIndex` with external versions, strict mappings and tombstones; a search shows what the viewer owns and what
    the notes beside it do not hide."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, dict[str, Versioned]] = {}
        self.bodies: list[Mapping[str, Any]] = []
        self.down = False
        self.notes = MemoryNotes()

    def ensure(self, definition: IndexDefinition) -> None:
        self.fields[definition.write_alias] = dict(definition.body["mappings"]["properties"])
        self.documents.setdefault(definition.write_alias, {})

    def write(self, documents: Iterable[Versioned]) -> None:
        refused = []
        for one in documents:
            if self.down:
                raise Unavailable
            if why := refusals(one.document, self.fields[one.alias]):
                refused.append(f"{one.id}: {why[:5]}")
                continue
            self._keep(one.alias, one)
            beside = one.alias.replace("-write", "-next")
            if beside != one.alias and beside in self.documents:
                self._keep(beside, one)
        if refused:
            raise DocumentRefused(detail=str(refused))

    def _keep(self, alias: str, one: Versioned) -> None:
        kept = self.documents[alias].get(one.id)
        if kept is None or kept.version < one.version or (one.over_equal and kept.version == one.version):
            self.documents[alias][one.id] = one

    def living(self, file_ids: Collection[str], *, stage: int | None = None) -> Iterator[Seen]:
        for one in list(self.documents[write_alias(RECORDS)].values()):
            document = one.document
            wanted = document["fileId"] in file_ids and stage in {None, document.get("stage")}
            if wanted and not document["deleted"]:
                yield Seen(one.id, one.version, document)

    def search(self, aliases: tuple[str, ...], body: Mapping[str, Any], *, preference: str) -> dict[str, Any]:
        self.bodies.append(body)
        owner = body["query"]["bool"]["filter"][0]["bool"]["should"][0]["term"]["ownerId"]
        hidden = body["query"]["bool"].get("must_not", ())
        found = sorted(
            (
                one.document
                for alias in aliases
                for one in self.documents[alias.replace("-read", "-write")].values()
                if not one.document["deleted"]
                and one.document["ownerId"] == owner
                and not any(self._looked_up(one.document, clause["terms"]) for clause in hidden)
            ),
            key=lambda document: document["key"],
        )
        after = body.get("search_after", [0, ""])[1]
        page = [document for document in found if document["key"] > after][: body["size"]]
        return {
            "hits": {
                "total": {"value": len(found)},
                "hits": [{"_source": document, "_score": 1.0, "sort": [1.0, document["key"]]} for document in page],
            },
            "aggregations": {name: {"buckets": []} for name in body["aggs"]},
        }

    def _looked_up(self, document: Mapping[str, Any], terms: Mapping[str, Any]) -> bool:
        """Whether a field has one of the values that a note lists, as the terms lookup of OpenSearch finds out."""
        [(name, lookup)] = terms.items()
        outer, inner = lookup["path"].split(".")
        listed = {entry[inner] for entry in self.notes.load(lookup["id"])[0].get(outer, ())}
        own = document[name]
        return not listed.isdisjoint(own if isinstance(own, list) else [own])

    def shown(self, alias: str) -> dict[str, dict[str, Any]]:
        """The documents that are no tombstones."""
        return {key: one.document for key, one in self.documents[alias].items() if not one.document["deleted"]}


class MemoryStructures:
    """`Structures` that knows some spellings."""

    def __init__(self, known: dict[str, list[str]] | None = None) -> None:
        self.known, self.asked = known or {}, list[str]()

    def identifiers(self, smiles: str) -> list[str]:
        self.asked.append(smiles)
        return self.known.get(smiles, [])


class MemoryAuthority:
    """`Authority` over a dictionary; counts the calls."""

    def __init__(self, *nodes: NodeFacts) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.calls: list[list[str]] = []
        self.before: Callable[[], None] = lambda: None

    def of(self, node_ids: Iterable[str]) -> dict[str, NodeFacts]:
        asked = list(node_ids)
        self.calls.append(asked)
        return {key: self.nodes[key] for key in asked if key in self.nodes}


class MemoryArtefacts:
    """`ArtefactStore` over a dictionary; the digest is whatever the test calls it."""

    def __init__(self) -> None:
        self.bodies: dict[tuple[str, int, int, str, str], bytes] = {}

    def put(self, file_id: str, run: int, chunk: int, stage: str, body: bytes) -> str:
        self.bodies[file_id, run, chunk, stage, "sha"] = body
        return "sha"

    def get(self, file_id: str, run: int, chunk: int, stage: str, sha: str) -> bytes:
        try:
            return self.bodies[file_id, run, chunk, stage, sha]
        except KeyError:
            raise NotFound from None


class MemoryPublisher:
    """`Publisher` into a list."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def publish(self, messages: Sequence[Message], *, timeout: float) -> None:
        self.messages.extend(messages)


class FixedClock:
    def now(self) -> datetime:
        return NOW


def facts(node_id: str = "file-1", **changes: Any) -> NodeFacts:
    """A file of `anna` with one active run, changed as the test needs it."""
    from functions.search.adapters import facts_of

    answer: dict[str, Any] = {
        "id": node_id,
        "type": "file",
        "ownerId": "anna",
        "parentId": "anna",
        "ancestors": ["anna"],
        "grants": {},
        "deleted": False,
        "placement": 0,
        "revision": 0,
        "version": 1,
        "name": "Aspirin_batch-7.sdf",
        "kind": "chemical",
        "format": "sdf",
        "size": 10,
        "status": "Processed",
        "activeRun": 1,
        "counts": {"total": 2, "parsed": 2, "failed": 0},
        "createdAt": NOW.isoformat(),
        "updatedAt": NOW.isoformat(),
        "metadata": {},
    }
    return facts_of(answer | changes)


def rows_of(*records: Record) -> list[Row]:
    """Records as artefacts have them."""
    return [record.model_dump(mode="python", by_alias=True, exclude_none=True) for record in records]
