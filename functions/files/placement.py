"""The rules of where a node is: moving, deleting, restoring, and what that means for everything below. Pure.

A change of place raises `placement`: the index takes no older word for a record after that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from functions.files.domain import FILE, Node, told
from leanda import limits
from leanda.changes import NOTHING, Change
from leanda.contracts.events import (
    Failure,
    FileDeleted,
    FileMoved,
    FileRestored,
    FileStatus,
    FolderDeleted,
    FolderMoved,
    FolderRestored,
    NodeFact,
)
from leanda.errors import Conflict


class MoveRefused(Conflict):
    code, summary = "MOVE_REFUSED", "A folder cannot be moved into itself or into something below it."


class ForeignFolder(Conflict):
    code, summary = "FOREIGN_FOLDER", "A file or folder can be moved between folders of its owner only."


class TooDeep(Conflict):
    code, summary = "TOO_DEEP", f"Folders may be nested {limits.MAX_FOLDER_DEPTH} deep."


class ParentDeleted(Conflict):
    """Its folder, or one above that, is deleted.

    Attributes:
        members: further members of the answer: `folder` {id, name}, the one to restore, for its owner.
    """

    code, summary = "PARENT_DELETED", "Its folder is deleted."

    def __init__(self, folder: Node | None = None) -> None:
        if folder is None:
            super().__init__()
            return
        super().__init__(
            f'It was in the folder "{folder["name"]}" ({folder["_id"]}), which is deleted; restore that first.'
        )
        self.members = {"folder": {"id": folder["_id"], "name": folder["name"]}}


MOVED: Final[dict[str, type[NodeFact]]] = {FILE: FileMoved, "folder": FolderMoved}
DELETED: Final[dict[str, type[NodeFact]]] = {FILE: FileDeleted, "folder": FolderDeleted}
RESTORED: Final[dict[str, type[NodeFact]]] = {FILE: FileRestored, "folder": FolderRestored}


@dataclass(frozen=True)
class Way:
    """The folders above a node, innermost first, as each one's `parentId` leads up.

    Attributes:
        circular: it does not end in the owner's root: it comes back to a folder, or to the node itself.
    """

    folders: tuple[Node, ...]
    circular: bool = False

    def deletion(self) -> str | None:
        """The deletion that nothing below outlives: that of the nearest deleted folder."""
        return next((str(folder["deletion"]) for folder in self.folders if folder["deleted"]), None)

    def refusal(self) -> Conflict | None:
        """Why nothing can be where this leads up from."""
        if self.circular:
            return MoveRefused()
        if len(self.folders) + 1 > limits.MAX_FOLDER_DEPTH:
            return TooDeep()
        return ParentDeleted() if self.deletion() else None


def path_below(parent: Node | None, owner_id: str) -> list[str]:
    """The ancestors of what lies directly in a folder (None: the owner's root), outermost first."""
    return [*parent["ancestors"], parent["_id"]] if parent else [owner_id]


def moved(node: Node, parent: Node | None, *, at: datetime) -> Change:
    """Put a node into another folder of its owner, for `confirmed` or `put_back` to decide: `moving` says where it came from.

    Raises:
        MoveRefused: into itself or below itself.
        ForeignFolder: the folder is somebody else's.
        TooDeep: deeper than 32 levels.
    """
    if parent and parent["ownerId"] != node["ownerId"]:
        raise ForeignFolder
    if parent and node["_id"] in (parent["_id"], *parent["ancestors"]):
        raise MoveRefused
    ancestors = path_below(parent, node["ownerId"])
    if len(ancestors) > limits.MAX_FOLDER_DEPTH:
        raise TooDeep
    if ancestors == node["ancestors"]:
        return NOTHING
    moving = node.get("moving") or {"from": node["parentId"]}
    changed = {"parentId": ancestors[-1], "ancestors": ancestors, "moving": moving}
    return _placed(node, MOVED, changed, at=at, edited=True)


def room_below(node: Node, parent: Node | None) -> int:
    """How many ancestors, as they are before a move, something below a node may have, so that it is not too deep after it."""
    return limits.MAX_FOLDER_DEPTH - len(path_below(parent, node["ownerId"])) + len(node["ancestors"])


def confirmed(node: Node, *, announce: bool) -> Change:
    """Let a node stay where it was moved to."""
    return Change(unset=("moving",), emit=(told(MOVED[node["type"]], node, {}),) if announce else ())


def put_back(node: Node, folder: Node | None, *, at: datetime) -> Change:
    """Undo a move: into the folder where the node was, to be confirmed as well, or into the root (None), where anything can be."""
    ancestors = path_below(folder, node["ownerId"])
    change = _placed(node, MOVED, {"parentId": ancestors[-1], "ancestors": ancestors}, at=at)
    if folder is None:
        return replace(change, unset=("moving",))
    return replace(change, set_={**change.set_, "moving": {"from": node["ownerId"]}})


def withdrawn(node: Node, reason: Conflict, *, at: datetime) -> Change:
    """Hide a node that should not have been made. It does not come back with its folder; a file says why it has no bytes."""
    changed: dict[str, Any] = {"deleted": True, "deletion": f"{node['_id']}:{node['placement'] + 1}"}
    if node["type"] == FILE:
        failure = Failure(code=reason.code, message=reason.message)
        changed |= {"status": FileStatus.FAILED.value, "failure": failure.to_json_dict()}
    return NOTHING if node["deleted"] else _placed(node, DELETED, changed, at=at)


def follows_folder(node: Node, folder: Node, deletion: str | None = None, *, at: datetime) -> Change:
    """What its folder, as it is now, means for a node in it: it is deleted with it, comes back with it, lies where that lies.

    It depends on what is true and not on what happened, so that the order in which one hears of it does not matter. Nothing when
    the node is as it should be, lies elsewhere, or would be led astray.

    Args:
        deletion: the deletion that the folder's fact names; what that took along comes back when the folder is there.
    """
    if node["parentId"] != folder["_id"]:
        return NOTHING
    if folder["deleted"] and not node["deleted"]:
        return deleted(node, at=at, deletion=folder["deletion"])
    if node["deleted"] and not folder["deleted"] and deletion and node["deletion"] == deletion:
        return restored(node, folder, at=at, edited=False)
    ancestors = path_below(folder, node["ownerId"])
    if node["ancestors"] == ancestors or leads_astray(node, folder):
        return NOTHING
    return _placed(node, MOVED, {"ancestors": ancestors}, at=at)


def leads_astray(node: Node, folder: Node) -> bool:
    """Whether a node in this folder would be below itself, or deeper than folders may be: no cascade goes that way."""
    ancestors = path_below(folder, node["ownerId"])
    return node["_id"] in ancestors or len(ancestors) > limits.MAX_FOLDER_DEPTH


def deleted(node: Node, *, at: datetime, deletion: str | None = None) -> Change:
    """Hide a node. `deletion` names the deletion that takes it along; a node deleted by itself begins one."""
    if node["deleted"]:
        return NOTHING
    name = deletion or f"{node['_id']}:{node['placement'] + 1}"
    return _placed(node, DELETED, {"deleted": True, "deletion": name}, at=at, edited=deletion is None)


def restored(node: Node, parent: Node | None, *, at: datetime, edited: bool = True) -> Change:
    """Bring a deleted node back to where it was; with a folder comes back what its deletion took along.

    Args:
        edited: whether a user asked for this node, not for its folder.

    Raises:
        ParentDeleted: its folder is still deleted.
    """
    if not node["deleted"]:
        return NOTHING
    if parent and parent["deleted"]:
        raise ParentDeleted(parent)
    changed = {"deleted": False, "deletion": None, "ancestors": path_below(parent, node["ownerId"])}
    change = _placed(node, RESTORED, changed, at=at, edited=edited)
    told_with_name = tuple(one.model_copy(update={"deletion": node.get("deletion")}) for one in change.emit)
    return Change(set_=change.set_, emit=told_with_name)


def _placed(
    node: Node, kinds: dict[str, type[NodeFact]], changed: dict[str, Any], *, at: datetime, edited: bool = False
) -> Change:
    changed = {**changed, "placement": node["placement"] + 1, "updatedAt": at}
    if edited:
        changed["version"] = node["version"] + 1
    one = told(kinds[node["type"]], node, changed)
    return Change(set_=changed, emit=(one.model_copy(update={"deletion": changed.get("deletion")}),))
