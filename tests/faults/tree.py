"""The oracle of folders: everything that is there can be reached from its owner's root, and remembers the way that leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leanda import limits


def check_tree(nodes: Mapping[str, Mapping[str, Any]]) -> None:
    """No circle, nothing alive in what is deleted, no wrong ancestors, nothing too deep, no move without an end.

    Args:
        nodes: documents of the store by `_id`, when everything has come to rest.
    """
    for key, node in nodes.items():
        way, parent_id = list[str](), node["parentId"]
        while parent_id != node["ownerId"]:
            assert parent_id not in (key, *way), f"in a circle: {node['name']} ({key})"
            way.append(parent_id)
            parent_id = nodes[parent_id]["parentId"]
        told = [node["ownerId"], *reversed(way)]
        if node["deleted"]:
            continue
        assert node["ancestors"] == told, f"{node['name']} ({key}) remembers {node['ancestors']}, it is in {told}"
        assert len(told) <= limits.MAX_FOLDER_DEPTH, f"{node['name']} ({key}) is {len(told)} deep"
        gone = [nodes[above]["name"] for above in way if nodes[above]["deleted"]]
        assert not gone, f"{node['name']} ({key}) is alive in {gone}, which is deleted"
        assert not node.get("moving"), f"{node['name']} ({key}) is still being moved"
