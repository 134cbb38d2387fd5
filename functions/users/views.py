"""What the API shows of profiles. Pure; camelCase, RFC 3339 UTC."""

from __future__ import annotations

from typing import Any

from leanda.times import rfc3339


def own(profile: dict[str, Any]) -> dict[str, Any]:
    """The whole profile, for its owner."""
    shown = public(profile) | {
        "version": profile["version"],
        "createdAt": rfc3339(profile["createdAt"]),
        "updatedAt": rfc3339(profile["updatedAt"]),
    }
    if profile.get("email"):
        shown["email"] = profile["email"]
    return shown


def public(profile: dict[str, Any]) -> dict[str, Any]:
    """What every signed-in user may see."""
    return {"id": profile["_id"], "displayName": profile["displayName"]}
