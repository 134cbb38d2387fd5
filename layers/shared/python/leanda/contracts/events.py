"""The data of every event, with type, topic and key; the source of `events/schemas`. `leanda.contracts.registry` collects them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from pydantic import Field

from leanda.contracts.base import Contract
from leanda.contracts.topics import FILE_EVENTS, PARSER_TASKS, RECORD_EVENTS, USER_EVENTS, Topic


class Counts(Contract):
    """Records of a chunk or a run: total = parsed + failed."""

    total: int = Field(default=0, ge=0)
    parsed: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            total=self.total + other.total, parsed=self.parsed + other.parsed, failed=self.failed + other.failed
        )


class Failure(Contract):
    """Why something failed: a stable code, a sentence for people, a detail for engineers."""

    code: str
    message: str
    detail: str | None = None


class EventData(Contract):
    """Base of all event bodies."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]

    def key(self) -> str:
        """The Kafka key: what must stay in order together."""
        return self.subject()

    def subject(self) -> str:
        """The id of what it happened to."""
        raise NotImplementedError

    def discriminator(self) -> str | None:
        """What tells it apart from others of its type with the same cause; None where the writer counts them."""
        return None


class FileData(EventData):
    """Base of what happens to a file or folder."""

    file_id: str

    def subject(self) -> str:
        return self.file_id


# --- uploads and blobs ------------------------------------------------------------------------------------------------


class UploadRequested(FileData):
    """A file was announced through the API; its bytes are awaited."""

    TYPE, TOPIC = "leanda.files.upload.requested.v1", FILE_EVENTS
    name: str
    parent_id: str
    owner_id: str
    size: int = Field(ge=0)
    sha256: str | None = Field(default=None, description="Of the bytes, if it was announced.")
    revision: int


class MemberRequested(UploadRequested):
    """A member of a stored bundle is to become a file; its bytes are to be taken out of the bundle.

    Attributes:
        bundle_id, blob_id: the bundle's file and the bytes of it that were read.
        offset, compressed_size: where the member's data lie in those bytes.
        method: 0 stored, 8 deflated (APPNOTE.TXT, 4.4.5).
        crc32: of the member's content.
    """

    TYPE = "leanda.files.member.requested.v1"
    bundle_id: str
    blob_id: str
    offset: int = Field(ge=0)
    compressed_size: int = Field(ge=0)
    method: int = Field(ge=0)
    crc32: int = Field(ge=0)

    def discriminator(self) -> str:
        # Asking again for the same cause is the same event, whatever has happened to the file's node in between.
        return self.blob_id


class BlobStored(FileData):
    """Bytes arrived, were checked, and their kind was decided, once."""

    TYPE, TOPIC = "leanda.blobs.blob.stored.v1", FILE_EVENTS
    blob_id: str
    version_id: str
    sequencer: str
    size: int = Field(ge=0)
    checksum: str | None = None
    kind: str
    format: str
    owner_id: str
    name: str
    inbox_path: str | None = None


class BlobRejected(FileData):
    """Bytes arrived that may not be kept (too large, wrong checksum, an unusable name); `sequencer` tells whether after others."""

    TYPE, TOPIC = "leanda.blobs.blob.rejected.v1", FILE_EVENTS
    code: str
    message: str
    owner_id: str
    name: str
    inbox_path: str | None = None
    sequencer: str | None = None


class UploadExpired(FileData):
    """An announced upload did not arrive in time."""

    TYPE, TOPIC = "leanda.blobs.upload.expired.v1", FILE_EVENTS
    code: str
    message: str
    owner_id: str


class BlobHashed(FileData):
    """The SHA-256 of stored bytes is known."""

    TYPE, TOPIC = "leanda.blobs.blob.hashed.v1", FILE_EVENTS
    blob_id: str
    sha256: str


# --- runs: plan, parse, process, store, index -------------------------------------------------------------------------


class RunRequest(FileData):
    """What a parser needs to start a run; the body of `FileCreated` and `FileReprocessRequested` alike."""

    TOPIC = FILE_EVENTS
    run: int = Field(ge=1)
    blob_id: str
    kind: str
    format: str
    size: int = Field(ge=0)
    name: str
    process: bool = True
    position: bool = Field(default=False, description="Tell where a picture was taken.")
    revision: int


class FileCreated(RunRequest):
    """A file has its bytes; its first run may start."""

    TYPE = "leanda.files.file.created.v1"


