"""What a user can do with files and folders. One function per command or query; ports only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.files import domain, placement, views
from functions.files.asking import MadeAndDeleted, asked_for, check_repetition
from functions.files.beginning import begin, begin_if_awaited
from functions.files.models import NewFile, NewFolder, NodeEdit, ReprocessOrder
from functions.files.ports import Blobs, NodeFilter, Nodes, Records, Runs, UploadRequest
from functions.files.seeing import visible
from functions.files.settling import finish_move, look_again, way_up, withdraw_if_misplaced
from leanda import ids, limits, telling
from leanda.access.policy import Role, Viewer
from leanda.cache import Cache
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import RunState
from leanda.errors import Conflict, InvalidRequest, NotFound, TooLarge
from leanda.http.cursors import Cursors
from leanda.http.preconditions import require_match
from leanda.observability import logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock

RECORDS_KEPT_SECONDS = 300
"""Pages of records of a run that has ended stay in the cache for this long."""


@dataclass(frozen=True)
class Files:
    """The use cases with what they need; built once per sandbox.

    Every method takes the viewer first. What the viewer may not see is absent: `NotFound`.
    """

    nodes: Nodes
    runs: Runs
    records: Records
    blobs: Blobs
    cursors: Cursors
    clock: Clock
    cache: Cache | None = None

    # --- files --------------------------------------------------------------------------------------------------------

    def create(self, viewer: Viewer, wanted: NewFile, *, idempotency_key: str | None, origin: Origin) -> dict[str, Any]:
        """Announce a file and obtain its upload. With an `Idempotency-Key` a repetition gives the same file and upload.

        Raises:
            TooLarge: over 10 GiB.
            KeyReused, MadeAndDeleted: the key was used for another request, or for a file that was deleted since.
            ParentDeleted, TooDeep: that became of its folder at the same moment.
            Unavailable: the upload could not be opened; the file stays Loading, the same request may be repeated.
        """
        if wanted.size > limits.MAX_FILE_BYTES:
            raise TooLarge(f"A file may have at most {limits.MAX_FILE_BYTES} bytes.")
        name = domain.clean_name(wanted.name)
        parent = self._parent(viewer, wanted.parent_id)
        file_id = ids.file_id_of_request(viewer.user_id, idempotency_key) if idempotency_key else ids.new_id()
        owner_id = parent["ownerId"] if parent else viewer.user_id
        node, change = domain.announced_file(
            file_id,
            owner_id=owner_id,
            parent=parent,
            name=name,
            size=wanted.size,
            process=wanted.process,
            sha256=wanted.sha256,
            unpack=wanted.unpack,
            position=wanted.position,
            at=self.clock.now(),
        )
        if idempotency_key:
            node["asked"] = asked_for(wanted, name=name, parent_id=node["parentId"])
        node |= telling.kept(change, origin, revision=0, at=self.clock.now())
        fresh = self.nodes.insert(node, change, origin)
        if not fresh:
            node = self._repeated(node)
        self._made(file_id, origin, fresh=fresh)
        upload = self.blobs.open_upload(UploadRequest(file_id, owner_id, name, wanted.size, wanted.sha256))
        return views.file(node) | {"upload": upload}

    def get(self, viewer: Viewer, file_id: str) -> dict[str, Any]:
        """One file, with what is known of its fields once it is processed."""
        node = self._node(viewer, file_id, domain.FILE)
        if not node.get("latestRun"):
            return views.file(node)
        active, latest = (ids.run_key(file_id, n) for n in (node["activeRun"], node["latestRun"]["run"]))
        runs = self.runs.get_many((active, latest))
        return views.file(node, runs.get(active), latest=runs.get(latest))

    def list_files(self, viewer: Viewer, wanted: NodeFilter, *, cursor: str | None, limit: int) -> dict[str, Any]:
        """The viewer's own files, newest first."""
        query = [wanted.type, wanted.status, wanted.kind, wanted.deleted]
        after = self.cursors.read(cursor, principal=viewer.user_id, query=query)
        found = self.nodes.files_of(viewer.user_id, wanted, after=after, limit=limit + 1)
        return self._page(viewer, query, found, limit, lambda node: [node["createdAt"].isoformat(), node["_id"]])

    def edit(
        self, viewer: Viewer, node_id: str, type_: str, wanted: NodeEdit, if_match: str | None, origin: Origin
    ) -> dict[str, Any]:
        """Rename a file or folder, or put it into another folder; what is below follows.

        Raises:
            PreconditionFailed: `If-Match` names another version.
            MoveRefused, ForeignFolder, TooDeep: it cannot go there.
            ParentDeleted: the folder was deleted at the same moment; it is where it was.
        """

        def step(change_of: Callable[[dict[str, Any]], Change]) -> None:
            node = self._node(viewer, node_id, type_, Role.WRITE)
            require_match(if_match, node["version"])
            self.nodes.apply(node, change_of(node), origin)

        name = domain.clean_name(wanted.name) if wanted.name is not None else None
        if wanted.parent_id is not None:
            parent = self._parent(viewer, wanted.parent_id)
            deciding(lambda: step(lambda node: self._moved(node, parent)))
            refused = finish_move(self.nodes, node_id, origin, self.clock)
            look_again(self.nodes, node_id, origin, self.clock)
            self.nodes.publish(node_id)
            if refused:
                raise refused
            if_match = None  # the condition held when the edit began
        if name is not None:
            deciding(lambda: step(lambda node: domain.renamed(node, name, at=self.clock.now())))
            self.nodes.publish(node_id)
        return views.node(self._node(viewer, node_id, type_))

    def delete(self, viewer: Viewer, node_id: str, type_: str, if_match: str | None, origin: Origin) -> None:
        """Delete a file, or a folder with everything in it; `restore` undoes it.

        Deleting again is the same as deleting what is absent: `NotFound`.
        """

        def step() -> None:
            node = self._node(viewer, node_id, type_, Role.WRITE)
            require_match(if_match, node["version"])
            self._apply(node, placement.deleted(node, at=self.clock.now()), origin)

        deciding(step)

    def restore(self, viewer: Viewer, node_id: str, type_: str, origin: Origin) -> dict[str, Any]:
        """Undo a deletion; a file that was deleted before its run finished is processed anew.

        Raises:
            ParentDeleted: a folder above it is deleted; it names the one to restore.
        """

        def step() -> None:
            node = self.nodes.get(node_id)
            if node is None or node["type"] != type_ or node["ownerId"] != viewer.user_id:
                raise NotFound
            if node["deleted"]:
                self._refuse_below_deleted(node)
            parent = None if node["parentId"] == node["ownerId"] else self.nodes.get(node["parentId"])
            self._apply(node, placement.restored(node, parent, at=self.clock.now()), origin)

        deciding(step)
        look_again(self.nodes, node_id, origin, self.clock)
        self.nodes.publish(node_id)
        node = self.nodes.get(node_id)
        if node is not None:
            self._refuse_below_deleted(node)
        node = self._node(viewer, node_id, type_)
        if type_ == domain.FILE and domain.awaits_run(node):
            # What follows the restoration would do it too; this way the answer shows it.
            begin_if_awaited(self.nodes, self.runs, node_id, origin, self.clock)
            self.nodes.publish(node_id)
            node = self._node(viewer, node_id, type_)
        return views.node(node)

    def reprocess(
        self, viewer: Viewer, file_id: str, origin: Origin, *, unpack: bool = False, position: bool | None = None
    ) -> dict[str, Any]:
        """Process a file again, beside the results it has; they give way only to results that are there.

        Args:
            unpack, position: see `domain.reprocessed`.

        Raises:
            NotUploaded, RunOpen: it cannot be processed now.
            NotABundle: it is to be unpacked and is no zip.
        """

        def step() -> None:
            node = self._node(viewer, file_id, domain.FILE, Role.WRITE)
            change = domain.reprocessed(node, origin=origin, at=self.clock.now(), unpack=unpack, position=position)
            begin(self.nodes, self.runs, node, change, origin, self.clock)

        deciding(step)
        self.nodes.publish(file_id)
        return views.file(self._node(viewer, file_id, domain.FILE))

    def reprocess_many(self, viewer: Viewer, wanted: ReprocessOrder, origin: Origin) -> dict[str, Any]:
        """Process again every file that fits, newest first; files that cannot be processed now are listed with the reason.

        Returns: ids `accepted`; `refused` with id, code and message; and `nextCursor` if others fit beyond the limit.

        Raises:
            InvalidRequest: nothing narrows it down.
            InvalidCursor: the cursor belongs to another order.
        """
        filter_ = NodeFilter(
            kind=wanted.kind,
            failure_code=wanted.failure_code,
            parser_version=wanted.parser_version,
            folder_id=wanted.folder_id,
        )
        if filter_ == NodeFilter():
            raise InvalidRequest("Say which files: folderId, failureCode, parserVersion or kind.")
        query = ["reprocess", wanted.kind, wanted.failure_code, wanted.parser_version, wanted.folder_id]
        after = self.cursors.read(wanted.cursor, principal=viewer.user_id, query=query)
        found = self.nodes.files_of(viewer.user_id, filter_, after=after, limit=wanted.limit + 1)
        accepted: list[str] = []
        refused: list[dict[str, str]] = []
        for node in found[: wanted.limit]:
            try:
                self.reprocess(viewer, node["_id"], origin, position=wanted.position)
                accepted.append(node["_id"])
            except (Conflict, NotFound) as error:  # it is on its way, or was deleted meanwhile
                refused.append({"id": node["_id"], "code": error.code, "message": error.message})
        answer: dict[str, Any] = {"accepted": accepted, "refused": refused, "more": len(found) > wanted.limit}
        if answer["more"]:
            last = found[wanted.limit - 1]
            position = [last["createdAt"].isoformat(), last["_id"]]
            answer["nextCursor"] = self.cursors.sign(position, principal=viewer.user_id, query=query)
        return answer

    def list_records(
        self, viewer: Viewer, file_id: str, *, status: str | None, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of the file's records in file order."""
        node = self._node(viewer, file_id, domain.FILE)
        query = ["records", file_id, node["activeRun"], status]
        after = self.cursors.read(cursor, principal=viewer.user_id, query=query)
        found = self._records_page(node, status, after, limit + 1)
        page = found[:limit]
        answer: dict[str, Any] = {"items": [views.record(record) for record in page]}
        if len(found) > limit:
            answer["nextCursor"] = self.cursors.sign(page[-1]["index"], principal=viewer.user_id, query=query)
        return answer

    def _records_page(
        self, node: dict[str, Any], status: str | None, after: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """A page from the cache where its run has ended: records never change, and the viewer was checked before."""
        run = node["activeRun"]
        key = f"records:{node['_id']}:{run}:{status}:{after}:{limit}"
        latest = node.get("latestRun") or {}
        settled = latest.get("run") != run or latest.get("state") == RunState.FINISHED
        if self.cache and settled and (kept := self.cache.get(key)):
            found: list[dict[str, Any]] = json.loads(kept)
            return found
        page = self.records.page(node["_id"], run, status=status, after=after, limit=limit)
        if self.cache and settled and page:
            self.cache.put(key, json.dumps(page).encode(), seconds=RECORDS_KEPT_SECONDS)
        return page

    def get_record(self, viewer: Viewer, file_id: str, index: int) -> dict[str, Any]:
        """One record with its structure."""
        node = self._node(viewer, file_id, domain.FILE)
        record = self.records.get(file_id, node["activeRun"], index)
        if record is None:
            raise NotFound
        return views.record(record, whole=True)

    def timeline(self, viewer: Viewer, file_id: str, *, operator: bool = False) -> dict[str, Any]:
        """What happened to the file, step by step, for its latest run.

        Args:
            operator: the viewer looks after Leanda: sees this much of any file, and that is logged.
        """
        try:
            node = self._node(viewer, file_id, domain.FILE)
        except NotFound:
            found = self.nodes.get(file_id) if operator else None
            if found is None or found["type"] != domain.FILE:
                raise
            logger.info("an operator looks how far a file is", by=viewer.user_id, file=file_id)
            node = found
        latest = (node.get("latestRun") or {}).get("run")
        run = self.runs.get(ids.run_key(file_id, latest)) if latest else None
        return views.timeline(node, run)

    def content_url(self, viewer: Viewer, file_id: str) -> str:
        """A short-lived address of the untouched original."""
        node = self._node(viewer, file_id, domain.FILE)
        if not node.get("blob"):
            raise domain.NotUploaded
        return self.blobs.download_url(node["blob"]["blobId"])

    # --- folders ------------------------------------------------------------------------------------------------------

    def create_folder(
        self, viewer: Viewer, wanted: NewFolder, *, idempotency_key: str | None, origin: Origin
    ) -> dict[str, Any]:
        """Make a folder in a folder, or in the viewer's root.

        Raises:
            KeyReused, MadeAndDeleted: see `create`.
            ParentDeleted, TooDeep: that became of its folder at the same moment.
        """
        parent = self._parent(viewer, wanted.parent_id)
        folder_id = ids.file_id_of_request(viewer.user_id, idempotency_key) if idempotency_key else ids.new_id()
        owner_id = parent["ownerId"] if parent else viewer.user_id
        node, change = domain.folder(
            folder_id, owner_id=owner_id, parent=parent, name=domain.clean_name(wanted.name), at=self.clock.now()
        )
        if idempotency_key:
            node["asked"] = asked_for(wanted, name=node["name"], parent_id=node["parentId"])
        fresh = self.nodes.insert(node, change, origin)
        if not fresh:
            node = self._repeated(node)
        self._made(folder_id, origin, fresh=fresh)
        return views.node(node)

    def list_folders(self, viewer: Viewer, *, deleted: bool, cursor: str | None, limit: int) -> dict[str, Any]:
        """The viewer's own folders, at any depth, newest first: those that are there, or those that can be restored."""
        return self.list_files(viewer, NodeFilter(type=domain.FOLDER, deleted=deleted), cursor=cursor, limit=limit)

    def get_folder(self, viewer: Viewer, folder_id: str) -> dict[str, Any]:
        """One folder; the viewer's root answers to the viewer's own id."""
        if folder_id == viewer.user_id:
            return views.root(viewer.user_id)
        return views.node(self._node(viewer, folder_id, domain.FOLDER))

    def children(self, viewer: Viewer, folder_id: str, *, cursor: str | None, limit: int) -> dict[str, Any]:
        """Folders and files directly inside, by name."""
        if folder_id != viewer.user_id:
            self._node(viewer, folder_id, domain.FOLDER)
        query = ["children", folder_id]
        after = self.cursors.read(cursor, principal=viewer.user_id, query=query)
        found = self.nodes.children(folder_id, after=after, limit=limit + 1)
        return self._page(viewer, query, found, limit, lambda node: [node["name"], node["_id"]])

    # --- shared steps -------------------------------------------------------------------------------------------------

    def _node(self, viewer: Viewer, node_id: str, type_: str, needed: Role = Role.READ) -> dict[str, Any]:
        return visible(self.nodes, viewer, node_id, type_, needed)

    def _refuse_below_deleted(self, node: dict[str, Any]) -> None:
        gone = [folder for folder in way_up(self.nodes, node).folders if folder["deleted"]]
        if gone:
            raise placement.ParentDeleted(gone[-1])  # the outermost: what was deleted with it comes back with it

    def _parent(self, viewer: Viewer, parent_id: str | None) -> dict[str, Any] | None:
        if parent_id is None or parent_id == viewer.user_id:
            return None
        try:
            return self._node(viewer, parent_id, domain.FOLDER, Role.WRITE)
        except NotFound as error:
            raise InvalidRequest("There is no such folder to put it in.") from error

    def _repeated(self, new: dict[str, Any]) -> dict[str, Any]:
        """What an earlier request with the same key made, if it asked for the same and that is still there."""
        node = self.nodes.get(new["_id"]) or new
        check_repetition(node, new)
        if way_up(self.nodes, node).deletion():
            raise MadeAndDeleted
        return node

    def _moved(self, node: dict[str, Any], parent: dict[str, Any] | None) -> Change:
        """The change that moves a node with all that is below it."""
        change = placement.moved(node, parent, at=self.clock.now())
        if node["type"] == domain.FOLDER and not change.empty:
            room = placement.room_below(node, parent)
            if self.nodes.is_deeper(node["ownerId"], node["_id"], room):
                raise placement.TooDeep
        return change

    def _made(self, node_id: str, origin: Origin, *, fresh: bool) -> None:
        """Look again at the folder of something that was put there; what is made now and cannot be there is taken back."""
        refused = withdraw_if_misplaced(self.nodes, node_id, origin, self.clock) if fresh else None
        look_again(self.nodes, node_id, origin, self.clock)
        self.nodes.publish(node_id)
        if refused:
            raise refused

    def _apply(self, node: dict[str, Any], change: Change, origin: Origin) -> None:
        self.nodes.apply(node, change, origin)
        self.nodes.publish(node["_id"])

    def _page(
        self, viewer: Viewer, query: Any, found: list[dict[str, Any]], limit: int, position: Any
    ) -> dict[str, Any]:
        page = found[:limit]
        answer: dict[str, Any] = {"items": [views.node(node) for node in page]}
        if len(found) > limit:
            answer["nextCursor"] = self.cursors.sign(position(page[-1]), principal=viewer.user_id, query=query)
        return answer
