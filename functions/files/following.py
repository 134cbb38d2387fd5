"""Lets nodes follow what happens to their bytes and runs, and lets records follow what happens to their node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from functions.files import advancing, domain, inbox
from functions.files import runs as rules
from functions.files.beginning import begin, begin_if_awaited
from functions.files.cascades import Cascades
from functions.files.ports import Nodes, Runs
from functions.files.settling import look_again, way_up
from leanda import ids
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import (
    BlobHashed,
    BlobRejected,
    BlobStored,
    Failure,
    FileRestored,
    NodeFact,
    RunAdvanced,
    RunState,
    UploadExpired,
    UploadRequested,
)
from leanda.errors import RevisionConflict
from leanda.messaging import Group
from leanda.observability import logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock

_OF_UPLOADS: Final = (UploadRequested, BlobStored, BlobRejected)


@dataclass(frozen=True)
class Follower:
    """The use cases of `files.on_file_events`. Repeating or reordering its events changes nothing."""

    nodes: Nodes
    runs: Runs
    cascades: Cascades
    clock: Clock

    def follow(self, group: Group) -> None:
        for one in group:
            data, origin = one.data, Origin.of_event(one.event)
            if isinstance(data, BlobStored):
                deciding(lambda data=data, origin=origin: self._store_blob(data, origin))  # type: ignore[misc]
            elif isinstance(data, NodeFact):
                self.cascades.follow(data, one.event)
            else:
                sequence = one.event.sequence
                deciding(lambda data=data, origin=origin, n=sequence: self._apply(data, origin, n))  # type: ignore[misc]
            if isinstance(data, FileRestored) or (isinstance(data, RunAdvanced) and data.state is RunState.CANCELLED):
                # Whatever of a deletion is heard of last, a restored file is processed.
                begin_if_awaited(self.nodes, self.runs, data.file_id, origin, self.clock)
            if isinstance(data, _OF_UPLOADS):
                # Its folder may have been deleted while it was announced or made.
                look_again(self.nodes, data.file_id, origin, self.clock)
            self.nodes.publish(data.subject())

    def _store_blob(self, event: BlobStored, origin: Origin) -> None:
        """Attach stored bytes: the run's document first, then the node's one update, which announces it."""
        node, now = self.nodes.get(event.file_id), self.clock.now()
        fresh, lost = node is None, False
        if node is not None and event.inbox_path is not None:
            # With its folder a file is as good as deleted; the drop restores the file, but not all that was deleted with it.
            lost = way_up(self.nodes, node).deletion() is not None
            node = node | {"deleted": node["deleted"] or lost}
        if node is None:
            if event.inbox_path is None:
                logger.warning("bytes for a file that is not known change nothing", file=event.file_id)
                return
            parent, name = inbox.place(self.nodes, event.owner_id, event.inbox_path, origin, at=now)
            node = domain.inbox_file(event, parent=parent, name=name, at=now)
        elif not domain.is_news(node, event):
            return
        elif node["deleted"] and event.inbox_path is None:
            self.nodes.apply(node, domain.blob_kept(node, event), origin)
            return
        place = dict[str, Any]()
        if lost and event.inbox_path is not None:
            parent, _ = inbox.place(self.nodes, event.owner_id, event.inbox_path, origin, at=now)
            place = inbox.place_in(parent, event.owner_id)
            node = node | place
        self._supersede(node, origin)
        revision = 0 if fresh else node["revision"] + 1
        change = domain.blob_stored(node, event, revision=revision, origin=origin, at=now)
        change = replace(change, set_={**change.set_, **place})
        begin(self.nodes, self.runs, node, change, origin, self.clock, fresh=fresh)

    def _apply(self, event: Any, origin: Origin, sequence: str) -> None:
        node, now = self.nodes.get(event.file_id), self.clock.now()
        if node is None and isinstance(event, BlobRejected) and event.inbox_path is not None:
            self._keep_refusal(event, origin)
            return
        if node is None:
            logger.warning("an event of a file that is not known changes nothing", file=event.file_id)
            return
        if isinstance(event, BlobRejected | UploadExpired):
            change = domain.blob_refused(node, event, at=now)
        elif isinstance(event, BlobHashed):
            change = domain.blob_hashed(node, event, at=now)
        elif isinstance(event, RunAdvanced):
            change = advancing.run_advanced(node, event, sequence=sequence, at=now)
        else:
            return
        self.nodes.apply(node, change, origin)

    def _keep_refusal(self, event: BlobRejected, origin: Origin) -> None:
        """A refused inbox object is a failed file in the user's root, so that its owner sees why."""
        node, change = inbox.without_bytes(
            event.file_id,
            owner_id=event.owner_id,
            parent=None,
            name=event.name,
            failure=Failure(code=event.code, message=event.message),
            at=self.clock.now(),
        )
        if not self.nodes.insert(node, change, origin):
            raise RevisionConflict(detail=event.file_id)

    def _supersede(self, node: dict[str, Any], origin: Origin) -> None:
        latest = (node.get("latestRun") or {}).get("run")
        run = self.runs.get(ids.run_key(node["_id"], latest)) if latest else None
        if run is not None and not rules.ended(run):
            change = rules.closed(run, RunState.SUPERSEDED, None, at=self.clock.now())
            # The node already looks at the next run, so nobody needs to hear of the end of this one.
            self.runs.apply(run, Change(set_=change.set_, unset=change.unset), origin)
