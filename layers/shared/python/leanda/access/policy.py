"""The one policy function. Owner, or a grant on the node or any ancestor to the user, one of the user's groups, or public."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

PUBLIC: Final = "public"


class Role(IntEnum):
    """What a grant allows; each includes the ones before."""

    NONE = 0
    READ = 1
    WRITE = 2
    MANAGE = 3


@dataclass(frozen=True)
class Viewer:
    """The one who asks: a user and the groups that user is in (at most 50)."""

    user_id: str
    groups: tuple[str, ...] = ()

    def principals(self) -> tuple[str, ...]:
        """Everything a grant may name for this viewer."""
        return (f"user:{self.user_id}", *(f"group:{group}" for group in self.groups), PUBLIC)


@dataclass(frozen=True)
class Guarded:
    """What the policy needs to know of one node on the path."""

    owner_id: str
    grants: Mapping[str, str] = field(default_factory=dict)


def role_on(viewer: Viewer, path: Iterable[Guarded]) -> Role:
    """The strongest role that the node or any of its ancestors gives the viewer.

    Args:
        path: the node itself and its ancestors, in any order.
    """
    best = Role.NONE
    principals = viewer.principals()
    for node in path:
        if node.owner_id == viewer.user_id:
            return Role.MANAGE
        for principal in principals:
            granted = node.grants.get(principal)
            if granted:
                best = max(best, Role[granted.upper()])
    return best
