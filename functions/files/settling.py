"""Looks again at where a node was put: its folder may have been deleted, or moved, while the node was written (ADR 38).

Who puts a node into a folder reads the folder first and writes the node then, and what happens to the folder in between reaches
nobody who could follow it. So the way up is read again after the write: of two that cross, the later one sees both. The API does
this before it answers; if it dies in between, the fact that was written with the node brings somebody here.
"""

from __future__ import annotations

from functions.files import placement
from functions.files.domain import Node
from functions.files.placement import Way
from functions.files.ports import Nodes
from leanda import limits
from leanda.contracts.envelope import Origin
from leanda.errors import Conflict
from leanda.observability import logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock


def way_up(nodes: Nodes, node: Node) -> Way:
    """The folders above a node as the store has them now, not as the node remembers them."""
    owner_id, parent_id = node["ownerId"], node["parentId"]
    near = nodes.get_many(key for key in node["ancestors"] if key != owner_id)
    folders: list[Node] = []
    passed = {node["_id"]}
    while parent_id != owner_id:
        if parent_id in passed or len(folders) > limits.MAX_FOLDER_DEPTH:
            return Way(tuple(folders), circular=True)
        found = near.get(parent_id) or nodes.get(parent_id)
        if found is None:
            break
        passed.add(parent_id)
        folders.append(found)
        parent_id = found["parentId"]
    return Way(tuple(folders))


def finish_move(nodes: Nodes, node_id: str, origin: Origin, clock: Clock, *, announce: bool = False) -> Conflict | None:
    """Confirm a move, or put the node back to where it was; nothing for a node that is not being moved.

    Args:
        announce: say again that it was moved, because the announcement of the move is out already.

    Returns: why it could not stay where it was put.
    """
    refused: Conflict | None = None

    def step() -> bool:
        """One write; whether that was all."""
        nonlocal refused
        node = nodes.get(node_id)
        if node is None or node["deleted"] or not node.get("moving"):
            return True
        refusal = way_up(nodes, node).refusal()
        if refusal is None:
            nodes.apply(node, placement.confirmed(node, announce=announce), origin)
            return True
        logger.warning("a move is taken back", node=node_id, code=refusal.code)
        refused = refused or refusal
        nodes.apply(node, placement.put_back(node, _where_it_was(nodes, node), at=clock.now()), origin)
        return False

    while not deciding(step):
        pass
    return refused


def look_again(nodes: Nodes, node_id: str, origin: Origin, clock: Clock) -> None:
    """Let a node follow what its folder became: it is deleted with it, and lies where that lies."""

    def step() -> bool:
        node = nodes.get(node_id)
        if node is None or node["parentId"] == node["ownerId"]:
            return True
        folder = nodes.get(node["parentId"])
        if folder is None:
            return True
        change = placement.follows_folder(node, folder, at=clock.now())
        nodes.apply(node, change, origin)
        return change.empty

    while not deciding(step):
        pass


def withdraw_if_misplaced(nodes: Nodes, node_id: str, origin: Origin, clock: Clock) -> Conflict | None:
    """Take back a node that was made a moment ago, if it cannot be where it was made; why, if so."""

    def step() -> Conflict | None:
        node = nodes.get(node_id)
        refusal = way_up(nodes, node).refusal() if node else None
        if node and refusal:
            nodes.apply(node, placement.withdrawn(node, refusal, at=clock.now()), origin)
        return refusal

    return deciding(step)


def _where_it_was(nodes: Nodes, node: Node) -> Node | None:
    """The folder that a node was moved from, if it can go back there; else (None) it goes to its owner's root."""
    before = node["moving"]["from"]
    folder = None if before == node["ownerId"] else nodes.get(before)
    if folder is None or folder["deleted"]:
        return None
    way = way_up(nodes, folder)
    in_itself = node["_id"] in {folder["_id"], *(above["_id"] for above in way.folders)}
    return None if in_itself or way.refusal() else folder
