"""The use cases of the two indexers. An event is a hint: content comes from the artefact, authority from `files`.

Repeating, reordering or losing order between files changes nothing: every write has an external version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from functions.search import domain
from functions.search.domain import Stage
from functions.search.ports import Authority, NodeFacts, SearchIndex, Versioned
from leanda.changes import messages_of
from leanda.contracts.envelope import Origin
from leanda.contracts.events import RecordsIndexed, RecordsParsed, RecordsStored, RunActivated
from leanda.messaging import Group, Received
from leanda.observability import logger
from leanda.persistence.artefacts import records_in
from leanda.ports import ArtefactStore, Clock, Message, Publisher

SOURCE: Final = "leanda/search"
PUBLISH_SECONDS: Final = 10.0

Chunk = RecordsParsed | RecordsStored


def whole_batch(received: Sequence[Received]) -> Iterator[Group]:
    """All events of an invocation together, for one call to `files`; a defect is then looked for event by event."""
    if received:
        yield received


@dataclass(frozen=True)
class NodeIndexer:
    """The use case of `search.on_file_events`."""

    index: SearchIndex
    authority: Authority

    def follow(self, group: Group) -> None:
        """Index the files and folders that anything happened to as they are now."""
        nodes = self.authority.of(dict.fromkeys(one.data.file_id for one in group))
        self.index.write(self._documents(group, nodes))

    def _documents(self, group: Group, nodes: dict[str, NodeFacts]) -> Iterator[Versioned]:
        for node in nodes.values():
            yield domain.node_document(node)
        for one in group:
            if isinstance(one.data, RunActivated) and one.data.file_id in nodes:
                yield from domain.surplus_tombstones(nodes[one.data.file_id], one.data.previous_total)


@dataclass(frozen=True)
class RecordIndexer:
    """The use case of `search.on_record_events`."""

    index: SearchIndex
    authority: Authority
    artefacts: ArtefactStore
    publisher: Publisher
    clock: Clock

    def follow(self, group: Group) -> None:
        """Index the chunks' records, then announce those that are complete. Nothing is announced before it is written."""
        nodes = self.authority.of(dict.fromkeys(one.data.file_id for one in group))
        wanted = [(one, data, nodes[data.file_id]) for one, data in _chunks(group) if _concerns(nodes, data)]
        self.index.write(document for _, data, node in wanted for document in self._documents(data, node))
        announced = [
            message
            for one, data, node in wanted
            if isinstance(data, RecordsStored) and not node.deleted
            for message in self._announcement(one, data, node)
        ]
        self.publisher.publish(announced, timeout=PUBLISH_SECONDS)

    def _documents(self, data: Chunk, node: NodeFacts) -> Iterable[Versioned]:
        stage = Stage.PROCESSED if isinstance(data, RecordsStored) else Stage.PARSED
        body = self.artefacts.get(data.file_id, data.run, data.chunk, stage.name.lower(), data.artefact)
        return domain.chunk_documents(records_in(body), run=data.run, stage=stage, node=node)

    def _announcement(self, one: Received, data: RecordsStored, node: NodeFacts) -> list[Message]:
        told = RecordsIndexed(
            file_id=data.file_id, run=data.run, chunk=data.chunk, counts=data.counts, placement=node.placement
        )
        return messages_of((told,), Origin.of_event(one.event), source=SOURCE, at=self.clock.now(), sequence=data.chunk)


def _chunks(group: Group) -> Iterator[tuple[Received, Chunk]]:
    """Stored chunks; and of parsed ones the first of a first run, so that something is found at once."""
    for one in group:
        data = one.data
        if isinstance(data, RecordsStored) or (isinstance(data, RecordsParsed) and (data.run, data.chunk) == (1, 0)):
            yield one, data


def _concerns(nodes: dict[str, NodeFacts], data: Chunk) -> bool:
    """Whether a chunk is what its file shows now; those of other runs, and of files that are gone, are not."""
    node = nodes.get(data.file_id)
    if node is None or node.active_run != data.run:
        logger.info("a chunk that its file does not show is not indexed", file=data.file_id, run=data.run)
        return False
    return True
