"""The rules of uploads and stored bytes: keys, parts, what is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from leanda import ids, limits
from leanda.changes import NOTHING, Change
from leanda.contracts.events import BlobHashed, BlobRejected, BlobStored, MemberRequested, UploadExpired
from leanda.errors import InvalidRequest, LeandaError
from leanda.originals import Place, is_usable
from leanda.parsing.signatures import Kind

MEMBER: Final = "member"
"""Kind of an upload that nobody sends: its bytes are in a bundle."""
MAX_PARTS: Final = 10_000
LOST_AFTER: Final = timedelta(seconds=limits.STEP_SECONDS)
"""S3 tells of an object within seconds; what nobody was told of after this time, nobody will be told of."""


class BlobRefused(LeandaError):
    """Stored bytes that may not be kept; an outcome, told to the owner."""

    code, status, summary = "BLOB_REFUSED", 422, "The uploaded bytes were refused."


class InboxKeyRefused(BlobRefused):
    code, summary = (
        "INBOX_KEY_REFUSED",
        "The path cannot be used: it has empty, dot or unprintable parts, or is too long or deep.",
    )


class BlobTooLarge(BlobRefused):
    code, summary = "FILE_TOO_LARGE", f"The file is larger than {limits.MAX_FILE_BYTES} bytes."


class SizeMismatch(BlobRefused):
    code, summary = "BLOB_SIZE_MISMATCH", "The uploaded file does not have the size that was announced."


class ChecksumMismatch(BlobRefused):
    code, summary = "BLOB_CHECKSUM_MISMATCH", "The uploaded file does not have the SHA-256 that was announced."


class BlobGone(BlobRefused):
    code, summary = "BLOB_GONE", "The uploaded bytes are not there any more."


class BlobUnreadable(BlobRefused):
    code, summary = (
        "BLOB_UNREADABLE",
        "The uploaded bytes could not be read within a day to compare their SHA-256; upload the file again.",
    )


class MemberCorrupt(BlobRefused):
    code, summary = "MEMBER_CORRUPT", "The member cannot be taken out of its bundle: its bytes are damaged."


class BundleGone(BlobRefused):
    code, summary = "BUNDLE_GONE", "The bundle that the file was in is not there any more."


@dataclass(frozen=True)
class StoredObject:
    """One object version as S3's notification or a HEAD tells of it."""

    key: str
    version_id: str
    size: int
    sequencer: str


def check_inbox_path(path: str) -> None:
    """Refuse paths that could not be shown, stored or told apart.

    Raises:
        InboxKeyRefused: see `leanda.originals.is_usable`.
    """
    if not is_usable(path):
        raise InboxKeyRefused


