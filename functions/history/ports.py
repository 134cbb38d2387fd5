"""What the use cases of `history` need: the log, and what `files` says of who may see a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from functions.history.domain import Entry
from leanda.persistence.aggregates import Aggregates


@dataclass(frozen=True)
class EventFilter:
    """Whose events are asked for (exactly one of both), and which types (all if empty)."""

    file_id: str | None = None
    user_id: str | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Which events are replayed: of one file or of all, of some types or of all, in a window of time (`until` excluded)."""

    file_id: str | None = None
    types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class EventLog(Protocol):
    """Append-only: what is in it is never changed, but for what an erasure redacts."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep every entry whose id is new; the first body of an id stays.

        Raises:
            Unavailable: the store does not answer; any of them may be kept.
        """
        ...

    def page(self, wanted: EventFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        """Entries in the order of (time, id), after a position."""
        ...

    def select(self, wanted: Selection, *, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        """Entries of a selection in the order of (time, id), after a position; redacted ones are not given to anybody again."""
        ...

    def erase(self, ids: Iterable[str]) -> None:
        """Note files and users whose entries are to be redacted, those to come too; noting them again changes nothing."""
        ...

    def erased(self, ids: Iterable[str]) -> set[str]:
        """Which of these are noted."""
        ...

    def unredacted(self, wanted: EventFilter, *, limit: int) -> list[Entry]:
        """Some entries of a file or user that are not redacted yet."""
        ...

    def redact(self, entries: Sequence[Entry]) -> None:
        """Put redacted entries in the place of those with the same ids."""
        ...


class ReplayJobs(Aggregates, Protocol):
    """Ordered replays."""

    def due(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Open replays of which a slice may be delivered now, longest due first."""
        ...


@dataclass(frozen=True, slots=True)
class NodeAuthority:
    """What decides who may see a file or folder."""

    owner_id: str
    grants: Mapping[str, str]
    deleted: bool
    ancestors: tuple[str, ...]
    type: str


class Authority(Protocol):
    def of(self, node_ids: Iterable[str]) -> dict[str, NodeAuthority]:
        """What `files` says of nodes by id; ids that it does not know are absent.

        Raises:
            Unavailable: `files` does not answer.
        """
        ...
