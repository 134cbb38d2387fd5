"""The context `files` over its internal API; the album in the bucket of artefacts, under a prefix of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from functions.parsers.pictures.domain import Record, Subject
from leanda import limits
from leanda.aws import NO_ANSWER
from leanda.discovery.client import ServiceClient
from leanda.errors import Unavailable

PREFIX: Final = "pictures/"
_ABSENT: Final = {"404", "NoSuchKey", "NotFound"}


class FilesSubjects:
    """`Subjects` over the internal API of the context `files`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    def subject(self, viewer_id: str, file_id: str, index: int | None) -> Subject:
        asked = {"viewerId": viewer_id, "fileId": file_id, "index": index}
        told = self._services.call("files", "POST", "/api/v1/internal/files/picture-subject", asked).json()
        record = told.get("record")
        return Subject(
            file_id=file_id,
            run=told["run"],
            status=told["status"],
            ended=told["ended"],
            kind=told.get("kind"),
            format=told.get("format"),
            size=told.get("size") or 0,
            blob_id=told.get("blobId"),
            record=_record(record) if record else None,
        )

    def text(self, viewer_id: str, file_id: str, run: int, index: int) -> str:
        parts: list[str] = []
        offset: int | None = 0
        while offset is not None:
            asked = {"viewerId": viewer_id, "fileId": file_id, "run": run, "index": index, "offset": offset}
            told = self._services.call("files", "POST", "/api/v1/internal/files/record-text", asked).json()
            parts.append(told["text"])
            offset = told.get("next")
        return "".join(parts)


def _record(told: dict[str, Any]) -> Record:
    return Record(
        index=told["index"],
        good=told["status"] == "Parsed",
        media_type=told.get("mediaType"),
        characters=told.get("characters", 0),
        properties=told["properties"],
    )


class S3Album:
    """`Album` in S3; what nobody draws again is expired by the bucket. The client must sign with version 4."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, key: str, picture: bytes, *, media_type: str) -> None:
        with _s3_errors():
            self._client.put_object(Bucket=self._bucket, Key=PREFIX + key, Body=picture, ContentType=media_type)

    def get(self, key: str) -> bytes | None:
        try:
            with _s3_errors():
                picture: bytes = self._client.get_object(Bucket=self._bucket, Key=PREFIX + key)["Body"].read()
        except _Absent:
            return None
        return picture

    def has(self, key: str) -> bool:
        try:
            with _s3_errors():
                self._client.head_object(Bucket=self._bucket, Key=PREFIX + key)
        except _Absent:
            return False
        return True

    def url(self, key: str, *, media_type: str) -> str:
        parameters = {
            "Bucket": self._bucket,
            "Key": PREFIX + key,
            "ResponseContentDisposition": "inline",
            "ResponseContentType": media_type,
        }
        return str(self._client.generate_presigned_url("get_object", parameters, ExpiresIn=limits.URL_SECONDS))


class _Absent(Exception):
    """No such object."""


@contextmanager
def _s3_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            raise _Absent from error
        raise Unavailable(detail=f"S3: {error}"[:500]) from error
    except NO_ANSWER as error:
        raise Unavailable(detail=f"S3: {error}"[:500]) from error
