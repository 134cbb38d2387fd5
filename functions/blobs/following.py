"""Follows what is announced of files: each has an upload that ends, and what lies in a bundle is taken out of it."""

from __future__ import annotations

from dataclasses import dataclass

from functions.blobs.unpacking import Unpacking
from functions.blobs.use_cases import Uploading
from leanda.contracts.envelope import Origin
from leanda.contracts.events import MemberRequested, UploadRequested
from leanda.messaging import Group


@dataclass(frozen=True)
class Follower:
    """The use case of `blobs.on_file_events`. Repeating its events changes nothing."""

    uploading: Uploading
    unpacking: Unpacking

    def follow(self, group: Group) -> None:
        for one in group:
            data, origin = one.data, Origin.of_event(one.event)
            if isinstance(data, MemberRequested):
                self.unpacking.take_out(data, origin)
            elif isinstance(data, UploadRequested):
                # `files` opens it in the request. Where that failed nobody would know that the file's bytes are awaited.
                self.uploading.opened(
                    file_id=data.file_id,
                    owner_id=data.owner_id,
                    name=data.name,
                    size=data.size,
                    sha256=data.sha256,
                    correlation_id=origin.correlation_id,
                )