def part_size(size: int) -> int:
    """Bytes of one part: 16 MiB, or more where 10,000 parts would not do."""
    smallest = -(-size // MAX_PARTS)
    return max(limits.PART_BYTES, -(-smallest // limits.MIB) * limits.MIB)


def part_count(size: int, size_of_part: int) -> int:
    return max(1, -(-size // size_of_part))


def new_upload(
    *, file_id: str, owner_id: str, name: str, size: int, sha256: str | None, correlation_id: str, at: datetime
) -> dict[str, Any]:
    """The document of an announced upload."""
    if size > limits.MAX_FILE_BYTES:
        raise InvalidRequest(BlobTooLarge.summary)
    multipart = size > limits.MAX_POST_BYTES
    return {
        "_id": file_id,
        "ownerId": owner_id,
        "name": name,
        "size": size,
        "sha256": sha256.lower() if sha256 else None,
        "kind": "multipart" if multipart else "post",
        **({"partSize": part_size(size)} if multipart else {}),
        "state": "Open",
        "correlationId": correlation_id,
        "createdAt": at,
        "expiresAt": at + timedelta(seconds=limits.UPLOAD_OPEN_SECONDS),
        "lookAt": at + LOST_AFTER,
        "revision": 0,
    }


def member_upload(wanted: MemberRequested, *, cause: str, correlation_id: str, at: datetime) -> dict[str, Any]:
    """The document of a file whose bytes Leanda takes out of a bundle itself.

    Args:
        cause: the event that asks for it.
    """
    upload = new_upload(
        file_id=wanted.file_id,
        owner_id=wanted.owner_id,
        name=wanted.name,
        size=wanted.size,
        sha256=None,
        correlation_id=correlation_id,
        at=at,
    )
    upload.pop("partSize", None)
    return upload | {"kind": MEMBER, "cause": cause}


def reopened(upload: dict[str, Any], *, cause: str, at: datetime) -> Change:
    """A member's upload that ended without bytes is tried again, if somebody asks again."""
    if upload["state"] not in {"Rejected", "Expired"} or upload["cause"] == cause:
        return NOTHING
    expires = at + timedelta(seconds=limits.UPLOAD_OPEN_SECONDS)
    changed = {"state": "Open", "cause": cause, "expiresAt": expires, "lookAt": at + LOST_AFTER}
    return Change(set_=changed, unset=("told", "tellAt", "tellings"))


def member_refused(upload: dict[str, Any], error: BlobRefused, *, at: datetime) -> Change:
    """The bytes of a member cannot be had; its owner is told why."""
    told = BlobRejected(
        file_id=upload["_id"], code=error.code, message=error.message, owner_id=upload["ownerId"], name=upload["name"]
    )
    return Change(set_={"state": "Rejected", "endedAt": at}, emit=(told,))


def check(found: StoredObject, sha256: str | None, upload: dict[str, Any] | None) -> None:
    """Whether stored bytes are what was announced.

    Raises:
        BlobRefused: they are not, or there are too many of them.
    """
    if found.size > limits.MAX_FILE_BYTES:
        raise BlobTooLarge
    if upload is None:
        return
    if found.size != upload["size"]:
        raise SizeMismatch(detail=f"announced {upload['size']}, stored {found.size}")
    if upload.get("sha256") and sha256 and sha256 != upload["sha256"]:
        raise ChecksumMismatch(detail=f"announced {upload['sha256']}, stored {sha256}")


def blob(
    place: Place, found: StoredObject, kind: Kind, *, owner_id: str, name: str, checksum: str | None, at: datetime
) -> tuple[dict[str, Any], Change]:
    """The document of stored bytes, and its announcement."""
    blob_id = ids.blob_id(place.file_id, found.version_id)
    document = {
        "_id": blob_id,
        "fileId": place.file_id,
        "ownerId": owner_id,
        "name": name,
        "key": found.key,
        "versionId": found.version_id,
        "sequencer": found.sequencer,
        "size": found.size,
        "checksum": checksum,
        "kind": kind.kind,
        "format": kind.format,
        "createdAt": at,
        "revision": 0,
    }
    return document, Change(emit=(_stored(document, place.inbox_path),))


def _stored(blob: dict[str, Any], inbox_path: str | None) -> BlobStored:
    return BlobStored(
        file_id=blob["fileId"],
        blob_id=blob["_id"],
        version_id=blob["versionId"],
        sequencer=blob["sequencer"],
        size=blob["size"],
        checksum=blob["checksum"],
        kind=blob["kind"],
        format=blob["format"],
        owner_id=blob["ownerId"],
        name=blob["name"],
        inbox_path=inbox_path,
    )


def unhashed(blob: dict[str, Any], *, announced: str | None, correlation_id: str, at: datetime) -> dict[str, Any]:
    """The document of bytes whose SHA-256 nobody knows yet.

    Args:
        announced: what it is to be. Then nobody hears of the bytes before it is.
    """
    return blob | {"unhashed": {"at": at, "announced": announced, "correlationId": correlation_id}}


def hashed(blob: dict[str, Any], sha256: str | None) -> Change:
    """The SHA-256 of stored bytes is known (None: they are gone): it is told, or the bytes are accepted or refused for it."""
    announced, done = blob["unhashed"]["announced"], ("unhashed",)
    known = {"checksum": f"sha256:{sha256}"}
    if announced is None:
        told = BlobHashed(file_id=blob["fileId"], blob_id=blob["_id"], sha256=sha256) if sha256 else None
        return Change(set_=known, unset=done, emit=(told,)) if told else Change(unset=done)
    if sha256 == announced:
        return Change(set_=known, unset=done, emit=(_stored(blob | known, None),))
    return _unhashable(blob, ChecksumMismatch() if sha256 else BlobGone())


def never_hashed(blob: dict[str, Any]) -> Change:
    """The bytes could not be read however often that was tried: nobody waits for their SHA-256 any longer."""
    return _unhashable(blob, BlobUnreadable()) if blob["unhashed"]["announced"] else Change(unset=("unhashed",))


def _unhashable(blob: dict[str, Any], error: BlobRefused) -> Change:
    return Change(set_={"refused": error.code}, unset=("unhashed",), emit=(_rejected(blob, error, None),))


def refusal(
    place: Place, found: StoredObject, error: BlobRefused, *, owner_id: str, name: str, at: datetime
) -> tuple[dict[str, Any], Change]:
    """The document of refused bytes, and what their owner is told."""
    document = {
        "_id": ids.blob_id(place.file_id, found.version_id),
        "fileId": place.file_id,
        "ownerId": owner_id,
        "key": found.key,
        "versionId": found.version_id,
        "sequencer": found.sequencer,
        "size": found.size,
        "refused": error.code,
        "createdAt": at,
        "revision": 0,
    }
    return document, Change(emit=(_rejected(document | {"name": name}, error, place.inbox_path),))


def _rejected(blob: dict[str, Any], error: BlobRefused, inbox_path: str | None) -> BlobRejected:
    return BlobRejected(
        file_id=blob["fileId"],
        code=error.code,
        message=error.message,
        owner_id=blob["ownerId"],
        name=blob["name"],
        inbox_path=inbox_path,
        sequencer=blob["sequencer"],
    )


def upload_ended(upload: dict[str, Any], state: str, *, at: datetime) -> Change:
    """The upload is over: Stored or Rejected."""
    return Change(set_={"state": state, "endedAt": at}) if upload["state"] == "Open" else Change()


def looked_at(upload: dict[str, Any], *, at: datetime) -> Change:
    """Nothing has arrived yet: look again when the upload is twice as old, at the latest when its time is over."""
    again = max(at + LOST_AFTER, at + (at - upload["createdAt"]))
    return Change(set_={"lookAt": min(again, max(upload["expiresAt"], at + LOST_AFTER))})


def sequencer_after(known: Iterable[str]) -> str:
    """The order of an object version that S3 did not tell of, and that is the latest: right after all known ones of its key.

    S3's own sequencers grow by far more from one put to the next, so a later version still comes after it.
    """
    return f"{max((order(one) for one in known), default=0) + 1:018X}"


def order(sequencer: str) -> int:
    """S3's sequencer as a number (Amazon S3 user guide, "Event message structure": compare after padding with zeros)."""
    try:
        return int(sequencer, 16)
    except ValueError:
        return 0


def upload_aborted(upload: dict[str, Any], *, at: datetime) -> Change:
    """Whoever was to send the bytes gave them up."""
    return _over(upload, "UPLOAD_ABORTED", "The upload was given up before all of the file had arrived.", at)


def upload_expired(upload: dict[str, Any], *, at: datetime) -> Change:
    """The bytes did not come in time."""
    hours = limits.UPLOAD_OPEN_SECONDS // 3600
    message = f"The file was not uploaded within {hours} hours; upload it again."
    if upload["kind"] == MEMBER:
        message = f"The file was not taken out of its bundle within {hours} hours; process the bundle again."
    return _over(upload, "UPLOAD_EXPIRED", message, at)


def _over(upload: dict[str, Any], code: str, message: str, at: datetime) -> Change:
    told = UploadExpired(file_id=upload["_id"], code=code, message=message, owner_id=upload["ownerId"])
    return Change(set_={"state": "Expired", "endedAt": at}, emit=(told,))
