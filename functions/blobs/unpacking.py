"""Members of bundles on their way to become files: taken out of the stored bundle, and stored as if their owner had sent them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from functions.blobs import domain
from functions.blobs.domain import BlobRefused, BundleGone, MemberCorrupt
from functions.blobs.members import DEFLATED, STORED, content
from functions.blobs.ports import Objects, Uploads
from leanda import telling
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import MemberRequested
from leanda.errors import RevisionConflict
from leanda.originals import upload_key
from leanda.persistence.aggregates import Aggregates, deciding
from leanda.ports import Clock


@dataclass(frozen=True)
class Unpacking:
    """Repeating it changes nothing: what is stored already is left alone."""

    uploads: Uploads
    blobs: Aggregates
    objects: Objects
    clock: Clock

    def take_out(self, wanted: MemberRequested, origin: Origin) -> None:
        """Store a member's bytes under its file; S3 then announces them like any upload, and the same checks follow."""
        upload = deciding(lambda: self._open(wanted, origin))
        key = upload_key(wanted.file_id)
        if upload["state"] == "Open" and self.objects.head(key) is None:
            try:
                self._store(key, wanted)
            except BlobRefused as refused:
                now = self.clock.now()
                change = domain.member_refused(upload, refused, at=now)
                told = telling.kept(change, origin, revision=upload["revision"] + 1, at=now)
                self.uploads.apply(upload, replace(change, set_={**change.set_, **told}), origin)
        self.uploads.publish(wanted.file_id)

    def _open(self, wanted: MemberRequested, origin: Origin) -> dict[str, Any]:
        """The member's upload, new or as it is known."""
        now = self.clock.now()
        known = self.uploads.get(wanted.file_id)
        if known is None:
            new = domain.member_upload(wanted, cause=origin.cause, correlation_id=origin.correlation_id, at=now)
            self.uploads.insert(new, Change(), origin)
        else:
            self.uploads.apply(known, domain.reopened(known, cause=origin.cause, at=now), origin)
        upload = self.uploads.get(wanted.file_id)
        if upload is None:
            raise RevisionConflict(detail=wanted.file_id)
        return upload

    def _store(self, key: str, wanted: MemberRequested) -> None:
        bundle = self.blobs.get(wanted.blob_id)
        if bundle is None or bundle.get("refused") or bundle["ownerId"] != wanted.owner_id:
            raise BundleGone
        if self.objects.head(bundle["key"], bundle["versionId"]) is None:
            raise BundleGone
        if wanted.method not in (STORED, DEFLATED) or wanted.offset + wanted.compressed_size > bundle["size"]:
            raise MemberCorrupt(detail=f"method {wanted.method}, {wanted.compressed_size} bytes at {wanted.offset}")
        data = self.objects.read(bundle["key"], bundle["versionId"], offset=wanted.offset, limit=wanted.compressed_size)
        self.objects.store(key, content(data, method=wanted.method, size=wanted.size, crc32=wanted.crc32))
