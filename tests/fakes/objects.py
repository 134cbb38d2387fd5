"""S3's originals in memory: versions, parts, the sequencer of notifications."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from functions.blobs.domain import StoredObject
from functions.blobs.ports import Head, Listed, Listing, Part
from leanda.errors import NotFound
from leanda.ports import Clock


class FakeObjects:
    """`Objects` of the context `blobs`, and `BlobSource` by the keys it knows."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.page_size = clock, 1000
        self.modified: dict[tuple[str, str], datetime] = {}
        self.versions: dict[tuple[str, str], bytes] = {}
        self.latest: dict[str, str] = {}
        self.open_parts: dict[str, dict[int, bytes]] = {}
        self.notify: Callable[[str, str, str], None] = lambda key, version, sequencer: None

    def put(self, key: str, body: bytes) -> tuple[str, str, str]:
        """Store a new version; returns what S3 would notify: key, version id, sequencer."""
        version = f"v{len(self.versions) + 1}"
        self.versions[key, version] = body
        self.latest[key] = version
        self.modified[key, version] = self._clock.now()
        return key, version, f"{len(self.versions):016X}"

    def head(self, key: str, version_id: str | None = None) -> Head | None:
        version = version_id or self.latest.get(key, "")
        body = self.versions.get((key, version))
        if body is None:
            return None
        return Head(StoredObject(key, version, len(body), "0"), None, hashlib.md5(body).hexdigest())

    def listing(self, prefix: str, *, after: tuple[str, str] | None) -> Listing:
        keys = sorted(key for key in self.latest if key.startswith(prefix) and (not after or key > after[0]))
        page = keys[: self.page_size]
        found = tuple(Listed(key, self.latest[key], self.modified[key, self.latest[key]]) for key in page)
        return Listing(found, (page[-1], "") if len(keys) > len(page) else None)

    def read(self, key: str, version_id: str, *, offset: int = 0, limit: int | None = None) -> Iterator[bytes]:
        if (key, version_id) not in self.versions:
            raise NotFound
        body = self.versions[key, version_id][offset : None if limit is None else offset + limit]
        yield from (body[start : start + 65536] for start in range(0, len(body), 65536))

    def store(self, key: str, blocks: Iterable[bytes]) -> None:
        self.notify(*self.put(key, b"".join(blocks)))

    def post(self, key: str, *, size: int, sha256: str | None) -> dict[str, Any]:
        return {"url": "http://127.0.0.1/", "fields": {"key": key}}

    def start_parts(self, key: str) -> str:
        upload_id = f"upload-{len(self.open_parts) + 1}"
        self.open_parts[upload_id] = {}
        return upload_id

    def part_urls(self, key: str, upload_id: str, numbers: list[int]) -> list[dict[str, Any]]:
        return [{"number": number, "url": f"http://127.0.0.1/{upload_id}/{number}"} for number in numbers]

    def send_part(self, url: str, body: bytes) -> None:
        """What a client does with an address of `part_urls`."""
        _, upload_id, number = url.rsplit("/", 2)
        self.open_parts[upload_id][int(number)] = body

    def parts(self, key: str, upload_id: str) -> list[Part] | None:
        found = self.open_parts.get(upload_id)
        return None if found is None else [Part(n, len(body), f'"{n}"') for n, body in sorted(found.items())]

    def complete(self, key: str, upload_id: str, parts: list[Part]) -> None:
        if (found := self.open_parts.pop(upload_id, None)) is not None:
            body = b"".join(found[part.number] for part in sorted(parts, key=lambda part: part.number))
            self.notify(*self.put(key, body))

    def abort(self, key: str, upload_id: str) -> None:
        self.open_parts.pop(upload_id, None)

    def download_url(self, key: str, version_id: str, *, name: str) -> str:
        return f"http://127.0.0.1/{key}?versionId={version_id}"


class FakeBlobSource:
    """`BlobSource` over the fake bucket, by the blob documents of the fake context."""

    def __init__(self, objects: FakeObjects, blobs: Any) -> None:
        self._objects, self._blobs = objects, blobs

    def blocks(self, blob_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        blob = self._blobs.get(blob_id)
        if blob is None:
            raise NotFound
        body = self._objects.versions[blob["key"], blob["versionId"]]
        part = body[offset : None if length is None else offset + length]
        yield from (part[start : start + 65536] for start in range(0, len(part), 65536))