class FileReprocessRequested(RunRequest):
    """A further run of a file may start beside the results of the last."""

    TYPE = "leanda.files.file.reprocess-requested.v1"


class ChunkRow(Contract):
    """One chunk of a plan: a byte range of the (uncompressed) file that holds whole records.

    `input_sha` names the artefact with the chunk's bytes when the original is compressed and cannot be read by range.
    `at_once` says that whoever planned the chunk read it too, so that there is no task for it; else it is absent.
    """

    n: int = Field(ge=0)
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    first_index: int = Field(ge=0)
    count: int | None = None
    input_sha: str | None = None
    at_once: bool | None = None


class PlanEvent(FileData):
    TOPIC = RECORD_EVENTS
    run: int = Field(ge=1)

    def key(self) -> str:
        return f"{self.file_id}:plan"


class ChunksPlanned(PlanEvent):
    """A part of a run's plan; the run knows its chunks when the part marked `last` is in."""

    TYPE = "leanda.parsers.chunks.planned.v1"
    part: int = Field(default=0, ge=0)
    chunks: tuple[ChunkRow, ...]
    last: bool = True

    def discriminator(self) -> str | None:
        return str(self.part)


class ParseFailed(PlanEvent):
    """The verdict of a parser on the file as a whole."""

    TYPE = "leanda.parsers.file.parse-failed.v1"
    code: str
    message: str
    detail: str | None = None
    parser: str
    version: str
    started_at: datetime
    ended_at: datetime


class ChunkEvent(FileData):
    TOPIC = RECORD_EVENTS
    run: int = Field(ge=1)
    chunk: int = Field(ge=0)

    def key(self) -> str:
        return f"{self.file_id}:{self.chunk}"

    def discriminator(self) -> str | None:
        return str(self.chunk)


class ParseChunk(ChunkEvent):
    """A task: parse one chunk."""

    TYPE, TOPIC = "leanda.parsers.chunk.parse.v1", PARSER_TASKS
    blob_id: str
    kind: str
    format: str
    row: ChunkRow


class ContinuePlan(PlanEvent):
    """A task: plan a file further, from the end of what is planned. Its cause is the request, as that of everything planned."""

    TYPE, TOPIC = "leanda.parsers.plan.continue.v1", PARSER_TASKS
    blob_id: str
    kind: str
    format: str
    size: int = Field(ge=0)
    part: int = Field(ge=0, description="The part of the plan that comes next.")
    n: int = Field(ge=0, description="The number of its first chunk.")
    offset: int = Field(ge=0, description="Where that begins, in bytes of the uncompressed file.")
    first_index: int = Field(ge=0)

    def discriminator(self) -> str | None:
        return str(self.part)


class RecordsParsed(ChunkEvent):
    """A chunk was parsed; its records are in the artefact `parsed-<sha>`."""

    TYPE = "leanda.parsers.records.parsed.v1"
    counts: Counts
    artefact: str
    parser: str
    version: str
    started_at: datetime
    ended_at: datetime
    attempt: int = 1


class RecordsProcessed(ChunkEvent):
    """A chunk's records have their properties; they are complete in the artefact of that name."""

    TYPE = "leanda.processor.records.processed.v1"
    counts: Counts
    artefact: str
    statistics: str
    toolkit: str
    started_at: datetime
    ended_at: datetime
    attempt: int = 1


class RecordsStored(ChunkEvent):
    """A chunk's records are in the store; a hint for the index."""

    TYPE = "leanda.files.records.stored.v1"
    counts: Counts
    artefact: str
    placement: int

    def discriminator(self) -> str | None:
        # The move or run flip that caused it, delivered again after the next one, announces another placement: another fact.
        return f"{self.chunk}.{self.placement}"


class RecordsIndexed(ChunkEvent):
    """A chunk's records can be found."""

    TYPE = "leanda.search.records.indexed.v1"
    counts: Counts
    placement: int

    def discriminator(self) -> str | None:
        # The same hint, delivered again after a move, is answered from the newer placement: that is another fact.
        return f"{self.chunk}.{self.placement}"


class RunState(StrEnum):
    """States of a run, in the order of their rank; the last four end it."""

    OPEN = "Open"
    PARSING = "Parsing"
    PARSED = "Parsed"
    PROCESSING = "Processing"
    FINISHED = "Finished"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    SUPERSEDED = "Superseded"
    NOT_REQUESTED = "NotRequested"


