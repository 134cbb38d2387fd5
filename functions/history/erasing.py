"""Erasure: what people wrote leaves the log, and who did what; what happened to files and runs stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from functions.history.domain import Entry, redacted
from functions.history.ports import EventFilter, EventLog
from leanda.http.auth import Principal, require_operator
from leanda.ports import Clock

AT_ONCE: Final = 200
ANSWER_WITHIN: Final = timedelta(seconds=20)


class _TimeOver(Exception):
    """The rest is for the next call."""


@dataclass(frozen=True)
class Erasing:
    """What operators do with the log when a file is purged or a user is erased. To others it is not there: `NotFound`."""

    log: EventLog
    clock: Clock

    def erase(self, caller: Principal, *, file_id: str | None, user_id: str | None) -> dict[str, object]:
        """Redact all entries of a file; or those that a user caused, and those of the files that the user owns.

        What is still to come of them is redacted on arrival. Repeating it goes on where the time was over.

        Returns: how many entries were `redacted`, and whether there is `more` to do.
        """
        require_operator(caller)
        self.log.erase([key for key in (file_id, user_id) if key])
        count = _Count(self)
        try:
            if file_id:
                count.redact(EventFilter(file_id=file_id))
            if user_id:
                count.redact_user(user_id)
        except _TimeOver:
            return {"redacted": count.done, "more": True}
        return {"redacted": count.done, "more": False}


class _Count:
    """One call: redacts and counts until its time is over."""

    def __init__(self, erasing: Erasing) -> None:
        self._log, self._clock, self.done = erasing.log, erasing.clock, 0
        self._until = erasing.clock.now() + ANSWER_WITHIN

    def redact(self, wanted: EventFilter) -> None:
        while some := self._log.unredacted(wanted, limit=AT_ONCE):
            self._put(some)

    def redact_user(self, user_id: str) -> None:
        """Files first: once an entry is redacted it no longer says whose it was."""
        wanted = EventFilter(user_id=user_id)
        while some := self._log.unredacted(wanted, limit=AT_ONCE):
            owned = list(dict.fromkeys(_owned(some, user_id)))
            self._log.erase(owned)
            for file_id in owned:
                self.redact(EventFilter(file_id=file_id))
            self._put([one for one in some if one.file_id not in owned])

    def _put(self, entries: list[Entry]) -> None:
        if self._clock.now() > self._until:
            raise _TimeOver
        self._log.redact([redacted(one) for one in entries])
        self.done += len(entries)


def _owned(entries: Iterable[Entry], user_id: str) -> Iterable[str]:
    return (one.file_id for one in entries if one.file_id and one.data.get("ownerId") == user_id)
