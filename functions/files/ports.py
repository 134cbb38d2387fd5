"""What the use cases of `files` need: nodes, runs and records in their own store, and the neighbour that holds the bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from leanda.contracts.artefacts import Row
from leanda.contracts.events import RunState
from leanda.persistence.aggregates import Aggregates
from leanda.persistence.tellers import Tellers


@dataclass(frozen=True)
class NodeFilter:
    """What a list of files, or of folders, may be narrowed to."""

    status: str | None = None
    kind: str | None = None
    deleted: bool = False
    failure_code: str | None = None
    parser_version: str | None = None
    folder_id: str | None = None
    type: str = "file"


class Nodes(Tellers, Protocol):
    """Folders and files. What a file told is that its bytes are awaited, until it has them or it is known why not."""

    def children(self, parent_id: str, *, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
        """Living children in the order of (name, id), after a position."""
        ...

    def files_of(
        self, owner_id: str | None, wanted: NodeFilter, *, after: Sequence[Any] | None, limit: int
    ) -> list[dict[str, Any]]:
        """A user's files (or folders), or with None those of all, newest first, after a position (createdAt, id)."""
        ...

    def below(self, parent_id: str, *, after: str | None, limit: int) -> list[str]:
        """Ids of all direct children, deleted ones too, in the order of their ids, after an id."""
        ...

    def is_deeper(self, owner_id: str, folder_id: str, levels: int) -> bool:
        """Whether anything below a folder, deleted or not, has more than so many ancestors."""
        ...


class Runs(Aggregates, Protocol):
    """Runs of files."""

    def overdue(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Open runs whose deadline has passed."""
        ...

    def further(self, state: RunState, *, kind: str | None = None) -> dict[str, Any] | None:
        """Of the runs (of a kind) that are beyond a state, and are open or finished, the one that began last; of several the
        one that came there last."""
        ...

    def unindexed(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Runs whose stored records should all have been found by now."""
        ...

    def unheard(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Runs whose end their file should show by now."""
        ...

    def untidy(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Runs that ended so long ago that nobody needs what they replaced, or what they made in vain."""
        ...


class Records(Protocol):
    """Records of runs: inserted once, never changed."""

    def insert(self, file_id: str, run: int, records: Iterable[Row]) -> None:
        """Insert what is not there yet; what is there stays as it is."""
        ...

    def page(
        self, file_id: str, run: int, *, status: str | None, after: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """Records in the order of their index, after an index."""
        ...

    def get(self, file_id: str, run: int, index: int) -> dict[str, Any] | None: ...

    def remove(self, file_id: str, run: int, *, limit: int) -> int:
        """Remove at most so many records of a run; how many were there to remove."""
        ...


class Leftovers(Protocol):
    """Artefacts of runs, as something to be removed."""

    def remove(self, file_id: str, run: int) -> int:
        """Remove all artefacts of a run; how many there were.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        ...


@dataclass(frozen=True)
class UploadRequest:
    """What `blobs` needs to open an upload; repeating it gives the same upload."""

    file_id: str
    owner_id: str
    name: str
    size: int
    sha256: str | None


class Blobs(Protocol):
    """The context that holds the bytes, one hop away."""

    def open_upload(self, request: UploadRequest) -> dict[str, Any]: ...

    def download_url(self, blob_id: str) -> str: ...
