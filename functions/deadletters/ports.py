"""What the use cases of `deadletters` need: letters in their own store, failure objects, and a way to wake the redriving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from leanda.persistence.aggregates import Aggregates

Letter = dict[str, Any]


@dataclass(frozen=True)
class LetterFilter:
    """What letters are narrowed to; None fits all."""

    consumer: str | None = None
    code: str | None = None
    state: str | None = None


class Letters(Aggregates, Protocol):
    """Dead letters."""

    def page(self, wanted: LetterFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Letter]:
        """Letters, the latest failure first, after a position (failedAt, id)."""
        ...

    def oldest(self, wanted: LetterFilter, *, limit: int) -> list[Letter]:
        """The letters that wait longest, oldest failure first."""
        ...

    def due(self, now: datetime, *, limit: int) -> list[Letter]:
        """Letters that are to be delivered again by now, the longest due first."""
        ...


class FailureObjects(Protocol):
    """What event source mappings gave up."""

    def get(self, key: str, version_id: str | None) -> bytes | None:
        """The object, or None when it is gone.

        Raises:
            Unavailable: S3 does not answer.
        """
        ...
