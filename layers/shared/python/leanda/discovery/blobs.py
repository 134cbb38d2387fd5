"""Originals for those who process them: one hop to `blobs` for a short-lived URL, then straight from S3, by range."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import urllib3

from leanda.discovery.client import ServiceClient
from leanda.errors import Unavailable
from leanda.ranges import cut, range_header

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
        headers = {} if length is None and not offset else {"range": range_header(offset, length)}
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
                yield from received if reply.status == 206 or not headers else cut(received, offset, length)
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
