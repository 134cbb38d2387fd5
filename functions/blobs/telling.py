"""What was told of a file's bytes, kept until `files` takes it up; told again after a quarter of an hour, and slower then. Pure.

A repetition has the id and the body of what it repeats. `files` says with the request of a run which bytes it has taken. Of what
changes nothing there (the same bytes again), ends a file (a refusal, an expiry) or is attached to it (a checksum) it says
nothing: that is told so often and no more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from functions.blobs.domain import LOST_AFTER
from leanda.changes import Change, message_of
from leanda.contracts.envelope import Origin
from leanda.contracts.registry import data_of

TIMES: Final = 4
"""The last time some five days after the first."""
HEARD: Final = Change(unset=("told", "tellAt", "tellings"), guarded=False)


def kept(change: Change, origin: Origin, *, revision: int, at: datetime) -> dict[str, Any]:
    """What a document keeps of the one fact that is announced with a change of it, which gives it that revision."""
    (told,) = change.emit
    said = {
        "type": told.TYPE,
        "data": told.to_json_dict(),
        "origin": origin.model_dump(),
        "sequence": str(revision),
    }
    return {"told": said, "tellAt": at + LOST_AFTER, "tellings": 0}


def again(document: dict[str, Any], *, at: datetime) -> Change:
    """The same once more, and when next."""
    said, times = document["told"], document["tellings"] + 1
    event = Origin.model_validate(said["origin"]).event(
        said["type"],
        source="blobs",
        subject=said["data"]["fileId"],
        data=said["data"],
        at=at,
        sequence=said["sequence"],
    )
    message = message_of(data_of(event), event)
    if times == TIMES:
        return Change(unset=HEARD.unset, again=(message,), guarded=False)
    return Change(set_={"tellAt": at + _wait(times), "tellings": times}, again=(message,), guarded=False)


def _wait(times: int) -> timedelta:
    return LOST_AFTER * (1 << 3 * times)
