"""The shapes of what the public API answers, for the OpenAPI document.

Handlers answer with what views make from stored documents, so no model stands in their way at run time. These models
describe the same answers; `tests/contracts/test_api_answers.py` holds real answers against them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from leanda.contracts.artefacts import FieldValue, Issue, RecordStatus, Structure
from leanda.contracts.events import Failure, FileStatus, RunState


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


# --- files and folders ------------------------------------------------------------------------------------------------


class _Node(_Answer):
    id: str
    name: str
    parent_id: str | None
    version: int = Field(description="Counts edits by users; its ETag goes into `If-Match`.")


class Folder(_Node):
    """A folder. The root of a user has the user's id and no owner, no dates."""

    type: Literal["folder"]
    owner_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class LatestRun(_Answer):
    """The newest attempt to parse the file; the shown results may still be those of the one before."""

    run: int
    state: RunState
    failure: Failure | None = None


class LatestRefusal(_Answer):
    """Bytes that came for the file after those that it has and could not be kept."""

    code: str
    message: str
    at: datetime


class Progress(_Answer):
    """How far a run that is going on has come; `total` is known as soon as every chunk is planned and counted."""

    processed: int
    failed: int
    total: int | None


class File(_Node):
    """A file. totalRecords = parsedRecords + failedRecords; indexedRecords of them can be found."""

    type: Literal["file"]
    owner_id: str
    created_at: datetime
    updated_at: datetime
    kind: str | None = Field(default=None, description="The family of parsers: chemical, tabular, …, generic.")
    format: str | None = Field(default=None, description="sdf, csv, …")
    size: int
    sha256: str | None = None
    status: FileStatus
    total_records: int
    parsed_records: int
    failed_records: int
    indexed_records: int
    active_run: int
    latest_run: LatestRun | None = None
    failure: Failure | None = None
    latest_refusal: LatestRefusal | None = None
    progress: Progress | None = None
    metadata: dict[str, Any] | None = Field(default=None, description="What is known of the fields of its records.")


class PostUpload(_Answer):
    """Send one multipart/form-data POST with `fields` and the file to `url`."""

    kind: Literal["post"]
    url: str
    fields: dict[str, str]


class PartAddress(_Answer):
    number: int
    url: str


class MultipartUpload(_Answer):
    """PUT each part to its address, then POST `completeUrl`. At most 100 addresses come at once; ask for more."""

    kind: Literal["multipart"]
    upload_id: str
    part_size: int
    parts: list[PartAddress]
    complete_url: str


class AnnouncedFile(File):
    """A file that waits for its bytes, and how to send them."""

    upload: Annotated[PostUpload | MultipartUpload, Field(discriminator="kind")]


Node = Annotated[File | Folder, Field(discriminator="type")]


class Nodes(_Answer):
    """A page; `nextCursor` leads to the next one and is absent on the last."""

    items: list[Node]
    next_cursor: str | None = None


class RefusedFile(_Answer):
    id: str
    code: str
    message: str


class Reprocessing(_Answer):
    """Files that are processed again, files that cannot be now and why, and whether others fit beyond the limit."""

    accepted: list[str]
    refused: list[RefusedFile]
    more: bool
    next_cursor: str | None = Field(default=None, description="Repeat the order with it as `cursor` to go on.")


class ReprocessingAll(_Answer):
    """How many files of all users are processed again, how many cannot be now by code, and whether others fit beyond the limit."""

    accepted: int
    refused: dict[str, int]
    more: bool
    next_cursor: str | None = Field(default=None, description="Repeat the order with it as `cursor` to go on.")


# --- records and processing -------------------------------------------------------------------------------------------


class Record(_Answer):
    """A molecule, a row, … A failed one has issues that say why and where. `units` are those of its properties, by name."""

    id: str
    index: int
    type: str
    status: RecordStatus
    name: str | None = None
    fields: list[FieldValue] = Field(default_factory=list)
    properties: dict[str, Any] = Field(default_factory=dict)
    units: dict[str, str] | None = None
    issues: list[Issue] = Field(default_factory=list)
    toolkit: str | None = None


