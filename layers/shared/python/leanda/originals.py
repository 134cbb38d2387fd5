"""What the keys of the bucket of originals mean: whose an object is, and which file it belongs to.

`uploads/<file id>` is an upload that was announced; `inbox/<user>/<path>` was dropped by that user.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from leanda import ids, limits

UPLOADS: Final = "uploads/"
INBOX: Final = "inbox/"
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Place:
    """Where an object belongs. `owner_id` and `inbox_path` are set for objects of the inbox."""

    file_id: str
    name: str
    owner_id: str | None = None
    inbox_path: str | None = None


def upload_key(file_id: str) -> str:
    return f"{UPLOADS}{file_id}"


def place_of(key: str) -> Place | None:
    """The place of a key; None for keys that are nobody's (nothing is to be done).

    An inbox path that cannot be used still has a place: its owner is told by a failed file.
    """
    if key.startswith(UPLOADS):
        file_id = key[len(UPLOADS) :]
        return Place(file_id, file_id) if _UUID.match(file_id) else None
    if not key.startswith(INBOX):
        return None
    owner_id, _, path = key[len(INBOX) :].partition("/")
    if not _UUID.match(owner_id):
        return None
    normal = unicodedata.normalize("NFC", path)
    return Place(ids.file_id_of_inbox(owner_id, normal), shown_name(normal), owner_id, normal)


def is_usable(path: str) -> bool:
    """Whether an inbox path can be shown, stored and told apart from others.

    Not with `..` or `.`, empty segments, control characters, backslashes, deeper than 32, or a name over 255 characters.
    """
    segments = path.split("/")
    if len(path.encode()) > limits.MAX_PATH_BYTES or len(segments) > limits.MAX_FOLDER_DEPTH - 1:
        return False
    return not any(
        any(unicodedata.category(character)[0] == "C" for character in segment)
        or segment.strip() in {"", ".", ".."}
        or "\\" in segment
        or len(segment) > limits.MAX_NAME_CHARACTERS
        for segment in segments
    )


def shown_name(path: str) -> str:
    """The last segment, with everything unprintable taken out: good for showing even when the path is refused."""
    last = path.rstrip("/").rpartition("/")[2].replace("\\", "_")
    cleaned = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()
    return cleaned[: limits.MAX_NAME_CHARACTERS] if cleaned not in {"", ".", ".."} else "unnamed"
