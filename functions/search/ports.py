"""What the use cases of `search` need from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from functions.search.mappings import IndexDefinition

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Versioned:
    """A document on its way into an index.

    Attributes:
        alias: the write alias, or the alias of the index that is being built.
        version: external; the index keeps the document with the highest one.
        over_equal: replace a document of the same version too. For tombstones of exactly what was seen.
    """

    alias: str
    id: str
    version: int
    document: Document
    over_equal: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A living document as it was found, with the version that it has."""

    id: str
    version: int
    document: Document


class SearchIndex(Protocol):
    """The index as both indexers and the API use it."""

    def ensure(self, definition: IndexDefinition) -> None:
        """Create the index with its aliases, or bring the mapping of the index behind the write alias up to date."""
        ...

    def write(self, documents: Iterable[Versioned]) -> None:
        """Write documents in bodies of bounded size. A version that is not newer than the index's changes nothing.

        While an index is being built beside the one in use, both are written; that this is so is found out here, and the facts
        behind the documents must have been read before.

        Raises:
            Unavailable: the index did not take all of them right now; writing all again is safe.
            DocumentRefused: some can never be taken; all others were written.
        """
        ...

    def search(self, aliases: tuple[str, ...], body: Mapping[str, Any], *, preference: str) -> dict[str, Any]:
        """Run a search and return OpenSearch's answer.

        Args:
            preference: searches with the same text meet the same copies of the shards, so that scores are stable from page
                to page.

        Raises:
            Unavailable: the index does not answer.
            QueryRefused: it says that the query cannot be run.
        """
        ...

    def living(self, file_ids: Collection[str], *, stage: int | None = None) -> Iterable[Seen]:
        """All documents of records of some files (at a stage) that are no tombstones, those written a moment ago included.

        Raises:
            Unavailable: the index does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What `files` says of one file or folder now. `announced`: the last revision that it told of; `shown`: its whole answer."""

    id: str
    type: str
    owner_id: str
    grants: Mapping[str, str]
    deleted: bool
    placement: int
    revision: int
    announced: int
    active_run: int
    total: int
    shown: Mapping[str, Any]


class Authority(Protocol):
    def of(self, node_ids: Iterable[str]) -> dict[str, NodeFacts]:
        """The facts of nodes by id; ids that `files` does not know are absent.

        Raises:
            Unavailable: `files` does not answer.
        """
        ...


class Structures(Protocol):
    def identifiers(self, smiles: str) -> Sequence[str]:
        """Under which identifiers a structure is in the index however it is written; none for what is no molecule.

        Raises:
            Unavailable: the processor does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk of a file's active run whose records can be read from an artefact.

    Attributes:
        stage: `processed`; or `parsed`, for the first chunk of a first run that is still open.
        first_index: of its records; it has `total`, of which `parsed` are good.
    """

    n: int
    stage: str
    artefact: str
    first_index: int
    total: int
    parsed: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A node as `files` lists it, with what its index documents are made of.

    Attributes:
        ended: whether its active run has ended, so that its chunks do not become more.
        changed_at: when it or its chunks changed last.
    """

    node: NodeFacts
    chunks: tuple[StoredChunk, ...]
    ended: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries in the order of their ids, and the id after which the next page begins; None after the last one."""

    entries: tuple[Entry, ...]
    next: str | None


class Catalogue(Protocol):
    """Everything that `files` has, deleted things included."""

    def page(self, *, after: str | None, limit: int) -> Page:
        """
        Raises:
            Unavailable: `files` does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class HeldNode:
    """The document of a file or folder."""

    revision: int
    version: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class HeldRecords:
    """How many living records of one file there are that agree in these."""

    run: int
    placement: int
    stage: int
    count: int


class Holdings(Protocol):
    """What an index holds, for comparison. `alias` may name any generation. Ids are those after `after`, up to `last`.

    All methods raise `Unavailable` when the index does not answer.
    """

    def nodes(self, alias: str, after: str | None, last: str | None) -> dict[str, HeldNode]: ...

    def records(self, alias: str, after: str | None, last: str | None) -> dict[str, list[HeldRecords]]:
        """By file; tombstones do not count."""
        ...

    def in_chunks(self, alias: str, node: NodeFacts, stage: int, chunks: Sequence[StoredChunk]) -> list[int]:
        """How many living records of each chunk are as `node` is now, at that stage."""
        ...

    def strangers(self, alias: str, file_id: str, own: NodeFacts | None, total: int) -> Iterator[Seen]:
        """Living records of a file that are not as it is now: another run's or placement's, merely parsed, or beyond `total`.

        Args:
            own: what the file is now; None: none of its records is to live.
        """
        ...

    def refresh(self, alias: str) -> None:
        """Make everything that was written visible to the other methods."""
        ...

    def count(self, alias: str) -> int:
        """Living documents."""
        ...

    def not_empty(self, aliases: Sequence[str], folders: Sequence[str]) -> set[str]:
        """Those of the folders below which there are living documents, at whatever depth."""
        ...

    def purge(self, *, before: datetime, limit: int) -> int:
        """Remove at most `limit` tombstones of each index that are older; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class Generation:
    """One index: its name, the aliases that it has now, and how many documents it holds, tombstones included."""

    index: str
    aliases: tuple[str, ...]
    documents: int


class Generations(Protocol):
    """The indices behind the aliases. Everything here can be repeated; all raise `Unavailable`."""

    def begin(self, definitions: Iterable[IndexDefinition]) -> list[str]:
        """Make an empty index of the next generation for each definition and let writers write to it, too; returns the names.

        The next ones, if there are some already.
        """
        ...

    def open(self) -> None:
        """Let the next generation become visible to searches as the indices in use do."""
        ...

    def switch(self) -> bool:
        """Read from and write to the next generation, all at once. False: there is none."""
        ...

    def abandon(self) -> None:
        """Write no longer to a next generation, and remove it."""
        ...

    def drop_unused(self) -> list[str]:
        """Remove the indices that no alias names; returns the names."""
        ...

    def all(self) -> list[Generation]: ...


class Notes(Protocol):
    """Small documents beside the indices that two cannot change at once, as how far a rebuild is."""

    def load(self, name: str) -> tuple[Document, Any]:
        """The document, or an empty one, and the token to change it with."""
        ...

    def save(self, name: str, document: Document, token: Any) -> Any:
        """Keep it and return the next token.

        Raises:
            Overtaken: somebody else changed it since.
            Unavailable: the index does not answer.
        """
        ...


class Meter(Protocol):
    def measure(self, values: Mapping[str, int]) -> None:
        """Publish metrics of this moment by name, and log them."""
        ...
