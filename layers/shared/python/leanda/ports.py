"""What use cases need from outside, as protocols. Adapters fulfil them; fakes in `tests/fakes` pass the same tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way to a topic."""

    topic: str
    key: str
    event_id: str
    body: bytes


class Publisher(Protocol):
    def publish(self, messages: Sequence[Message], *, timeout: float) -> None:
        """Send in the given order and return when the broker confirmed every message.

        Raises:
            Unavailable: at least one was not confirmed in `timeout` seconds; any of them may still have arrived.
        """
        ...


class ArtefactStore(Protocol):
    """Message bodies by content: writing the same content again changes nothing."""

    def put(self, file_id: str, run: int, chunk: int, stage: str, body: bytes) -> str:
        """Store and return the SHA-256 (hex) that names it."""
        ...

    def get(self, file_id: str, run: int, chunk: int, stage: str, sha: str) -> bytes:
        """Read a body that somebody announced.

        Raises:
            Unavailable: S3 does not answer.
            NotFound: it is gone: for thirty days its run was not the one that is shown.
        """
        ...


class BlobSource(Protocol):
    """The stored originals, for those who may read them."""

    def blocks(self, blob_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes of a range, in blocks of at most 1 MiB; none where the original has ended.

        Raises:
            NotFound: there is no such original.
            Unavailable: `blobs` or S3 does not answer, or S3 refuses.
        """
        ...
