"""What a change of one node means for everything below it, and for its records in the index.

A cascade goes through events: a folder's fact changes its children, whose facts change theirs. Many children are taken in
steps; the folder announces the same fact again with a cursor, and the next invocation goes on from there. It ends whatever the
store holds: nothing is followed to where it would be below itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import Final

from functions.files import placement
from functions.files import runs as rules
from functions.files.domain import FILE, Node
from functions.files.ports import Nodes, Runs
from functions.files.repeating import STEP, is_found, stored_chunks
from functions.files.settling import finish_move, look_again
from leanda import ids, limits
from leanda.changes import Change
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import (
    FileDeleted,
    FileMoved,
    FileRestored,
    FolderCreated,
    FolderDeleted,
    FolderMoved,
    FolderRestored,
    NodeFact,
    RunActivated,
    RunState,
)
from leanda.observability import logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock

CHILDREN_AT_ONCE: Final = 200
_OF_FOLDERS: Final = (FolderMoved, FolderDeleted, FolderRestored)
_OF_PLACES: Final = (FolderCreated, FolderMoved, FolderRestored, FileMoved, FileRestored)
_OF_RECORDS: Final = (FileMoved, FileDeleted, FileRestored, RunActivated)


@dataclass(frozen=True)
class Cascades:
    """Repeating a cascade changes nothing: every node is compared with what it should be."""

    nodes: Nodes
    runs: Runs
    clock: Clock

    def follow(self, fact: NodeFact, event: Event) -> None:
        node = self.nodes.get(fact.file_id)
        if node is None:
            return
        if isinstance(fact, _OF_PLACES):
            origin = Origin.of_event(event)
            finish_move(self.nodes, node["_id"], origin, self.clock, announce=True)
            look_again(self.nodes, node["_id"], origin, self.clock)
        if isinstance(fact, _OF_FOLDERS):
            # The levels of a cascade are one piece of work, bounded by the depth of folders: they do not count as hops.
            origin = Origin.of_event(event).model_copy(update={"hops": event.hops})
            self._children(node["_id"], fact, origin)
        elif isinstance(fact, _OF_RECORDS):
            self._records(node, fact, Origin.of_event(event))

    def _children(self, folder_id: str, fact: NodeFact, origin: Origin) -> None:
        some = self.nodes.below(folder_id, after=fact.cursor, limit=CHILDREN_AT_ONCE)
        for child_id in some:
            # What changed the folder while the child was written may have found nothing to do. So it is looked at again.
            while deciding(lambda child_id=child_id: self._child(child_id, folder_id, fact, origin)):  # type: ignore[misc]
                pass
            self.nodes.publish(child_id)
        if len(some) == CHILDREN_AT_ONCE:
            again = fact.model_copy(update={"cursor": some[-1]})
            self.nodes.apply(
                {"_id": folder_id, "revision": fact.revision}, Change(emit=(again,), guarded=False), origin
            )
            self.nodes.publish(folder_id)

    def _child(self, child_id: str, folder_id: str, fact: NodeFact, origin: Origin) -> bool:
        """Let a child follow its folder; whether there was anything to do."""
        child, folder = self.nodes.get(child_id), self.nodes.get(folder_id)
        if child is None or folder is None:
            return False
        if child["parentId"] == folder_id and placement.leads_astray(child, folder):
            logger.error("nothing is followed to where it would be in itself or too deep", node=child_id)
        change = placement.follows_folder(child, folder, fact.deletion, at=self.clock.now())
        self.nodes.apply(child, change, origin)
        return not change.empty

    def _records(self, node: Node, fact: NodeFact, origin: Origin) -> None:
        """The index is to write the file's records anew: announce its stored chunks at the placement of now."""
        if node["type"] != FILE or not node.get("latestRun"):
            return
        if isinstance(fact, FileDeleted) and node["deleted"]:
            deciding(lambda: self._cancel(ids.run_key(node["_id"], node["latestRun"]["run"]), origin))
        run = self.runs.get(ids.run_key(node["_id"], node["activeRun"]))
        if run is None:
            return
        facts = stored_chunks(run, placement=node["placement"])
        awaited = not node["deleted"] and not all(is_found(run, stored) for stored in facts)
        look_again = {"indexBy": self.clock.now() + STEP} if awaited else {}
        for some in batched(facts, limits.MAX_OUTBOX_ENTRIES // 2, strict=False):
            self.runs.apply(run, Change(set_=look_again, emit=some, guarded=False), origin)
            self.runs.publish(run["_id"])

    def _cancel(self, key: str, origin: Origin) -> None:
        run = self.runs.get(key)
        if run is not None:
            self.runs.apply(run, rules.closed(run, RunState.CANCELLED, None, at=self.clock.now()), origin)
