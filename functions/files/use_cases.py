"""What a user can do with files and folders. One function per command or query; ports only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from functions.files import domain, views
from functions.files.models import NewFile, NewFolder
from functions.files.ports import Blobs, NodeFilter, Nodes, Records, Runs, UploadRequest
from leanda import ids, limits
from leanda.access.policy import Guarded, Role, Viewer, role_on
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.errors import Conflict, InvalidRequest, NotFound, TooLarge
from leanda.http.cursors import Cursors
from leanda.http.preconditions import require_match
from leanda.ports import Clock


class FolderNotEmpty(Conflict):
    code, summary = "FOLDER_NOT_EMPTY", "The folder still holds something; delete or move that first."


class NotUploaded(Conflict):
    code, summary = "NOT_UPLOADED", "The file has no content yet."


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

    # --- files --------------------------------------------------------------------------------------------------------

    def create(self, viewer: Viewer, wanted: NewFile, *, idempotency_key: str | None, origin: Origin) -> dict[str, Any]:
        """Announce a file and obtain its upload. With an `Idempotency-Key` a repetition gives the same file and upload.

        Raises:
            TooLarge: over 10 GiB.
            Conflict: the key was used for another name or size.
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
            at=self.clock.now(),
        )
        if not self.nodes.insert(node, change, origin):
            node = self.nodes.get(file_id) or node
            if (node["name"], node["size"]) != (name, wanted.size):
                raise Conflict("This Idempotency-Key was used for another file.")
        self.nodes.publish(file_id)
        upload = self.blobs.open_upload(UploadRequest(file_id, owner_id, name, wanted.size, wanted.sha256))
        return views.file(node) | {"upload": upload}

    def get(self, viewer: Viewer, file_id: str) -> dict[str, Any]:
        """One file, with what is known of its fields once it is processed."""
        node = self._node(viewer, file_id, domain.FILE)
        run = self.runs.get(ids.run_key(file_id, node["activeRun"])) if node.get("blob") else None
        return views.file(node, run)

    def list_files(self, viewer: Viewer, wanted: NodeFilter, *, cursor: str | None, limit: int) -> dict[str, Any]:
        """The viewer's own files, newest first."""
        query = ["files", wanted.status, wanted.kind]
        after = self.cursors.read(cursor, principal=viewer.user_id, query=query)
        found = self.nodes.files_of(viewer.user_id, wanted, after=after, limit=limit + 1)
        return self._page(viewer, query, found, limit, lambda node: [node["createdAt"].isoformat(), node["_id"]])

    def rename(
        self, viewer: Viewer, node_id: str, type_: str, name: str, if_match: str | None, origin: Origin
    ) -> dict[str, Any]:
        """Give a file or folder another name.

        Raises:
            PreconditionFailed: `If-Match` names another version.
        """
        node = self._node(viewer, node_id, type_, Role.WRITE)
        require_match(if_match, node["version"])
        self._apply(node, domain.renamed(node, domain.clean_name(name), at=self.clock.now()), origin)
        return views.node(self._node(viewer, node_id, type_))

    def delete(self, viewer: Viewer, node_id: str, type_: str, if_match: str | None, origin: Origin) -> None:
        """Delete a file, or an empty folder. Deleting again is the same as what is absent: `NotFound`."""
        node = self._node(viewer, node_id, type_, Role.WRITE)
        require_match(if_match, node["version"])
        if type_ == domain.FOLDER and self.nodes.has_children(node_id):
            raise FolderNotEmpty
        self._apply(node, domain.deleted(node, at=self.clock.now()), origin)

    def list_records(
        self, viewer: Viewer, file_id: str, *, status: str | None, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of the file's records in file order."""
        node = self._node(viewer, file_id, domain.FILE)
        query = ["records", file_id, node["activeRun"], status]
        after = self.cursors.read(cursor, principal=viewer.user_id, query=query)
        found = self.records.page(file_id, node["activeRun"], status=status, after=after, limit=limit + 1)
        page = found[:limit]
        answer: dict[str, Any] = {"items": [views.record(record) for record in page]}
        if len(found) > limit:
            answer["nextCursor"] = self.cursors.sign(page[-1]["index"], principal=viewer.user_id, query=query)
        return answer

    def get_record(self, viewer: Viewer, file_id: str, index: int) -> dict[str, Any]:
        """One record with its structure."""
        node = self._node(viewer, file_id, domain.FILE)
        record = self.records.get(file_id, node["activeRun"], index)
        if record is None:
            raise NotFound
        return views.record(record, whole=True)

    def timeline(self, viewer: Viewer, file_id: str) -> dict[str, Any]:
        """What happened to the file, step by step, for its latest run."""
        node = self._node(viewer, file_id, domain.FILE)
        latest = (node.get("latestRun") or {}).get("run")
        run = self.runs.get(ids.run_key(file_id, latest)) if latest else None
        return views.timeline(node, run)

    def content_url(self, viewer: Viewer, file_id: str) -> str:
        """A short-lived address of the untouched original."""
        node = self._node(viewer, file_id, domain.FILE)
        if not node.get("blob"):
            raise NotUploaded
        return self.blobs.download_url(node["blob"]["blobId"])

    # --- folders ------------------------------------------------------------------------------------------------------

    def create_folder(
        self, viewer: Viewer, wanted: NewFolder, *, idempotency_key: str | None, origin: Origin
    ) -> dict[str, Any]:
        """Make a folder in a folder, or in the viewer's root."""
        parent = self._parent(viewer, wanted.parent_id)
        folder_id = ids.file_id_of_request(viewer.user_id, idempotency_key) if idempotency_key else ids.new_id()
        owner_id = parent["ownerId"] if parent else viewer.user_id
        node, change = domain.folder(
            folder_id, owner_id=owner_id, parent=parent, name=domain.clean_name(wanted.name), at=self.clock.now()
        )
        if not self.nodes.insert(node, change, origin):
            node = self._node(viewer, folder_id, domain.FOLDER)
        self.nodes.publish(folder_id)
        return views.node(node)

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
        node = self.nodes.get(node_id)
        if node is None or node["type"] != type_ or node["deleted"]:
            raise NotFound
        if self._role(viewer, node) < needed:
            raise NotFound
        return node

    def _role(self, viewer: Viewer, node: dict[str, Any]) -> Role:
        if node["ownerId"] == viewer.user_id:
            return Role.MANAGE
        above = self.nodes.get_many(node["ancestors"]).values()
        return role_on(viewer, (Guarded(found["ownerId"], found["grants"]) for found in (node, *above)))

    def _parent(self, viewer: Viewer, parent_id: str | None) -> dict[str, Any] | None:
        if parent_id is None or parent_id == viewer.user_id:
            return None
        try:
            return self._node(viewer, parent_id, domain.FOLDER, Role.WRITE)
        except NotFound as error:
            raise InvalidRequest("There is no such folder to put it in.") from error

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
