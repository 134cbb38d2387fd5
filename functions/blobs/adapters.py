"""Uploads and blobs in the document store; the originals in S3; credentials for the inbox from STS."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any, Final
from urllib.parse import quote

from botocore.exceptions import ClientError
from pymongo.database import Database

from functions.blobs.domain import StoredObject
from functions.blobs.ports import Head, Listed, Listing, Part
from leanda import limits
from leanda.aws import NO_ANSWER
from leanda.errors import NotFound, Unavailable
from leanda.originals import INBOX
from leanda.persistence.aggregates import MongoAggregates
from leanda.persistence.client import Document, store_errors
from leanda.persistence.tellers import MongoTellers
from leanda.ports import Clock, Publisher
from leanda.ranges import cut, range_header
from leanda.times import rfc3339

_BLOCK: Final = 1 << 20
_GONE: Final = {"404", "NoSuchKey", "NoSuchVersion", "NoSuchUpload", "NotFound", "MethodNotAllowed", "405"}


class MongoUploads(MongoTellers):
    """`Uploads` on the collection `uploads`."""

    def __init__(self, database: Database[Document], publisher: Publisher, clock: Clock, *, patient: bool) -> None:
        super().__init__(database["uploads"], publisher, clock, source="blobs", patient=patient)

    def overdue(self, now: datetime, *, limit: int) -> list[Document]:
        query = {"state": "Open", "lookAt": {"$lt": now}}
        with store_errors():
            return list(self.collection.find(query, {"outbox": 0}).sort("lookAt", 1).limit(limit))

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        self.collection.create_index([("state", 1), ("lookAt", 1)], name="lookAt")


class MongoBlobs(MongoTellers):
    """Blob documents on the collection `blobs`."""

    def __init__(self, database: Database[Document], publisher: Publisher, clock: Clock, *, patient: bool) -> None:
        super().__init__(database["blobs"], publisher, clock, source="blobs", patient=patient)

    def sequencers(self, file_id: str) -> list[str]:
        wanted = {"fileId": file_id, "sequencer": {"$exists": True}}
        with store_errors():
            return [found["sequencer"] for found in self.collection.find(wanted, {"sequencer": 1})]

    def unhashed(self, now: datetime, *, limit: int) -> list[Document]:
        due = {"unhashed.at": {"$exists": True, "$lt": now}, "told": {"$exists": False}}
        with store_errors():
            return list(self.collection.find(due, {"outbox": 0}).sort("unhashed.at", 1).limit(limit))

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        self.collection.create_index([("fileId", 1)], name="file")
        self.collection.create_index([("unhashed.at", 1)], name="unhashed", sparse=True)


class MongoSweeps(MongoAggregates):
    """How far a sweep has come, on the collection `sweeps`."""

    def __init__(self, database: Database[Document], publisher: Publisher, clock: Clock, *, patient: bool) -> None:
        super().__init__(database["sweeps"], publisher, clock, source="blobs", patient=patient)


class S3Objects:
    """`Objects` on one versioned bucket. The client must sign with version 4."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def head(self, key: str, version_id: str | None = None) -> Head | None:
        which = {"VersionId": version_id} if version_id else {}
        try:
            with _s3_errors():
                found = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED", **which)
        except _Gone:
            return None
        sha256 = None
        # A composite checksum (of a multipart upload) is not the SHA-256 of the bytes; it carries a dash and a count.
        if found.get("ChecksumSHA256") and "-" not in found["ChecksumSHA256"]:
            sha256 = base64.b64decode(found["ChecksumSHA256"]).hex()
        stored = StoredObject(key, found.get("VersionId") or "null", found["ContentLength"], "0")
        return Head(stored, sha256, found["ETag"])

    def listing(self, prefix: str, *, after: tuple[str, str] | None) -> Listing:
        begin = {"KeyMarker": after[0], "VersionIdMarker": after[1]} if after else {}
        with _s3_errors():
            page = self._client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **begin)
        objects = tuple(
            Listed(found["Key"], found["VersionId"], found["LastModified"])
            for found in page.get("Versions", ())
            if found["IsLatest"]
        )
        following = (page["NextKeyMarker"], page.get("NextVersionIdMarker", "")) if page.get("IsTruncated") else None
        return Listing(objects, following)

    def read(self, key: str, version_id: str, *, offset: int = 0, limit: int | None = None) -> Iterator[bytes]:
        if limit == 0:
            return
        extra = {"Range": range_header(offset, limit)} if offset or limit else {}
        with _s3_errors():
            reply = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version_id, **extra)
            blocks = reply["Body"].iter_chunks(_BLOCK)
            yield from cut(blocks, offset, limit) if extra and "ContentRange" not in reply else blocks

    def store(self, key: str, blocks: Iterable[bytes]) -> None:
        parts = _parts_of(blocks)
        first = next(parts, b"")
        second = next(parts, None)
        if second is None:
            with _s3_errors():
                self._client.put_object(Bucket=self._bucket, Key=key, Body=first)
            return
        upload_id = self.start_parts(key)
        try:
            sent = [self._part(key, upload_id, n, part) for n, part in enumerate(chain((first, second), parts), 1)]
        except BaseException:
            self.abort(key, upload_id)
            raise
        self.complete(key, upload_id, sent)

    def _part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        with _s3_errors():
            answer = self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body
            )
        return Part(number, len(body), answer["ETag"])

    def post(self, key: str, *, size: int, sha256: str | None) -> dict[str, Any]:
        fields: dict[str, str] = {}
        conditions: list[Any] = [["content-length-range", size, size]]
        if sha256:
            fields["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
            conditions.append({"x-amz-checksum-sha256": fields["x-amz-checksum-sha256"]})
        with _s3_errors():
            answer: dict[str, Any] = self._client.generate_presigned_post(
                self._bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=limits.URL_SECONDS
            )
        return answer

    def start_parts(self, key: str) -> str:
        with _s3_errors():
            return str(self._client.create_multipart_upload(Bucket=self._bucket, Key=key)["UploadId"])

    def part_urls(self, key: str, upload_id: str, numbers: list[int]) -> list[dict[str, Any]]:
        where = {"Bucket": self._bucket, "Key": key, "UploadId": upload_id}
        return [
            {
                "number": number,
                "url": self._client.generate_presigned_url(
                    "upload_part", {**where, "PartNumber": number}, ExpiresIn=limits.URL_SECONDS
                ),
            }
            for number in numbers
        ]

    def parts(self, key: str, upload_id: str) -> list[Part] | None:
        found: list[Part] = []
        try:
            with _s3_errors():
                pages = self._client.get_paginator("list_parts").paginate(
                    Bucket=self._bucket, Key=key, UploadId=upload_id
                )
                for page in pages:
                    found += [Part(p["PartNumber"], p["Size"], p["ETag"]) for p in page.get("Parts", [])]
        except _Gone:
            return None
        return found

    def complete(self, key: str, upload_id: str, parts: list[Part]) -> None:
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in sorted(parts, key=lambda p: p.number)]
        try:
            with _s3_errors():
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
                )
        except _Gone:  # completed by somebody else in between
            return

    def abort(self, key: str, upload_id: str) -> None:
        try:
            with _s3_errors():
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except _Gone:
            return

    def download_url(self, key: str, version_id: str, *, name: str) -> str:
        # RFC 6266: a plain ASCII fallback, and the true name percent-encoded.
        plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%;' else "_" for c in name)
        disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "VersionId": version_id,
            "ResponseContentDisposition": disposition,
            "ResponseContentType": "application/octet-stream",
        }
        return str(self._client.generate_presigned_url("get_object", parameters, ExpiresIn=limits.URL_SECONDS))


