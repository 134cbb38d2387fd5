"""What the API shows of profiles. Pure; camelCase, RFC 3339 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def own(profile: dict[str, Any]) -> dict[str, Any]:
    """The whole profile, for its owner."""
    shown = public(profile) | {
        "version": profile["version"],
        "createdAt": _rfc3339(profile["createdAt"]),
        "updatedAt": _rfc3339(profile["updatedAt"]),
    }
    if profile.get("email"):
        shown["email"] = profile["email"]
    return shown


def public(profile: dict[str, Any]) -> dict[str, Any]:
    """What every signed-in user may see."""
    return {"id": profile["_id"], "displayName": profile["displayName"]}


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
