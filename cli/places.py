"""Files and folders as people name them: by id, or by a path of names from the root."""

from __future__ import annotations

import re
from typing import Any

from cli.errors import CliError
from leanda_client import LeandaClient

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(place: str) -> bool:
    """Whether a place is named by an id, and not by names."""
    return _ID.fullmatch(place) is not None


def folder_id(client: LeandaClient, place: str | None) -> str:
    """The folder that `place` names; none, or `/`, is the root.

    Raises:
        CliError: there is no such folder.
    """
    names = _names(place)
    if len(names) == 1 and is_id(names[0]):
        return names[0]
    here = client.me()["id"]
    for name in names:
        here = _only(client, here, name, "folder", place or "/")
    return here


def file_id(client: LeandaClient, place: str) -> str:
    """The file that `place` names.

    Raises:
        CliError: there is no such file, or several have that name.
    """
    names = _names(place)
    if len(names) == 1 and is_id(names[0]):
        return names[0]
    if not names:
        raise CliError("That is a folder; name a file.")
    parent = folder_id(client, "/".join(names[:-1]))
    return _only(client, parent, names[-1], "file", place)


def _names(place: str | None) -> list[str]:
    return [name for name in (place or "").split("/") if name]


def _only(client: LeandaClient, parent_id: str, name: str, type_: str, place: str) -> str:
    named: list[dict[str, Any]] = [dict(item) for item in client.children(parent_id) if item["name"] == name]
    found = [item for item in named if item["type"] == type_]
    if named and not found:
        other = named[0]["type"]
        raise CliError(f"{place} is a {other}, not a {type_}{'; try --folder' if other == 'folder' else ''}.")
    if not found:
        raise CliError(f"There is no {type_} {place}; `leanda ls` shows what there is.")
    if len(found) > 1:
        ids = ", ".join(item["id"] for item in found)
        raise CliError(f"There are {len(found)} {type_}s named {place}; name one by its id: {ids}.")
    return str(found[0]["id"])
