"""Errors with a stable code, a sentence for people and a detail for engineers.

An error says whether waiting can help (`transient`). The consumer loop and the HTTP layer decide by that, never by type names.
"""

from __future__ import annotations

from typing import ClassVar


class LeandaError(Exception):
    """Base of everything that Leanda raises on purpose.

    Attributes:
        code: stable, upper snake case; part of the public contract and listed in `docs/error-codes.md`.
        status: the HTTP status under which an API shows it.
        transient: True when the same call may succeed later without anybody changing anything.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    transient: ClassVar[bool] = False
    summary: ClassVar[str] = "Something went wrong inside Leanda."

    def __init__(self, message: str | None = None, *, detail: str | None = None) -> None:
        self.message = message or self.summary
        self.detail = detail
        super().__init__(self.message)


class InvalidRequest(LeandaError):
    code, status, summary = "INVALID_REQUEST", 400, "The request is not valid."


class InvalidCursor(LeandaError):
    code, status, summary = "INVALID_CURSOR", 400, "The cursor was not issued for this request; start again without it."


class Unauthorized(LeandaError):
    code, status, summary = "UNAUTHORIZED", 401, "A valid access token is required."


class Forbidden(LeandaError):
    code, status, summary = "FORBIDDEN", 403, "This caller may not use this operation."


class NotFound(LeandaError):
    code, status, summary = "NOT_FOUND", 404, "There is no such resource, or you may not see it."


class Conflict(LeandaError):
    code, status, summary = "CONFLICT", 409, "The resource is in a state that does not allow this."


class PreconditionFailed(LeandaError):
    code, status, summary = "PRECONDITION_FAILED", 412, "The resource was changed by somebody else; read it again."


class TooLarge(LeandaError):
    code, status, summary = "FILE_TOO_LARGE", 413, "The file is larger than Leanda accepts."


class RateLimited(LeandaError):
    code, status, summary, transient = "RATE_LIMITED", 429, "Too many requests; wait and try again.", True


class Unavailable(LeandaError):
    """A dependency (store, broker, S3, index, another service) does not answer."""

    code, status, transient = "TEMPORARILY_UNAVAILABLE", 503, True
    summary = "A part of Leanda is not available right now; nothing was lost, try again."


class RevisionConflict(Unavailable):
    """Somebody else wrote the same document between our read and our write; reading again resolves it."""

    code, summary = "REVISION_CONFLICT", "The document was changed at the same moment; try again."


class OutboxFull(Unavailable):
    code, summary = "OUTBOX_FULL", "Too many events of this item wait to be published; try again."


class EventRefused(LeandaError):
    """An event that no retry can make acceptable: it is dead-lettered with its envelope."""

    code, summary = "EVENT_MALFORMED", "The event is not a valid Leanda event."


class EventUnknown(EventRefused):
    code, summary = "EVENT_UNKNOWN", "The event's type or version is not known here."


class HopLimitExceeded(EventRefused):
    code, summary = "HOP_LIMIT_EXCEEDED", "The event was passed on too many times: a loop."


class ParseFailure(LeandaError):
    """The verdict of a parser on a whole file. It is an outcome (an event), not a defect."""

    code, status, summary = "FILE_UNREADABLE", 422, "The file could not be read."


class FileEmpty(ParseFailure):
    code, summary = "FILE_EMPTY", "The file holds no data."


class FormatMismatch(ParseFailure):
    code, summary = "FORMAT_MISMATCH", "The content is not what the file's name or first bytes promise."


class FileCorrupt(ParseFailure):
    code, summary = "FILE_CORRUPT", "The file is damaged: its compressed or encoded content cannot be read."


class FileBomb(ParseFailure):
    code, summary = "FILE_BOMB", "The file unpacks to far more than Leanda accepts."


class NoRecords(ParseFailure):
    code, summary = "NO_RECORDS", "The file was read, but there is no record in it."


class NoGoodRecord(ParseFailure):
    code, summary = "NO_GOOD_RECORD", "Not one record of the file could be read."