class WholeRecord(Record):
    structure: Structure | None = None


class Records(_Answer):
    items: list[Record]
    next_cursor: str | None = None


class ParserUsed(_Answer):
    name: str
    version: str


class Step(_Answer):
    """One step of a file's way. `attempt` counts from 1."""

    name: Literal["upload", "parse", "process", "store", "index"]
    state: Literal["waiting", "running", "done", "failed", "notReached"]
    attempt: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    parser: ParserUsed | None = None
    chunks: int | None = None
    chunks_done: int | None = None
    error: Failure | None = None


class Processing(_Answer):
    file_id: str
    run: int | None
    steps: list[Step]


# --- uploads ----------------------------------------------------------------------------------------------------------


class ArrivedPart(_Answer):
    number: int
    size: int
    etag: str


class UploadState(_Answer):
    file_id: str
    state: str


class UploadProgress(UploadState):
    """What has arrived, and fresh addresses for what has not."""

    kind: Literal["post", "multipart"]
    uploaded: list[ArrivedPart]
    post: PostUpload | None = None
    part_size: int | None = None
    parts: list[PartAddress] | None = None


class InboxCredentials(_Answer):
    """Temporary AWS credentials that can put objects below `prefix` and nothing else."""

    bucket: str
    prefix: str
    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


# --- search, users ----------------------------------------------------------------------------------------------------


class Hit(_Answer):
    """A file, a folder or a record. `fileId`, `index` and `properties` belong to records."""

    id: str
    type: Literal["file", "folder", "record"]
    kind: str | None = None
    file_id: str | None = None
    index: int | None = None
    record_type: str | None = None
    name: str | None
    status: str | None = None
    size: int | None = None
    created_at: datetime | None = None
    properties: dict[str, Any] | None = None
    score: float | None
    highlights: dict[str, list[str]]


class Bucket(_Answer):
    value: Any
    count: int


class Hits(_Answer):
    """A page of hits; it may hold fewer than `limit` and still be followed by another."""

    items: list[Hit]
    total: int
    facets: dict[str, list[Bucket]]
    next_cursor: str | None


class LoggedEvent(_Answer):
    """An event as the log keeps it, with its place in its topic."""

    id: str
    type: str
    time: datetime
    file_id: str | None = None
    user_id: str | None = None
    correlation_id: str
    causation_id: str
    hops: int
    topic: str
    partition: int
    offset: int
    data: dict[str, Any]


class LoggedEvents(_Answer):
    items: list[LoggedEvent]
    next_cursor: str | None = None


class User(_Answer):
    """A user; all but `id` and `displayName` only for the user."""

    id: str
    display_name: str
    version: int | None = None
    email: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Version(_Answer):
    service: str
    environment: str
    version: str


class FieldError(_Answer):
    field: str
    message: str


class DeletedFolder(_Answer):
    """The folder to restore first."""

    id: str
    name: str


class Problem(_Answer):
    """RFC 9457, with the stable `code` of `docs/error-codes.md`."""

    type: str
    title: str
    status: int
    detail: str | None = None
    code: str
    correlation_id: str | None = None
    errors: list[FieldError] | None = None
    folder: DeletedFolder | None = None


class Postponed(_Answer):
    """How often a consumer could not be asked, when that was last, and why."""

    times: int
    at: datetime
    why: str


