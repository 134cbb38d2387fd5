"""Uploads, stored bytes and downloads. One method per command or query; ports only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from functions.blobs import domain
from functions.blobs.domain import BlobRefused, StoredObject
from functions.blobs.ports import Blobs, Objects, Uploads
from leanda import ids, limits, telling
from leanda.changes import NOTHING, Change
from leanda.contracts.envelope import Origin
from leanda.errors import Conflict, NotFound
from leanda.observability import correlated, logger
from leanda.originals import Place, place_of, upload_key
from leanda.parsing.signatures import decide
from leanda.persistence.aggregates import Aggregates, deciding
from leanda.ports import Clock


class UploadIncomplete(Conflict):
    code, summary = "UPLOAD_INCOMPLETE", "Not all parts have arrived; ask for the missing ones and send them."


class UploadClosed(Conflict):
    code, summary = "UPLOAD_CLOSED", "This upload is over; announce the file again."


@dataclass(frozen=True)
class Uploading:
    """Opening, continuing and completing uploads."""

    uploads: Uploads
    objects: Objects
    clock: Clock

    def open(
        self, *, file_id: str, owner_id: str, name: str, size: int, sha256: str | None, correlation_id: str
    ) -> dict[str, Any]:
        """Open the upload of a file; repeating it gives the same upload with fresh addresses."""
        upload = self.opened(
            file_id=file_id, owner_id=owner_id, name=name, size=size, sha256=sha256, correlation_id=correlation_id
        )
        return self._descriptor(upload)

    def opened(
        self, *, file_id: str, owner_id: str, name: str, size: int, sha256: str | None, correlation_id: str
    ) -> dict[str, Any]:
        """The upload of a file as it is known, or opened now. It ends in time, whether or not anybody sends anything."""
        upload = self.uploads.get(file_id)
        if upload is None:
            upload = domain.new_upload(
                file_id=file_id,
                owner_id=owner_id,
                name=name,
                size=size,
                sha256=sha256,
                correlation_id=correlation_id,
                at=self.clock.now(),
            )
            key = upload_key(file_id)
            if upload["kind"] == "multipart":
                upload["uploadId"] = self.objects.start_parts(key)
            if not self.uploads.insert(upload, Change(), Origin(cause=file_id, correlation_id=correlation_id)):
                if "uploadId" in upload:
                    self.objects.abort(key, upload["uploadId"])
                upload = self.uploads.get(file_id) or upload
        return upload

    def progress(self, owner_id: str, file_id: str) -> dict[str, Any]:
        """How far an upload is: what arrived, and fresh addresses for what is missing."""
        upload = self._own(owner_id, file_id)
        shown: dict[str, Any] = {"fileId": file_id, "state": upload["state"], "kind": upload["kind"], "uploaded": []}
        if upload["state"] != "Open" or upload["kind"] == domain.MEMBER:
            return shown
        if upload["kind"] == "post":
            return shown | {"post": self._descriptor(upload)}
        arrived = self.objects.parts(upload_key(file_id), upload["uploadId"]) or []
        uploaded = [{"number": part.number, "size": part.size, "etag": part.etag} for part in arrived]
        described = self._descriptor(upload, {part.number for part in arrived})
        return shown | {"uploaded": uploaded, "partSize": upload["partSize"], "parts": described["parts"]}

    def complete(self, owner_id: str, file_id: str) -> dict[str, Any]:
        """Put the parts together; completing again is the same.

        Raises:
            UploadIncomplete: parts are missing.
            UploadClosed: it expired or was aborted.
        """
        upload = self._own(owner_id, file_id)
        if upload["kind"] != "multipart" or upload["state"] in {"Stored", "Rejected"}:
            return {"fileId": file_id, "state": upload["state"]}
        key = upload_key(file_id)
        arrived = self.objects.parts(key, upload["uploadId"]) if upload["state"] == "Open" else None
        if arrived is None:
            if self.objects.head(key) is None:
                raise UploadClosed
            return {"fileId": file_id, "state": upload["state"]}
        missing = domain.part_count(upload["size"], upload["partSize"]) - len(arrived)
        if missing > 0:
            raise UploadIncomplete(f"{missing} parts have not arrived; ask for their addresses and send them.")
        self.objects.complete(key, upload["uploadId"], arrived)
        return {"fileId": file_id, "state": upload["state"]}

    def abort(self, owner_id: str, file_id: str) -> None:
        """Give an upload up; the file fails with that reason. What is stored already stays."""
        upload = self._own(owner_id, file_id)
        if upload["state"] != "Open":
            raise UploadClosed
        self._end(upload, domain.upload_aborted(upload, at=self.clock.now()))

    def expire(self, upload: dict[str, Any]) -> None:
        """End an upload whose time is over; the file fails with that reason."""
        self._end(upload, domain.upload_expired(upload, at=self.clock.now()))

    def _end(self, upload: dict[str, Any], change: Change) -> None:
        if "uploadId" in upload:
            self.objects.abort(upload_key(upload["_id"]), upload["uploadId"])
        origin = Origin(cause=f"expired:{upload['_id']}", correlation_id=upload["correlationId"])
        told = telling.kept(change, origin, revision=upload["revision"] + 1, at=self.clock.now())
        with correlated(origin.correlation_id):
            self.uploads.apply(upload, replace(change, set_={**change.set_, **told}), origin)
            self.uploads.publish(upload["_id"])

    def _own(self, owner_id: str, file_id: str) -> dict[str, Any]:
        upload = self.uploads.get(file_id)
        if upload is None or upload["ownerId"] != owner_id:
            raise NotFound
        return upload

    def _descriptor(self, upload: dict[str, Any], arrived: set[int] | None = None) -> dict[str, Any]:
        key, file_id = upload_key(upload["_id"]), upload["_id"]
        if upload["kind"] == "post":
            return {"kind": "post", **self.objects.post(key, size=upload["size"], sha256=upload.get("sha256"))}
        count = domain.part_count(upload["size"], upload["partSize"])
        missing = [number for number in range(1, count + 1) if number not in (arrived or set())]
        return {
            "kind": "multipart",
            "uploadId": upload["uploadId"],
            "partSize": upload["partSize"],
            "parts": self.objects.part_urls(key, upload["uploadId"], missing[: limits.MAX_PART_URLS]),
            "completeUrl": f"/api/v1/uploads/{file_id}/complete",
        }


@dataclass(frozen=True)
class Receiving:
    """What happens when bytes have arrived. Repeating it changes nothing."""

    uploads: Uploads
    blobs: Blobs
    objects: Objects
    clock: Clock

    def receive(self, key: str, version_id: str, sequencer: str) -> None:
        """Check stored bytes, decide their kind once, keep and announce them; or say why they are refused.

        Large ones whose SHA-256 was announced are announced when it has been computed (`functions.blobs.hashing`).
        """
        place = place_of(key)
        if place is None:
            logger.warning("an object at a place that nobody owns is left alone", key=key)
            return
        upload = self.uploads.get(place.file_id) if place.inbox_path is None else None
        if place.inbox_path is None and upload is None:
            logger.warning("an object without an announced upload is left alone", key=key)
            return
        head = self.objects.head(key, version_id)
        if head is None:
            logger.warning("the object version is gone", key=key, version=version_id)
            return
        found = StoredObject(key, version_id, head.stored.size, sequencer)
        owner_id = upload["ownerId"] if upload else str(place.owner_id)
        name = upload["name"] if upload else place.name
        blob_id = ids.blob_id(place.file_id, version_id)
        correlation = upload["correlationId"] if upload else blob_id
        origin = Origin(cause=blob_id, correlation_id=correlation, user_id=owner_id)
        with correlated(correlation):  # from here on it is the work of whoever announced the upload
            try:
                document, change = self._accept(place, found, head.sha256, upload, owner_id, name)
                state = "Stored"
            except BlobRefused as refused:
                at = self.clock.now()
                document, change = domain.refusal(place, found, refused, owner_id=owner_id, name=name, at=at)
                state = "Rejected"
            if change.emit:
                document |= telling.kept(change, origin, revision=0, at=self.clock.now())
            self.blobs.insert(document, change, origin)
            self.blobs.publish(blob_id)
            if upload:
                deciding(lambda: self._end_upload(place.file_id, state, origin))
            logger.info("received", file=place.file_id, state=state)

    def _accept(
        self,
        place: Place,
        found: StoredObject,
        sha256: str | None,
        upload: dict[str, Any] | None,
        owner_id: str,
        name: str,
    ) -> tuple[dict[str, Any], Change]:
        if place.inbox_path is not None:
            domain.check_inbox_path(place.inbox_path)
        domain.check(found, sha256, upload)
        head = bytearray()
        if found.size > limits.MAX_POST_BYTES:
            for block in self.objects.read(found.key, found.version_id, limit=limits.HEAD_BYTES):
                head += block
        else:  # small enough to be read whole: its SHA-256 is its checksum, and settles an announced one
            digest = hashlib.sha256()
            for block in self.objects.read(found.key, found.version_id):
                digest.update(block)
                if len(head) < limits.HEAD_BYTES:
                    head += block[: limits.HEAD_BYTES - len(head)]
            sha256 = digest.hexdigest()
            domain.check(found, sha256, upload)
        kind = decide(bytes(head), name, found.size)
        checksum, now = f"sha256:{sha256}" if sha256 else None, self.clock.now()
        document, change = domain.blob(place, found, kind, owner_id=owner_id, name=name, checksum=checksum, at=now)
        if checksum:
            return document, change
        announced, correlation_id = (upload or {}).get("sha256"), (upload or {}).get("correlationId", document["_id"])
        document = domain.unhashed(document, announced=announced, correlation_id=correlation_id, at=now)
        return document, NOTHING if announced else change

    def _end_upload(self, file_id: str, state: str, origin: Origin) -> None:
        upload = self.uploads.get(file_id)
        if upload:
            self.uploads.apply(upload, domain.upload_ended(upload, state, at=self.clock.now()), origin)


@dataclass(frozen=True)
class Downloading:
    """Short-lived addresses of originals, for contexts that may ask."""

    blobs: Aggregates
    objects: Objects

    def url(self, blob_id: str) -> str:
        blob = self.blobs.get(blob_id)
        if blob is None or blob.get("refused"):
            raise NotFound
        return self.objects.download_url(blob["key"], blob["versionId"], name=blob["name"])
