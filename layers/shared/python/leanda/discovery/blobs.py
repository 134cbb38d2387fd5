"""Originals for those who process them: one hop to `blobs` for a short-lived URL, then straight from S3, by range."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

import urllib3

from leanda.discovery.client import ServiceClient
from leanda.errors import Unavailable

BLOCK: Final = 1 << 20
URL_CACHE_SECONDS: Final = 300.0


class DiscoveredBlobs:
    """`leanda.ports.BlobSource` over the internal API of `blobs`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services
        self._pool = urllib3.PoolManager(maxsize=2)
        self._urls: dict[str, tuple[str, float]] = {}

    def blocks(self, blob_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            return
        headers = {} if length is None and not offset else {"range": _range(offset, length)}
        try:
            reply = self._pool.request(
                "GET", self._url(blob_id), headers=headers, redirect=False, retries=2, preload_content=False, timeout=30
            )
            try:
                if reply.status == 416:  # nothing at or after the offset
                    return
                if reply.status not in {200, 206}:
                    raise Unavailable(detail=f"S3 answered {reply.status} for blob {blob_id}")
                received = reply.stream(BLOCK, decode_content=False)
                # A server may answer a range request with the whole (RFC 9110, section 14.2).
                yield from received if reply.status == 206 or not headers else _cut(received, offset, length)
            finally:
                reply.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(detail=f"S3: {error}") from error

    def _url(self, blob_id: str) -> str:
        url, until = self._urls.get(blob_id, ("", 0.0))
        if url and until > time.monotonic():
            return url
        reply = self._services.call("blobs", "GET", f"/api/v1/blobs/{blob_id}")
        url = reply.headers["location"]
        if len(self._urls) > 100:
            self._urls.clear()
        self._urls[blob_id] = (url, time.monotonic() + URL_CACHE_SECONDS)
        return url


def _cut(blocks: Iterable[bytes], offset: int, length: int | None) -> Iterator[bytes]:
    """The wanted range of a whole."""
    end = None if length is None else offset + length
    position = 0
    for block in blocks:
        part = block[max(0, offset - position) : None if end is None else max(0, end - position)]
        position += len(block)
        if part:
            yield part
        if end is not None and position >= end:
            return


def _range(offset: int, length: int | None) -> str:
    return f"bytes={offset}-" if length is None else f"bytes={offset}-{offset + length - 1}"
