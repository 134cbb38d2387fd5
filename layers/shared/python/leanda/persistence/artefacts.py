"""Artefacts in S3: gzip NDJSON bodies named by their content, readers and writers."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import from_json, to_json

from leanda.contracts.artefacts import FieldStatistics, Record, Row
from leanda.contracts.base import Contract
from leanda.errors import NotFound, Unavailable


class PackedLines:
    """Gzip NDJSON while it is made; the same lines give the same bytes (no time stamp, fixed level)."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._stream = gzip.GzipFile(fileobj=self._buffer, mode="wb", compresslevel=1, mtime=0)

    def add(self, line: bytes) -> None:
        self._stream.write(line + b"\n")

    def finished(self) -> bytes:
        self._stream.close()
        return self._buffer.getvalue()


def json_line(item: Contract) -> bytes:
    """A model as one line of an artefact."""
    return item.model_dump_json(by_alias=True, exclude_none=True).encode()


def row_line(row: Row) -> bytes:
    """A record that was read as `rows_in` does, as `json_line` writes its model."""
    return to_json(row, inf_nan_mode="null")


def pack(items: Iterable[Contract]) -> bytes:
    """The body of an artefact."""
    lines = PackedLines()
    for item in items:
        lines.add(json_line(item))
    return lines.finished()


def records_in(body: bytes) -> Iterator[Record]:
    """The records of a packed body, one at a time."""
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        for line in stream:
            yield Record.model_validate_json(line)


def rows_in(body: bytes) -> Iterator[Row]:
    """The same as plain values, for those who need no model of what a stage before wrote from one."""
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        for line in stream:
            yield from_json(line, cache_strings="keys")


def statistics_in(body: bytes) -> Iterator[FieldStatistics]:
    """The field statistics of a packed body."""
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        for line in stream:
            yield FieldStatistics.model_validate_json(line)


class S3ArtefactStore:
    """Artefacts in their own bucket. The key is derived here, never taken from an event."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, file_id: str, run: int, chunk: int, stage: str, body: bytes) -> str:
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        sha = hashlib.sha256(body).hexdigest()
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=_key(file_id, run, chunk, stage, sha),
                Body=body,
                ContentType="application/x-ndjson",
                ContentEncoding="gzip",
            )
        except (ClientError, *NO_ANSWER) as error:
            raise Unavailable(detail=f"S3: {error}") from error
        return sha

    def get(self, file_id: str, run: int, chunk: int, stage: str, sha: str) -> bytes:
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        try:
            reply = self._client.get_object(Bucket=self._bucket, Key=_key(file_id, run, chunk, stage, sha))
            body: bytes = reply["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise NotFound("The artefact is gone.", detail=_key(file_id, run, chunk, stage, sha)) from error
            raise Unavailable(detail=f"S3: {error}") from error
        except NO_ANSWER as error:
            raise Unavailable(detail=f"S3: {error}") from error
        return body

    def remove(self, file_id: str, run: int) -> int:
        """Remove all artefacts of a run, a thousand at a time; how many there were.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        removed = 0
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{file_id}/{run}/"
            )
            for page in pages:
                keys = [{"Key": found["Key"]} for found in page.get("Contents", ())]
                if not keys:
                    continue
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})
                if refused := answer.get("Errors"):
                    raise Unavailable(detail=f"S3: {refused[0]}")
                removed += len(keys)
        except (ClientError, *NO_ANSWER) as error:
            raise Unavailable(detail=f"S3: {error}") from error
        return removed


def _key(file_id: str, run: int, chunk: int, stage: str, sha: str) -> str:
    return f"{file_id}/{run}/{chunk}/{stage}-{sha}"
