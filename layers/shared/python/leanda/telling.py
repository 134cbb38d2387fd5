"""What one context told another of a file, kept until that has taken it up; told again after a quarter of an hour, and slower then.

A document keeps one such fact (`told`, `tellAt`, `tellings`); it is removed when the other's answer comes, of whatever kind. A
repetition has the id and the body of what it repeats. Where no answer is to be expected a fact is told so often and no more. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from leanda import limits
from leanda.changes import Change, message_of
from leanda.contracts.envelope import Origin
from leanda.contracts.registry import data_of

LOST_AFTER: Final = timedelta(seconds=limits.STEP_SECONDS)
TIMES: Final = 4
"""The last time some five days after the first."""
KEPT: Final = ("told", "tellAt", "tellings")
HEARD: Final = Change(unset=KEPT, guarded=False)


def kept(change: Change, origin: Origin, *, revision: int, at: datetime) -> dict[str, Any]:
    """What a document keeps of the one fact that is announced with a change of it, which gives it that revision."""
    (told,) = change.emit
    said = {
        "type": told.TYPE,
        "data": told.to_json_dict(),
        "origin": origin.model_dump(),
        "sequence": told.discriminator() or str(revision),
    }
    return {"told": said, "tellAt": at + LOST_AFTER, "tellings": 0}


def is_last(document: dict[str, Any]) -> bool:
    """Whether what is told now is not told again."""
    return bool(document["tellings"] + 1 >= TIMES)


def again(document: dict[str, Any], *, source: str, at: datetime) -> Change:
    """The same once more, and when next.

    Args:
        source: the context's name, as in every event of it.
    """
    said, times = document["told"], document["tellings"] + 1
    event = Origin.model_validate(said["origin"]).event(
        said["type"],
        source=source,
        subject=said["data"]["fileId"],
        data=said["data"],
        at=at,
        sequence=said["sequence"],
    )
    message = message_of(data_of(event), event)
    if is_last(document):
        return Change(unset=KEPT, again=(message,), guarded=False)
    return Change(set_={"tellAt": at + _wait(times), "tellings": times}, again=(message,), guarded=False)


def _wait(times: int) -> timedelta:
    return LOST_AFTER * (1 << 3 * times)
