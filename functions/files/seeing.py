"""Who may see a folder or file: the one policy, asked with the node and all folders above it as they are stored."""

from __future__ import annotations

from typing import Any

from functions.files.ports import Nodes
from leanda.access.policy import Guarded, Role, Viewer, role_on
from leanda.errors import NotFound


def visible(nodes: Nodes, viewer: Viewer, node_id: str, type_: str, needed: Role = Role.READ) -> dict[str, Any]:
    """The node, if the viewer has the role on it.

    Raises:
        NotFound: there is no such node of this type, it or a folder above it is deleted, or the viewer may not see it.
    """
    node = nodes.get(node_id)
    if node is None or node["type"] != type_ or node["deleted"]:
        raise NotFound
    path = (node, *_above(nodes, node))
    if any(found["deleted"] for found in path):  # a deleted folder's cascade may not have come here yet
        raise NotFound
    if role_on(viewer, (Guarded(found["ownerId"], found["grants"]) for found in path)) < needed:
        raise NotFound
    return node


def _above(nodes: Nodes, node: dict[str, Any]) -> list[dict[str, Any]]:
    above = [key for key in node["ancestors"] if key != node["ownerId"]]  # the root is no document
    return list(nodes.get_many(above).values()) if above else []
