"""The use cases of the two indexers. An event is a hint: content comes from the artefact, authority from `files`.

Repeating, reordering or losing order between files changes nothing: every write has an external version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.search import domain
from functions.search.domain import Stage
from functions.search.hiding import Hiding
from functions.search.ports import Authority, NodeFacts, SearchIndex, Versioned
from leanda.changes import messages_of
from leanda.contracts.envelope import Origin
from leanda.contracts.events import (
    FileDeleted,
    FileParseFailed,
    FileStatusChanged,
    RecordsIndexed,
    RecordsParsed,
    RecordsStored,
    RunActivated,
)
from leanda.errors import Unavailable
from leanda.messaging import Group, Received, portions
from leanda.observability import logger
from leanda.persistence.artefacts import rows_in
from leanda.ports import ArtefactStore, Clock, Message, Publisher

SOURCE: Final = "search"
PUBLISH_SECONDS: Final = 10.0
MOST_RECORDS: Final = 20_000
PORTION_SECONDS: Final = 120.0
"""What so many records may take a busy index; they are not begun with less time left."""

_CAN_HIDE: Final = (FileDeleted, FileParseFailed, FileStatusChanged)

Chunk = RecordsParsed | RecordsStored


def whole_batch(received: Sequence[Received]) -> Iterator[Group]:
    """All events of an invocation together, for one call to `files`; a defect is then looked for event by event."""
    if received:
        yield received


def by_records(received: Sequence[Received]) -> Iterator[Group]:
    """Events of chunks in portions of at most `MOST_RECORDS` records, or of one chunk, each with one call to `files`."""
    return portions(received, weight=_records_of, most=MOST_RECORDS)


def _records_of(one: Received) -> int:
    return one.data.counts.total if isinstance(one.data, RecordsParsed | RecordsStored) else 0


@dataclass(frozen=True)
class NodeIndexer:
    """The use case of `search.on_file_events`."""

    index: SearchIndex
    authority: Authority
    hiding: Hiding

    def follow(self, group: Group) -> None:
        """Index the files and folders that anything happened to as they are now; hide what a deletion has still to reach."""
        nodes = self.authority.of(dict.fromkeys(one.data.subject() for one in group))
        self.hiding.follow([one.data for one in group], nodes)
        self.index.write(self._documents(group, nodes))

    def _documents(self, group: Group, nodes: dict[str, NodeFacts]) -> Iterator[Versioned]:
        for node in nodes.values():
            yield domain.node_document(node)
        for one in group:
            if isinstance(one.data, RunActivated) and one.data.file_id in nodes:
                yield from domain.surplus_tombstones(nodes[one.data.file_id], one.data.previous_total)
        touched = dict.fromkeys(one.data.file_id for one in group if isinstance(one.data, _CAN_HIDE))
        yield from hidden_records(self.index, [nodes[key] for key in touched if key in nodes])


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
        nodes = self.authority.of(dict.fromkeys(one.data.subject() for one in group))
        wanted = [(one, data, nodes[data.file_id]) for one, data in _chunks(group) if _concerns(nodes, one, data)]
        self.index.write(document for _, data, node in wanted for document in self._documents(data, node))
        self._look_again(node.id for _, _, node in wanted if not domain.has_results(node))
        announced = [
            message
            for one, data, node in wanted
            if isinstance(data, RecordsStored) and _complete(data, node)
            for message in self._announcement(one, data, node)
        ]
        self.publisher.publish(announced, timeout=PUBLISH_SECONDS)

    def _documents(self, data: Chunk, node: NodeFacts) -> Iterable[Versioned]:
        stage = Stage.PROCESSED if isinstance(data, RecordsStored) else Stage.PARSED
        return documents_of(self.artefacts, node, data.chunk, stage, data.artefact)

    def _look_again(self, file_ids: Iterable[str]) -> None:
        """Hide records again whose file failed, was deleted or got other bytes while they were written.

        Who learns of that end looks for them; it may have looked before they were there. A file whose results were there before
        is no such file: what replaces or removes them has a higher placement.
        """
        asked = list(dict.fromkeys(file_ids))
        nodes = self.authority.of(asked) if asked else {}
        if any(not domain.shows_records(node) or node.active_run > 1 for node in nodes.values()):
            self.index.write(hidden_records(self.index, nodes.values()))

    def _announcement(self, one: Received, data: RecordsStored, node: NodeFacts) -> list[Message]:
        told = RecordsIndexed(
            file_id=data.file_id, run=data.run, chunk=data.chunk, counts=data.counts, placement=node.placement
        )
        return messages_of((told,), Origin.of_event(one.event), source=SOURCE, at=self.clock.now(), sequence=data.chunk)


def documents_of(artefacts: ArtefactStore, node: NodeFacts, chunk: int, stage: Stage, sha: str) -> Iterator[Versioned]:
    """The documents of a chunk of a file's active run, read from its artefact.

    Raises:
        NotFound: the artefact is gone.
        Unavailable: S3 does not answer.
    """
    body = artefacts.get(node.id, node.active_run, chunk, stage.name.lower(), sha)
    return domain.chunk_documents(rows_in(body), run=node.active_run, stage=stage, node=node)


class ArtefactLost(Exception):
    """What a chunk's artefact holds cannot be had any more."""


