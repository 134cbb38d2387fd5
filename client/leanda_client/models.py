"""Shapes of answers, as the API sends them. JSON comes as plain dictionaries: what a newer Leanda adds is simply there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NotRequired, TypedDict

TERMINAL: Final = frozenset({"Processed", "ProcessedPartially", "Failed"})
"""Statuses after which a run does not move on."""
OPEN_RUNS: Final = frozenset({"Open", "Parsing", "Parsed", "Processing"})
"""States of a run that is on its way, maybe beside results that are shown."""


class Profile(TypedDict, total=False):
    """A user; of others only `id` and `displayName` are shown."""

    id: str
    displayName: str
    email: str
    version: int
    createdAt: str
    updatedAt: str


class Failure(TypedDict, total=False):
    """Why something failed: a stable code, a sentence, and a detail for engineers."""

    code: str
    message: str
    detail: str
    deadLetterId: str


class File(TypedDict, total=False):
    """A file. `totalRecords` = `parsedRecords` + `failedRecords`; times are RFC 3339 UTC; `size` is in bytes."""

    id: str
    type: Literal["file"]
    name: str
    parentId: str
    ownerId: str
    version: int
    createdAt: str
    updatedAt: str
    kind: str
    format: str
    size: int
    sha256: str
    status: str
    totalRecords: int
    parsedRecords: int
    failedRecords: int
    indexedRecords: int
    activeRun: int
    latestRun: dict[str, Any]
    failure: Failure
    latestRefusal: Failure
    progress: dict[str, Any]
    metadata: dict[str, Any]
    upload: dict[str, Any]


class Folder(TypedDict, total=False):
    """A folder."""

    id: str
    type: Literal["folder"]
    name: str
    parentId: str | None
    ownerId: str
    version: int
    createdAt: str
    updatedAt: str


class Issue(TypedDict, total=False):
    """Something to know of a record; `place` says where in the file."""

    code: str
    severity: str
    message: str
    place: str


class Record(TypedDict, total=False):
    """A record of a file. `fields` are the file's own values, `properties` are computed and have `units`, by name."""

    id: str
    index: int
    type: str
    status: str
    name: str
    fields: list[dict[str, Any]]
    properties: dict[str, Any]
    units: dict[str, str]
    issues: list[Issue]
    structure: dict[str, str]
    toolkit: str


class Step(TypedDict, total=False):
    """A step of a file's life; `state` is waiting, running, done, failed or notReached."""

    name: str
    state: str
    attempt: int
    startedAt: str
    endedAt: str
    durationMs: int
    parser: dict[str, str]
    chunks: int
    chunksDone: int
    deadLetterId: str
    error: Failure


class Timeline(TypedDict, total=False):
    """What happened to a file in its latest run."""

    fileId: str
    run: int | None
    steps: list[Step]
    letters: list[dict[str, Any]]


class Event(TypedDict, total=False):
    """Something that happened, as the log keeps it, with the place where it was read."""

    id: str
    type: str
    time: str
    fileId: str
    userId: str
    correlationId: str
    causationId: str
    hops: int
    topic: str
    partition: int
    offset: int
    data: dict[str, Any]


class Postponed(TypedDict):
    """How often a consumer could not be asked to take a letter, when that was last, and why."""

    times: int
    at: str
    why: str


class DeadLetter(TypedDict, total=False):
    """What a consumer gave up on. `envelope`, `stack` and `audit` only when it is asked for alone."""

    id: str
    consumer: str
    kind: str
    state: Literal["Waiting", "Redriving", "Redriven", "Discarded"]
    code: str
    message: str
    detail: str
    stack: str
    envelope: str
    encoding: str
    source: str
    topic: str
    partition: int
    offset: int
    key: str
    eventId: str
    eventType: str
    fileId: str
    run: int
    chunk: int
    attempts: int
    failures: int
    redrives: int
    transient: bool
    failedAt: str
    receivedAt: str
    dueAt: str
    reason: str
    outcome: dict[str, Any]
    postponed: Postponed
    audit: list[dict[str, Any]]


class Redrive(TypedDict):
    """How many letters will be delivered again, how many cannot be, and whether there may be more."""

    requested: int
    skipped: int
    more: bool


class Reprocessed(TypedDict):
    """Ids of files that are processed again; and files that cannot be now, with id, code and message."""

    accepted: list[str]
    refused: list[dict[str, str]]
    more: bool


class ReprocessedAll(TypedDict):
    """How many files of all users are processed again; and how many cannot be now, by code."""

    accepted: int
    refused: dict[str, int]
    more: bool


class Replay(TypedDict, total=False):
    """Events of the log on their way to one consumer."""

    id: str
    state: Literal["Open", "Done", "Failed", "Cancelled"]
    consumer: str
    types: list[str]
    limit: int
    perSecond: float
    delivered: int
    problem: str
    next: list[str]


class ReplayCount(TypedDict):
    """Events that a replay would deliver, by type; and if there may be more, the `after` of an order that counts them."""

    matched: dict[str, int]
    next: NotRequired[list[str]]


class Hit(TypedDict, total=False):
    """Something that was found: a file, a folder or a record."""

    id: str
    type: str
    kind: str
    fileId: str
    index: int
    recordType: str
    name: str | None
    status: str
    size: int
    createdAt: str
    score: float | None
    highlights: dict[str, list[str]]
    properties: dict[str, Any]


class SearchPage(TypedDict, total=False):
    """One page of hits; `total` counts all pages."""

    items: list[Hit]
    total: int
    facets: dict[str, list[dict[str, Any]]]
    nextCursor: str | None


@dataclass(frozen=True)
class Picture:
    """What a file or record looks like. A notebook shows it."""

    media_type: str
    content: bytes

    @property
    def extension(self) -> str:
        return {"image/svg+xml": ".svg", "image/png": ".png"}.get(self.media_type, "")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str | bytes]:
        text = self.media_type == "image/svg+xml"
        return {self.media_type: self.content.decode() if text else self.content}


def finished(file: File) -> bool:
    """Whether a file has come to its end: failed, or done with every good record searchable, and not processed again just now."""
    if file.get("status") not in TERMINAL or (file.get("latestRun") or {}).get("state") in OPEN_RUNS:
        return False
    return file["status"] == "Failed" or file.get("indexedRecords", 0) >= file.get("parsedRecords", 0)


def failure_of(file: File) -> Failure | None:
    """Why a file failed, or why its last run did, beside which the good results of an earlier one are still shown."""
    failed: Failure | None = file.get("failure") or (file.get("latestRun") or {}).get("failure")
    return failed
