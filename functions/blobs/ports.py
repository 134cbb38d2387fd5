"""What the use cases of `blobs` need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from functions.blobs.domain import StoredObject
from leanda.persistence.tellers import Tellers


class Uploads(Tellers, Protocol):
    def overdue(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Open uploads that are to be looked at by now, longest due first."""
        ...


class Blobs(Tellers, Protocol):
    def sequencers(self, file_id: str) -> list[str]:
        """Of all versions of a file's bytes that are known."""
        ...

    def unhashed(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Stored bytes whose SHA-256 is to be computed by now, longest due first; not those of which `files` is yet to hear."""
        ...


@dataclass(frozen=True)
class Head:
    """What S3 says of an object version."""

    stored: StoredObject
    sha256: str | None
    etag: str


@dataclass(frozen=True)
class Part:
    number: int
    size: int
    etag: str


@dataclass(frozen=True)
class Listed:
    """The latest version of an object in a listing."""

    key: str
    version_id: str
    modified: datetime


@dataclass(frozen=True)
class Listing:
    """One page: `next` is where the following one begins, None at the end."""

    objects: tuple[Listed, ...]
    next: tuple[str, str] | None


class Objects(Protocol):
    """The bucket of originals. Every method raises `Unavailable` when S3 does not answer."""

    def head(self, key: str, version_id: str | None = None) -> Head | None: ...

    def listing(self, prefix: str, *, after: tuple[str, str] | None) -> Listing:
        """A page of the objects below a prefix that are there now, by key, behind a place in the listing."""
        ...

    def read(self, key: str, version_id: str, *, offset: int = 0, limit: int | None = None) -> Iterator[bytes]:
        """The bytes of a version from `offset` on, in blocks; at most `limit` of them.

        Raises:
            NotFound: there is no such version (any more).
        """
        ...

    def store(self, key: str, blocks: Iterable[bytes]) -> None:
        """Store an object from its blocks, part by part. If reading them raises, nothing is stored."""
        ...

    def post(self, key: str, *, size: int, sha256: str | None) -> dict[str, Any]:
        """A presigned POST for exactly `size` bytes: `{url, fields}`."""
        ...

    def start_parts(self, key: str) -> str: ...

    def part_urls(self, key: str, upload_id: str, numbers: list[int]) -> list[dict[str, Any]]: ...

    def parts(self, key: str, upload_id: str) -> list[Part] | None:
        """Parts that arrived, or None when the upload is no longer known (completed or aborted)."""
        ...

    def complete(self, key: str, upload_id: str, parts: list[Part]) -> None: ...

    def abort(self, key: str, upload_id: str) -> None: ...

    def download_url(self, key: str, version_id: str, *, name: str) -> str: ...


class InboxAccess(Protocol):
    def credentials(self, owner_id: str) -> dict[str, Any]:
        """Temporary credentials that may put objects below `inbox/<owner>/` and nothing else."""
        ...
