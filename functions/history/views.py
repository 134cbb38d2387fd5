"""What the API shows of an entry of the log. Pure; camelCase, RFC 3339 UTC."""

from __future__ import annotations

from typing import Any, Final

from functions.history.domain import Entry
from leanda.times import rfc3339

# Where a file lies, and who does what, is the owner's business; a reader of a shared file sees what happened to it.
_OWNERS: Final = frozenset({"parentId", "ownerId", "inboxPath", "userId"})


def entry(one: Entry, *, whole: bool) -> dict[str, Any]:
    """An event with its place in the topic; `whole` shows also what concerns only the owner."""
    data = one.data
    shown: dict[str, Any] = {
        "id": one.id,
        "type": one.type,
        "time": rfc3339(one.time),
        "fileId": one.file_id,
        "userId": one.user_id if whole else None,
        "correlationId": one.correlation_id,
        "causationId": one.causation_id,
        "hops": one.hops,
        "topic": one.topic,
        "partition": one.partition,
        "offset": one.offset,
        "data": data if whole else {name: value for name, value in data.items() if name not in _OWNERS},
    }
    return {name: value for name, value in shown.items() if value is not None}
