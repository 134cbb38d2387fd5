"""The rules of profiles: how one comes to be, what its owner changes, what a sign-up adds. Pure.

Others see a user's id and display name and nothing else, so a display name is never made from an e-mail address.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any, Final, NotRequired, TypedDict

from leanda.changes import NOTHING, Change
from leanda.contracts.events import UserCreated, UserUpdated
from leanda.errors import InvalidRequest

MAX_DISPLAY_NAME_CHARACTERS: Final = 100


class ProfileDocument(TypedDict):
    """A profile as the store keeps it; `_id` is the user's `sub`."""

    _id: str
    displayName: str
    email: NotRequired[str]
    revision: int
    version: int
    createdAt: datetime
    updatedAt: datetime


Profile = dict[str, Any]


class DisplayNameRefused(InvalidRequest):
    code = "DISPLAY_NAME_REFUSED"
    summary = f"A display name has 1 to {MAX_DISPLAY_NAME_CHARACTERS} visible characters."


def clean_display_name(text: str) -> str:
    """A display name in Unicode NFC, without control characters and with single spaces.

    Raises:
        DisplayNameRefused: nothing is left, or more than 100 characters are.
    """
    printable = (c if unicodedata.category(c)[0] not in "CZ" else " " for c in unicodedata.normalize("NFC", text))
    cleaned = " ".join("".join(printable).split())
    if not cleaned or len(cleaned) > MAX_DISPLAY_NAME_CHARACTERS:
        raise DisplayNameRefused
    return cleaned


def first_display_name(user_id: str, *candidates: str | None) -> str:
    """The first candidate that may be shown to others, else a neutral name.

    E-mail addresses, the bare id and names that cannot be shown are passed over.
    """
    for candidate in candidates:
        if candidate and "@" not in candidate and candidate != user_id:
            try:
                return clean_display_name(candidate)
            except DisplayNameRefused:
                continue
    return f"User {user_id[:8]}"


def new_profile(user_id: str, *, display_name: str, email: str | None, at: datetime) -> tuple[Profile, Change]:
    """A first profile and its announcement."""
    profile: Profile = {
        "_id": user_id,
        "displayName": display_name,
        "revision": 0,
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
    }
    if email:
        profile["email"] = email
    return profile, Change(emit=(UserCreated(user_id=user_id),))


def renamed(profile: Profile, display_name: str, *, at: datetime) -> Change:
    """Give a profile another display name."""
    if profile["displayName"] == display_name:
        return NOTHING
    return _changed(profile, at, displayName=display_name)


def signed_up(profile: Profile, *, email: str | None, at: datetime) -> Change:
    """Add what only a sign-up knows to a profile that a first request made; the name stays, its owner may have chosen it."""
    if not email or profile.get("email") == email:
        return NOTHING
    return _changed(profile, at, email=email)


def _changed(profile: Profile, at: datetime, **values: str) -> Change:
    return Change(
        set_={**values, "version": profile["version"] + 1, "updatedAt": at},
        emit=(UserUpdated(user_id=profile["_id"]),),
    )
