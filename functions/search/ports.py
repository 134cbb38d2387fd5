"""What the use cases of `search` need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from functions.search.mappings import IndexDefinition

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Versioned:
    """A document on its way into an index.

    Attributes:
        alias: the write alias.
        version: external; the index keeps the document with the highest one.
    """

    alias: str
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


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What `files` says of one file or folder now. `shown` is its whole answer."""

    id: str
    type: str
    owner_id: str
    grants: Mapping[str, str]
    deleted: bool
    placement: int
    revision: int
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
