"""What the index should hold of a node, against what it holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final, Self

from functions.search.domain import Stage, shows_records
from functions.search.ports import Entry, HeldNode, HeldRecords

KEPT: Final = timedelta(days=30)
"""How long tombstones stay: longer than any event, letter or invocation of before can still be under way."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How one node's documents differ from what they should be; all zero and false when they do not.

    Attributes:
        node_missing, node_stale: its own document.
        missing: records that are not there as the file is now.
        surplus: records that are there and should not.
        ahead: the index is further than the store: a store that was restored from a backup. Only a rebuild brings it back.
    """

    node_missing: bool = False
    node_stale: bool = False
    missing: int = 0
    surplus: int = 0
    ahead: bool = False

    @property
    def any(self) -> bool:
        return self.node_missing or self.node_stale or bool(self.missing or self.surplus) or self.ahead


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, what differed, and what became of it. Sums."""

    nodes: int = 0
    nodes_missing: int = 0
    nodes_stale: int = 0
    nodes_unknown: int = 0
    records_missing: int = 0
    records_surplus: int = 0
    ahead: int = 0
    in_motion: int = 0
    written: int = 0
    lost: int = 0
    refused: int = 0

    @property
    def drift(self) -> int:
        """Documents that were not as they should be."""
        node = self.nodes_missing + self.nodes_stale + self.nodes_unknown
        return node + self.records_missing + self.records_surplus + self.ahead

    @property
    def beyond_repair(self) -> int:
        """Chunks whose artefact is gone, documents that the index does not take, and nodes of which it knows too much."""
        return self.lost + self.refused + self.ahead

    def __add__(self, other: Report) -> Report:
        return Report(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Report)))

    @classmethod
    def of(cls, differences: Iterable[Difference]) -> Self:
        some = list(differences)
        return cls(
            nodes_missing=sum(one.node_missing for one in some),
            nodes_stale=sum(one.node_stale for one in some),
            records_missing=sum(one.missing for one in some),
            records_surplus=sum(one.surplus for one in some),
            ahead=sum(one.ahead for one in some),
        )


def expected_records(entry: Entry) -> int:
    """How many records of a node are to be found, once its active run has ended."""
    return sum(chunk.parsed for chunk in entry.chunks) if shows_records(entry.node) else 0


def forgotten(entry: Entry, now: datetime) -> bool:
    """Whether a node was deleted so long ago that not even a tombstone is kept of it."""
    return entry.node.deleted and entry.changed_at < now - KEPT


def compare(entry: Entry, held: HeldNode | None, records: Iterable[HeldRecords], *, now: datetime) -> Difference:
    """How a node's documents differ from what they should be.

    The records of an open run are not judged unless none may be found: they are on their way, and the watchdog of `files` sees to
    it that they arrive.
    """
    node = entry.node
    missing = stale = ahead = False
    if held is None:
        missing = not forgotten(entry, now)
    else:
        ahead = held.revision > node.revision
        stale = not ahead and (held.revision < node.announced or held.deleted != node.deleted)
    lacking = surplus = 0
    if entry.ended or not shows_records(node):
        expected, there, good = expected_records(entry), 0, 0
        for some in records:
            there += some.count
            ahead = ahead or some.placement > node.placement
            if (some.run, some.placement, some.stage) == (node.active_run, node.placement, Stage.PROCESSED):
                good += some.count
        good = min(good, expected)
        lacking, surplus = expected - good, there - good
    return Difference(missing, stale, lacking, surplus, ahead)
