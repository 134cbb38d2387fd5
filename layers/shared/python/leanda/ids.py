"""Identifiers. Where something follows from a cause its id follows from the cause too, so that a repetition repeats the id.

Rules: the table "Words" of the life of a file (`docs/architecture.md`).
"""

from __future__ import annotations

import unicodedata
import uuid
from typing import Final

NAMESPACE: Final = uuid.UUID("6a1f0f4e-6c35-5c39-9d3c-0d2b6b1f7a55")


def _derived(*parts: object) -> str:
    # A unit separator keeps ("ab", "c") and ("a", "bc") apart.
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))


def file_id_of_request(user_id: str, idempotency_key: str) -> str:
    """The id of a file that is created by a repeatable request."""
    return _derived("request", user_id, idempotency_key)


def file_id_of_inbox(owner_id: str, path: str) -> str:
    """The id of a file that lands under `inbox/<owner>/<path>`; the path is compared in Unicode NFC."""
    return _derived("inbox", owner_id, unicodedata.normalize("NFC", path))


def folder_id_of_inbox(parent_id: str, name: str) -> str:
    """The id of a folder made from a segment of an inbox path."""
    return _derived("folder", parent_id, unicodedata.normalize("NFC", name))


def folder_id_instead(folder_id: str, deletion: str) -> str:
    """The id of the folder that takes the place of a deleted one when something is dropped there; `deletion` names its deletion."""
    return _derived("folder instead", folder_id, deletion)


def file_id_of_member(blob_id: str, path: str) -> str:
    """The id of the file that a member of a bundle of these bytes becomes; the path is compared in Unicode NFC."""
    return _derived("member", blob_id, unicodedata.normalize("NFC", path))


def folder_id_of_bundle(blob_id: str) -> str:
    """The id of the folder that holds what was in a bundle of these bytes."""
    return _derived("bundle", blob_id)


def blob_id(file_id: str, version_id: str) -> str:
    """The id of the immutable bytes stored as one object version."""
    return _derived("blob", file_id, version_id)


def record_id(file_id: str, index: int) -> str:
    """The public id of a record; the same in every run of its file."""
    return _derived("record", file_id, index)


def event_id(cause: str, event_type: str, subject: str, sequence: object = 0) -> str:
    """The id of an event that follows from `cause` (an event id, or the id of the request that asked for it)."""
    return _derived("event", cause, event_type, subject, sequence)


def run_key(file_id: str, run: int) -> str:
    """`_id` of a run document."""
    return f"{file_id}:{run}"


def stored_record_key(file_id: str, run: int, index: int) -> str:
    """`_id` of a stored record."""
    return f"{file_id}:{run}:{index}"


def new_id() -> str:
    """A random id, for what no event caused."""
    return str(uuid.uuid4())
