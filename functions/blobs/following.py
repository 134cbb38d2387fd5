"""Follows what is announced of files: each has an upload that ends, what lies in a bundle is taken out, what was taken is noted."""

from __future__ import annotations

from dataclasses import dataclass

from functions.blobs.unpacking import Unpacking
from functions.blobs.use_cases import Uploading
from leanda import telling
from leanda.contracts.envelope import Origin
from leanda.contracts.events import MemberRequested, RunRequest, UploadRequested
from leanda.messaging import Group
from leanda.persistence.aggregates import Aggregates


@dataclass(frozen=True)
class Follower:
    """The use case of `blobs.on_file_events`. Repeating its events changes nothing."""

    uploading: Uploading
    unpacking: Unpacking
    blobs: Aggregates

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
            elif isinstance(data, RunRequest):
                blob = self.blobs.get(data.blob_id)
                if blob is not None and "told" in blob:
                    self.blobs.apply(blob, telling.HEARD, origin)
