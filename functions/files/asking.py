"""What an `Idempotency-Key` was used for. The same request again means the same thing; another one under its key is refused.

Source: IETF draft "The Idempotency-Key HTTP Header Field", section 2.7 (422 for a key that is reused with another payload). Pure.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from functions.files.domain import FILE, FOLDER, Node
from functions.files.models import NewFile, NewFolder
from leanda.errors import Conflict, LeandaError


class KeyReused(LeandaError):
    code, status = "IDEMPOTENCY_KEY_REUSED", 422
    summary = "This Idempotency-Key was used for another request; use a new one for each."


class MadeAndDeleted(Conflict):
    code, summary = (
        "MADE_AND_DELETED",
        "What this Idempotency-Key made was deleted since; restore it, or use another key.",
    )


def asked_for(wanted: NewFile | NewFolder, *, name: str, parent_id: str) -> str:
    """A digest of all that a request asks for.

    Args:
        name: as it is stored.
        parent_id: of the folder it means, the owner's root included.
    """
    said: dict[str, Any] = wanted.model_dump(mode="json") | {"name": name, "parent_id": parent_id}
    if said.get("sha256"):
        said["sha256"] = said["sha256"].lower()
    said["type"] = FILE if isinstance(wanted, NewFile) else FOLDER
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def check_repetition(node: Node, new: Node) -> None:
    """Compare what a key made with what the same key would make now.

    Raises:
        KeyReused: it was something else.
        MadeAndDeleted: it is not there any more.
    """
    told_by = (
        ("asked",) if node.get("asked") else ("type", "name", "size")
    )  # what was made before digests were kept has none
    if any(node.get(name) != new.get(name) for name in told_by):
        raise KeyReused
    if node["deleted"]:
        raise MadeAndDeleted