class RunAdvanced(FileData):
    """A run reached a state; the node follows."""

    TYPE, TOPIC = "leanda.files.run.advanced.v1", FILE_EVENTS
    run: int = Field(ge=1)
    state: RunState
    counts: Counts
    indexed: int = 0
    failure: Failure | None = None
    parser: str | None = None
    version: str | None = None


OBJECT_STORED: Final = "s3:ObjectCreated"
"""`event_type` of a letter that holds no event of Leanda but what S3 tells of new bytes."""


class LetterEvent(FileData):
    """A letter of the dead-letter desk that concerns a file; its key is that of the record that could not be handled.

    `owner_id` and `inbox_path` are set if it is about bytes in an inbox: nobody may know of that file yet.
    """

    TOPIC = RECORD_EVENTS
    letter_id: str
    consumer: str
    code: str
    message: str
    event_type: str
    run: int = Field(default=0, ge=0)
    chunk: int | None = None
    attempt: int = 1
    record_key: str
    owner_id: str | None = None
    inbox_path: str | None = None

    def key(self) -> str:
        return self.record_key

    def discriminator(self) -> str | None:
        return str(self.attempt)


class DeadLettered(LetterEvent):
    """A consumer gave an event up; it waits at the dead-letter desk."""

    TYPE = "leanda.deadletters.letter.dead-lettered.v1"


class Redriven(LetterEvent):
    """A letter is being delivered again."""

    TYPE = "leanda.deadletters.letter.redriven.v1"


# --- nodes ------------------------------------------------------------------------------------------------------------


class FileStatus(StrEnum):
    LOADING = "Loading"
    LOADED = "Loaded"
    PARSING = "Parsing"
    PARSED = "Parsed"
    PROCESSING = "Processing"
    PROCESSED = "Processed"
    PROCESSED_PARTIALLY = "ProcessedPartially"
    FAILED = "Failed"


class NodeFact(FileData):
    """Something happened to a file or folder. `file_id` is the node's id; the index reads the rest from its owner."""

    TOPIC = FILE_EVENTS
    node_type: str
    owner_id: str
    revision: int
    placement: int
    name: str | None = None
    parent_id: str | None = None
    status: FileStatus | None = None
    run: int | None = None
    counts: Counts | None = None
    failure: Failure | None = None
    deletion: str | None = Field(default=None, description="Names a deletion; what it took along comes back with it.")
    cursor: str | None = Field(default=None, description="The last child that a cascade has reached.")


class FileStatusChanged(NodeFact):
    TYPE = "leanda.files.file.status-changed.v1"


class FileParsed(NodeFact):
    TYPE = "leanda.files.file.parsed.v1"


class FileParseFailed(NodeFact):
    TYPE = "leanda.files.file.parse-failed.v1"


class FileProcessed(NodeFact):
    TYPE = "leanda.files.file.processed.v1"


class FileIndexed(NodeFact):
    TYPE = "leanda.files.file.indexed.v1"


class RunActivated(NodeFact):
    """A run's results are to be found from now on: a later run's instead of those of the run before, of which `previous_total`
    records were findable; or those of a failed run that goes on, with none."""

    TYPE = "leanda.files.file.run-activated.v1"
    previous_total: int = 0


class FileRenamed(NodeFact):
    TYPE = "leanda.files.file.renamed.v1"


class FileMoved(NodeFact):
    TYPE = "leanda.files.file.moved.v1"


class FileDeleted(NodeFact):
    TYPE = "leanda.files.file.deleted.v1"


class FileRestored(NodeFact):
    TYPE = "leanda.files.file.restored.v1"


class FolderCreated(NodeFact):
    TYPE = "leanda.files.folder.created.v1"


class FolderRenamed(NodeFact):
    TYPE = "leanda.files.folder.renamed.v1"


class FolderMoved(NodeFact):
    TYPE = "leanda.files.folder.moved.v1"


class FolderDeleted(NodeFact):
    TYPE = "leanda.files.folder.deleted.v1"


class FolderRestored(NodeFact):
    TYPE = "leanda.files.folder.restored.v1"


# --- users ------------------------------------------------------------------------------------------------------------


class UserFact(EventData):
    """Something happened to a user."""

    TOPIC = USER_EVENTS
    user_id: str

    def subject(self) -> str:
        return self.user_id


class UserCreated(UserFact):
    TYPE = "leanda.users.user.created.v1"


class UserUpdated(UserFact):
    TYPE = "leanda.users.user.updated.v1"