def readable(artefacts: ArtefactStore, node: NodeFacts, chunk: int, stage: Stage, sha: str) -> Iterator[Versioned]:
    """As `documents_of`, for who goes on without the chunk: one broken artefact must not keep everybody else's from the index.

    Raises:
        ArtefactLost: the artefact is gone, is damaged, or holds what cannot be indexed; some of its documents may be given before.
        Unavailable: S3 does not answer.
    """
    try:
        yield from documents_of(artefacts, node, chunk, stage, sha)
    except Unavailable:
        raise
    except Exception as error:
        logger.exception("an artefact of an active run is gone or broken", file=node.id, chunk=chunk)
        raise ArtefactLost from error


def hidden_records(index: SearchIndex, nodes: Iterable[NodeFacts]) -> Iterator[Versioned]:
    """Tombstones for the records that are shown and are not to be found any more: of files that failed or were deleted, and of
    runs that another one superseded.

    The end of a file or run does not say which records were shown before it. Of a deleted file these are the merely parsed ones:
    its stored chunks are announced again and leave tombstones of a higher placement. Each tombstone has the version of what it
    replaces, so that a record of a later stage or placement wins over it, and a late copy of the same does not. What is of a later
    placement than the facts is left alone: the run was reopened, or the file restored, since they were read.
    """
    files = {node.id: node for node in nodes if node.type == domain.FILE}
    ended = {key: node for key, node in files.items() if not domain.shows_records(node)}
    begun_again = [key for key, node in files.items() if key not in ended and node.active_run > 1]
    looks: tuple[tuple[list[str], Stage | None], ...] = (
        ([key for key, node in ended.items() if node.deleted], Stage.PARSED),
        ([key for key, node in ended.items() if not node.deleted], None),
        (begun_again, None),
    )
    for some, stage in looks:
        for seen in index.living(some, stage=stage) if some else ():
            node = files[seen.document["fileId"]]
            over = node.id in ended or seen.document["run"] < node.active_run
            if over and domain.may_judge(node, seen):
                yield domain.tombstone_of(seen, at=datetime.fromisoformat(node.shown["updatedAt"]))


def _chunks(group: Group) -> Iterator[tuple[Received, Chunk]]:
    """Stored chunks; and of parsed ones the first of a first run, so that something is found at once."""
    for one in group:
        data = one.data
        if isinstance(data, RecordsStored) or (isinstance(data, RecordsParsed) and (data.run, data.chunk) == (1, 0)):
            yield one, data


def _complete(data: RecordsStored, node: NodeFacts) -> bool:
    """Whether all that is to be found of a chunk can be found; of one without a good record that is nothing."""
    return domain.shows_records(node) or (not node.deleted and not data.counts.parsed)


def _concerns(nodes: dict[str, NodeFacts], one: Received, data: Chunk) -> bool:
    """Whether a chunk is what its file shows now; those of other runs, and of files that are gone, are not."""
    node = nodes.get(data.file_id)
    if node is None or node.active_run != data.run:
        with one.logged():  # the batch is of many files
            logger.info("a chunk that its file does not show is not indexed", file=data.file_id, run=data.run)
        return False
    return True
