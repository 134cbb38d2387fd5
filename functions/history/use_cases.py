"""What history does: it keeps every event, and shows those of a file or a user to who may see them. Ports only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.history import views
from functions.history.domain import Entry, entry_of, redacted
from functions.history.ports import Authority, EventFilter, EventLog, NodeAuthority
from leanda.access.policy import Guarded, Role, Viewer, role_on
from leanda.errors import NotFound, Unavailable
from leanda.http.cursors import Cursors
from leanda.messaging import Group, Received
from leanda.observability import logger


def whole_batch(received: Sequence[Received]) -> Iterator[Group]:
    """All events of a batch go into the log by one insert."""
    yield received


@dataclass(frozen=True)
class Keeping:
    """The use case of `history.on_events`."""

    log: EventLog

    def keep(self, group: Group) -> None:
        """Append the events, redacted where their file or user is erased; repeating it changes nothing."""
        entries = [
            entry_of(
                one.event,
                topic=one.record.topic,
                partition=one.record.partition,
                offset=one.record.offset,
                key=one.record.key,
                body=one.record.value.decode(),
            )
            for one in group
        ]
        entries = self._without_erased(entries)
        self.log.append(entries)
        # An erasure that was ordered meanwhile may have looked before these were there; what is a repetition, too.
        self.log.redact([one for one in self._without_erased(entries) if one.redacted])

    def _without_erased(self, entries: Sequence[Entry]) -> list[Entry]:
        gone = self.log.erased({key for one in entries for key in (one.file_id, one.user_id) if key})
        return [redacted(one) if {one.file_id, one.user_id} & gone else one for one in entries]


@dataclass(frozen=True)
class History:
    """What a viewer may read of the log. What the viewer may not see is absent: `NotFound`."""

    log: EventLog
    authority: Authority
    cursors: Cursors

    def of_file(
        self,
        viewer: Viewer,
        file_id: str,
        *,
        types: tuple[str, ...],
        cursor: str | None,
        limit: int,
        operator: bool = False,
    ) -> dict[str, Any]:
        """A page of a file's life, oldest first.

        Args:
            operator: the viewer looks after Leanda: reads the events of any file, without names, and that is logged.

        Raises:
            NotFound: there is no such file, it is deleted, or the viewer may not read it.
            Unavailable: `files` does not answer: nothing is shown unchecked.
        """
        try:
            whole, names = self._visible(viewer, file_id).owner_id == viewer.user_id, True
        except (NotFound, Unavailable):
            if not operator:
                raise
            logger.info("an operator reads the events of a file", by=viewer.user_id, file=file_id)
            whole = names = False
        wanted = EventFilter(file_id=file_id, types=types)
        return self._page(viewer, wanted, cursor, limit, whole=whole, names=names)

    def of_user(
        self, viewer: Viewer, user_id: str, *, types: tuple[str, ...], cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of what a user has caused, oldest first; one's own only.

        Raises:
            NotFound: another user's.
        """
        if user_id != viewer.user_id:
            raise NotFound
        return self._page(viewer, EventFilter(user_id=user_id, types=types), cursor, limit, whole=True)

    def _page(
        self,
        viewer: Viewer,
        wanted: EventFilter,
        cursor: str | None,
        limit: int,
        *,
        whole: bool,
        names: bool = True,
    ) -> dict[str, Any]:
        query = ["events", wanted.file_id, wanted.user_id, sorted(wanted.types)]
        position = self.cursors.read(cursor, principal=viewer.user_id, query=query)
        after = (datetime.fromisoformat(position[0]), str(position[1])) if position else None
        found = self.log.page(wanted, after=after, limit=limit + 1)
        page = found[:limit]
        answer: dict[str, Any] = {"items": [views.entry(one, whole=whole, names=names) for one in page]}
        if len(found) > limit:
            last = [page[-1].time.isoformat(), page[-1].id]
            answer["nextCursor"] = self.cursors.sign(last, principal=viewer.user_id, query=query)
        return answer

    def _visible(self, viewer: Viewer, file_id: str) -> NodeAuthority:
        """By the policy of `files`, with what `files` says of the file and, where that does not decide, of its folders."""
        node = self.authority.of([file_id]).get(file_id)
        if node is None or node.deleted or node.type != "file":
            raise NotFound
        above_ids = [key for key in node.ancestors if key != node.owner_id]  # the root is no node
        above = self.authority.of(above_ids) if above_ids else {}
        path = [node, *above.values()]
        if any(one.deleted for one in path):
            raise NotFound
        if role_on(viewer, [Guarded(one.owner_id, one.grants) for one in path]) < Role.READ:
            raise NotFound
        return node
