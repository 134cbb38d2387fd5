"""Places of files that were dropped into an inbox: the folders of their path, and what is shown of a file that has no bytes.

What was deleted stays so, whole, until somebody restores it. So a drop into a folder that was deleted goes into a new one of the
same name, whose id follows from the old one and its deletion: two drops make one folder.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.files import domain
from functions.files.domain import Node
from functions.files.placement import path_below
from functions.files.ports import Nodes
from functions.files.settling import way_up
from leanda import ids
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import Failure, FileStatus, FileStatusChanged
from leanda.errors import InvalidRequest
from leanda.originals import is_usable, shown_name


def place(nodes: Nodes, owner_id: str, path: str, origin: Origin, *, at: datetime) -> tuple[Node | None, str]:
    """The folder of an inbox path, made where it is missing or deleted (None: the owner's root), and the file's name."""
    *folders, name = path.split("/")
    parent: Node | None = None
    for segment in folders:
        folder_id = ids.folder_id_of_inbox(parent["_id"] if parent else owner_id, segment)
        while (found := nodes.get(folder_id)) and (deletion := _deletion(nodes, found, parent)):
            folder_id = ids.folder_id_instead(folder_id, deletion)
        if found is None:
            found, change = domain.folder(folder_id, owner_id=owner_id, parent=parent, name=_shown(segment), at=at)
            nodes.insert(found, change, origin)
            nodes.publish(folder_id)
        parent = found
    return parent, _shown(name)


def _deletion(nodes: Nodes, folder: Node, above: Node | None) -> str | None:
    """The deletion that a folder was taken by, or will be as soon as its cascade comes; `above` is known to be there."""
    if folder["deleted"]:
        return str(folder["deletion"])
    if folder["parentId"] == (above["_id"] if above else folder["ownerId"]):
        return None
    return way_up(nodes, folder).deletion()


def place_in(parent: Node | None, owner_id: str) -> dict[str, Any]:
    """What a node directly in a folder (None: the owner's root) says of its place."""
    ancestors = path_below(parent, owner_id)
    return {"parentId": ancestors[-1], "ancestors": ancestors}


def place_or_root(nodes: Nodes, owner_id: str, path: str, origin: Origin, *, at: datetime) -> tuple[Node | None, str]:
    """The same for a path that nobody has checked: what cannot be used is shown in the owner's root."""
    return place(nodes, owner_id, path, origin, at=at) if is_usable(path) else (None, shown_name(path))


def without_bytes(
    file_id: str, *, owner_id: str, parent: Node | None, name: str, failure: Failure, at: datetime, **more: Any
) -> tuple[Node, Change]:
    """A failed file that is there to say why its bytes are not."""
    node, _ = domain.announced_file(file_id, owner_id=owner_id, parent=parent, name=name, size=0, process=True, at=at)
    node |= {"status": FileStatus.FAILED.value, "failure": failure.to_json_dict(), **more}
    return node, Change(emit=(domain.fact(FileStatusChanged, node, revision=0),))


def _shown(segment: str) -> str:
    """A path segment as a name; what cannot be a name is shown as such rather than refused here."""
    try:
        return domain.clean_name(segment)
    except InvalidRequest:
        return "unnamed"
