"""Places of files that were dropped into an inbox: the folders of their path, and what is shown of a file that has no bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.files import domain
from functions.files.domain import Node
from functions.files.ports import Nodes
from leanda import ids
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import Failure, FileStatus, FileStatusChanged
from leanda.errors import InvalidRequest
from leanda.originals import is_usable, shown_name


def place(nodes: Nodes, owner_id: str, path: str, origin: Origin, *, at: datetime) -> tuple[Node | None, str]:
    """The folder of an inbox path, made where it is missing (None: the owner's root), and the file's name."""
    *folders, name = path.split("/")
    parent: Node | None = None
    for segment in folders:
        folder_id = ids.folder_id_of_inbox(parent["_id"] if parent else owner_id, segment)
        found = nodes.get(folder_id)
        if found is None:
            found, change = domain.folder(folder_id, owner_id=owner_id, parent=parent, name=_shown(segment), at=at)
            nodes.insert(found, change, origin)
            nodes.publish(folder_id)
        parent = found
    return parent, _shown(name)


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
