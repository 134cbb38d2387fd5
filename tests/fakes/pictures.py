"""The ports of `parsers/pictures` in memory: the album, and the context `files` without the hop."""

from __future__ import annotations

import json
from typing import Any

from functions.files.models import PictureQuery, TextQuery
from functions.files.picturing import Picturing
from leanda.access.policy import Viewer
from leanda.discovery.client import Reply


class MemoryAlbum:
    """`Album` in a dictionary."""

    def __init__(self) -> None:
        self.pictures: dict[str, tuple[bytes, str]] = {}

    def put(self, key: str, picture: bytes, *, media_type: str) -> None:
        self.pictures[key] = (picture, media_type)

    def get(self, key: str) -> bytes | None:
        return self.pictures[key][0] if key in self.pictures else None

    def has(self, key: str) -> bool:
        return key in self.pictures

    def url(self, key: str, *, media_type: str) -> str:
        return f"http://127.0.0.1/{key}?type={media_type}"


class InProcessFiles:
    """`ServiceClient` that asks the use cases of `files`, with the bodies that its internal API takes."""

    def __init__(self, picturing: Picturing) -> None:
        self._picturing = picturing

    def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
        assert (service, method) == ("files", "POST")
        match path.rpartition("/")[2]:
            case "picture-subject":
                asked = PictureQuery.model_validate(body)
                told = self._picturing.subject(Viewer(asked.viewer_id), asked.file_id, asked.index)
            case "record-text":
                part = TextQuery.model_validate(body)
                told = self._picturing.text(
                    Viewer(part.viewer_id), part.file_id, part.run, part.index, offset=part.offset
                )
            case _:
                raise AssertionError(path)
        return Reply(200, {}, json.dumps(told).encode())
