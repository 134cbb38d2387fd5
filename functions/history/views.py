"""What the API shows of an entry of the log. Pure; camelCase, RFC 3339 UTC."""

from __future__ import annotations

from typing import Any, Final

from functions.history.domain import Entry
from leanda.times import rfc3339

# Where a file lies, and who does what, is the owner's business; a reader of a shared file sees what happened to it.
_OWNERS: Final = frozenset({"parentId", "ownerId", "inboxPath", "userId"})
_NAMES: Final = frozenset({"name"})


def entry(one: Entry, *, whole: bool, names: bool = True) -> dict[str, Any]:
    """An event with its place in the topic.

    Args:
        whole: show also what concerns only the owner.
        names: show also how it is called.
    """
    hidden = (frozenset() if whole else _OWNERS) | (frozenset() if names else _NAMES)
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
        "data": {name: value for name, value in one.data.items() if name not in hidden},
    }
    return {name: value for name, value in shown.items() if value is not None}