class DeadLetter(_Answer):
    """An event, a batch or a message that a function gave up on. Members that are not known are absent."""

    id: str
    consumer: str
    kind: str
    state: Literal["Waiting", "Redriving", "Redriven", "Discarded"]
    code: str
    message: str
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    key: str | None = None
    attempts: int | None = None
    failures: int
    redrives: int
    transient: bool
    failed_at: datetime
    received_at: datetime
    due_at: datetime | None = Field(default=None, description="When it is delivered again by itself.")
    requested_by: str | None = None
    reason: str | None = Field(default=None, description="Why it was discarded.")
    outcome: dict[str, Any] | None = Field(default=None, description="How the latest delivery went.")
    postponed: Postponed | None = Field(
        default=None, description="Its consumer could not be asked; it will be, at `dueAt`."
    )
    file_id: str | None = None
    run: int | None = None
    chunk: int | None = None
    event_id: str | None = None
    event_type: str | None = None
    correlation_id: str | None = None
    user_id: str | None = None


class WholeDeadLetter(DeadLetter):
    """With the envelope as it came, the stack, and who did what, when."""

    detail: str | None = None
    stack: str | None = None
    envelope: str
    encoding: str
    source: Any = None
    automatic_until: datetime | None = None
    audit: list[dict[str, Any]]


class DeadLetters(_Answer):
    items: list[DeadLetter]
    next_cursor: str | None = None


class Redriving(_Answer):
    """How many letters will be delivered again, how many cannot be, and whether others may fit beyond the limit."""

    requested: int
    skipped: int
    more: bool


class Svg(_Answer):
    """Marks an answer that is a picture and no JSON."""


_Next = Annotated[
    tuple[datetime, str] | None,
    Field(default=None, description="There may be more; the `after` of the same order, to go on."),
]


class ReplayCount(_Answer):
    """Events that a replay would deliver, by type."""

    matched: dict[str, int]
    next: _Next


class Erased(_Answer):
    """Entries of the log that were redacted, and whether the order must be repeated for the rest."""

    redacted: int
    more: bool


class Replay(_Answer):
    """Events of the log on their way to one consumer."""

    id: str
    state: Literal["Open", "Done", "Failed", "Cancelled"]
    consumer: str
    file_id: str | None = None
    types: list[str]
    since: datetime | None = None
    until: datetime | None = None
    limit: int
    per_second: float
    delivered: int
    problem: str | None = Field(default=None, description="Why the latest slice was not taken; it is tried again.")
    created_at: datetime
    at: datetime | None = Field(default=None, description="When the latest slice ended.")
    next: _Next


# Operation (the handler's function) → status and body of its success; None is no body.
SUCCESS: dict[str, tuple[int, type[BaseModel] | None]] = {
    "create_file": (202, AnnouncedFile),
    "list_files": (200, Nodes),
    "get_file": (200, File),
    "edit_file": (200, File),
    "delete_file": (204, None),
    "restore_file": (200, File),
    "reprocess_file": (202, File),
    "reprocess_files": (202, Reprocessing),
    "reprocess_all_users": (202, ReprocessingAll),
    "list_records": (200, Records),
    "get_record": (200, WholeRecord),
    "get_processing": (200, Processing),
    "get_content": (302, None),
    "get_thumbnail": (200, Svg),
    "get_record_image": (200, Svg),
    "create_folder": (201, Folder),
    "list_folders": (200, Nodes),
    "get_folder": (200, Folder),
    "edit_folder": (200, Folder),
    "delete_folder": (204, None),
    "restore_folder": (200, Folder),
    "list_children": (200, Nodes),
    "get_upload": (200, UploadProgress),
    "complete_upload": (202, UploadState),
    "abort_upload": (204, None),
    "inbox_credentials": (201, InboxCredentials),
    "search": (200, Hits),
    "file_events": (200, LoggedEvents),
    "user_events": (200, LoggedEvents),
    "count_replay": (200, ReplayCount),
    "order_replay": (202, Replay),
    "get_replay": (200, Replay),
    "erase_history": (200, Erased),
    "cancel_replay": (200, Replay),
    "list_letters": (200, DeadLetters),
    "get_letter": (200, WholeDeadLetter),
    "redrive_letter": (202, DeadLetter),
    "redrive_letters": (202, Redriving),
    "discard_letter": (200, DeadLetter),
    "get_me": (200, User),
    "edit_me": (200, User),
    "get_user": (200, User),
}