class StsInboxAccess:
    """`InboxAccess`: the inbox role, narrowed to one user's prefix by a session policy."""

    def __init__(self, sts: Any, *, role_arn: str, bucket: str, region: str) -> None:
        self._sts, self._role_arn, self._bucket, self._region = sts, role_arn, bucket, region

    def credentials(self, owner_id: str) -> dict[str, Any]:
        prefix = f"{INBOX}{owner_id}/"
        statement = {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": f"arn:aws:s3:::{self._bucket}/{prefix}*",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with _s3_errors():
            answer = self._sts.assume_role(
                RoleArn=self._role_arn, RoleSessionName=owner_id, Policy=policy, DurationSeconds=3600
            )
        found = answer["Credentials"]
        return {
            "bucket": self._bucket,
            "prefix": prefix,
            "region": self._region,
            "accessKeyId": found["AccessKeyId"],
            "secretAccessKey": found["SecretAccessKey"],
            "sessionToken": found["SessionToken"],
            "expiration": rfc3339(found["Expiration"]),
        }


def _parts_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks put together to parts that S3 accepts: all but the last have at least 5 MiB."""
    part = bytearray()
    for block in blocks:
        part += block
        if len(part) >= limits.PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


class _Gone(NotFound):
    """What was asked of S3 is not there (any more)."""


@contextmanager
def _s3_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise _Gone from error
        raise Unavailable(detail=f"AWS: {error}"[:500]) from error
    except NO_ANSWER as error:
        raise Unavailable(detail=f"AWS: {error}"[:500]) from error
