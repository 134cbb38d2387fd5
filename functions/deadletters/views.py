"""What the API shows of letters. Pure; camelCase, RFC 3339 UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.deadletters.domain import Letter
from leanda.times import rfc3339

_SHORT = (
    "consumer",
    "kind",
    "state",
    "code",
    "message",
    "topic",
    "partition",
    "offset",
    "key",
    "attempts",
    "failures",
    "redrives",
    "transient",
    "failedAt",
    "receivedAt",
    "dueAt",
    "requestedBy",
    "reason",
    "outcome",
    "postponed",
)
_WHOLE = ("detail", "stack", "envelope", "encoding", "source", "automaticUntil", "audit")


def short(letter: Letter) -> dict[str, Any]:
    """A letter in a list: what it is about, but not what is in it."""
    return _shown(letter, _SHORT)


def whole(letter: Letter) -> dict[str, Any]:
    """Everything: the envelope as it came, the stack, and who did what, when."""
    return _shown(letter, (*_SHORT, *_WHOLE))


def _shown(letter: Letter, names: tuple[str, ...]) -> dict[str, Any]:
    subject = letter.get("subject") or {}
    found = {"id": letter["_id"]} | {name: letter[name] for name in names if letter.get(name) is not None}
    return {name: _plain(value) for name, value in (found | subject).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
