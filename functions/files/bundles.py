"""What is in a bundle becomes files, in a folder that has the bundle's name and stands beside it.

Ids follow from the bundle's bytes and the path: a repetition finds what is there, and other bytes get a folder of their own. What
has not come is asked for again: so a bundle that is processed anew gets what failed the first time. What a user renamed, moved or
deleted since stays so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from functions.files import domain
from functions.files.domain import Node
from functions.files.ports import Nodes
from leanda import ids, limits, telling
from leanda.changes import Change
from leanda.contracts.artefacts import RecordStatus, Row
from leanda.contracts.envelope import Origin
from leanda.contracts.events import MemberRequested
from leanda.errors import InvalidRequest
from leanda.ports import Clock

LEVELS: Final = limits.MAX_MEMBER_DEPTH + 2
"""Levels below the folder that a bundle lies in: its own folder, those in it, and the files."""


@dataclass(frozen=True)
class Bundles:
    """The part of `files.on_record_events` that unpacks."""

    nodes: Nodes
    clock: Clock

    def unpack(self, bundle: Node, blob_id: str, records: Iterable[Row], origin: Origin) -> None:
        """Announce a file for each good member. Members that failed have a record that says why, and no file.

        Args:
            bundle: the file that was read.
            blob_id: the bytes that were read.
            records: of type `member` (`functions.parsers.bundle`).
        """
        members = [record for record in records if record["status"] == RecordStatus.PARSED]
        if not members or bundle["deleted"]:
            return
        top_id = ids.folder_id_of_bundle(blob_id)
        top = self._folder(top_id, self._beside(bundle), _folder_name(bundle), bundle, origin)
        folders: dict[tuple[str, ...], Node] = {}
        for record in members:
            *path, name = str(record["properties"]["path"]).split("/")
            parent = top
            for depth in range(1, len(path) + 1):
                key = tuple(path[:depth])
                if key not in folders:
                    folder_id = ids.folder_id_of_inbox(parent["_id"], key[-1])
                    folders[key] = self._folder(folder_id, parent, key[-1], bundle, origin)
                parent = folders[key]
            self._file(bundle, blob_id, parent, name, record, origin)

    def _beside(self, bundle: Node) -> Node | None:
        """The folder that the bundle lies in; the owner's root (None) where there is no room for so many levels below it."""
        if bundle["parentId"] == bundle["ownerId"] or len(bundle["ancestors"]) + LEVELS > limits.MAX_FOLDER_DEPTH:
            return None
        return self.nodes.get(bundle["parentId"])

    def _folder(self, folder_id: str, parent: Node | None, name: str, bundle: Node, origin: Origin) -> Node:
        known = self.nodes.get(folder_id)
        if known is None:
            known, change = domain.folder(
                folder_id, owner_id=bundle["ownerId"], parent=parent, name=_shown(name), at=self.clock.now()
            )
            self.nodes.insert(known, change, origin)
        self.nodes.publish(folder_id)
        return known

    def _file(self, bundle: Node, blob_id: str, parent: Node, name: str, record: Row, origin: Origin) -> None:
        said = record["properties"]
        file_id = ids.file_id_of_member(blob_id, said["path"])
        new, _ = domain.announced_file(
            file_id,
            owner_id=bundle["ownerId"],
            parent=parent,
            name=_shown(name),
            size=said["size"],
            process=True,
            position=bool(bundle.get("position")),
            at=self.clock.now(),
        )
        requested = MemberRequested(
            file_id=file_id,
            name=new["name"],
            parent_id=new["parentId"],
            owner_id=new["ownerId"],
            size=new["size"],
            revision=0,
            bundle_id=bundle["_id"],
            blob_id=blob_id,
            offset=said["offset"],
            compressed_size=said["compressedSize"],
            method=said["method"],
            crc32=said["crc32"],
        )
        change = Change(emit=(requested,), guarded=False)
        now = self.clock.now()
        if not self.nodes.insert(new | telling.kept(change, origin, revision=0, at=now), change, origin):
            known = self.nodes.get(file_id)
            if known is not None and not known.get("blob") and not known["deleted"]:
                kept = telling.kept(change, origin, revision=known["revision"], at=now)
                self.nodes.apply(known, replace(change, set_=kept), origin)
        self.nodes.publish(file_id)


def _folder_name(bundle: Node) -> str:
    name = str(bundle["name"])
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem.strip() else name


def _shown(name: str) -> str:
    """A part of a path as a name; what cannot be one is shown as such."""
    try:
        return domain.clean_name(name)
    except InvalidRequest:
        return "unnamed"
