"""Pictures of files and records: drawn when somebody first asks, then kept. Ports only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from functions.parsers.pictures.domain import MAX_ORIGINAL_BYTES, Drawing, NotDrawable, drawing_of
from functions.parsers.pictures.partial import BytesMissing, drawn_from_parts
from functions.parsers.pictures.ports import Album, Subjects
from leanda.access.policy import Viewer
from leanda.cache import Cache
from leanda.errors import FileBomb, ParseFailure
from leanda.guard import CallFailed, ChildDied, Guard
from leanda.guard.child import SENTENCES
from leanda.observability import logger
from leanda.parsing.inflate import blocks, compression_of
from leanda.ports import BlobSource

DRAW: Final = "functions.parsers.pictures.drawing:draw"
START_BYTES: Final = 16
"""Enough to see whether a file is compressed."""
REFUSED_SECONDS: Final = 3600
"""How long it is remembered that something cannot be drawn, where there is a cache."""


@dataclass(frozen=True)
class Pictures:
    """Everything takes the viewer first. What the viewer may not see is absent: `NotFound`."""

    subjects: Subjects
    blobs: BlobSource
    guard: Guard
    album: Album
    cache: Cache | None = None

    def drawing(self, viewer: Viewer, file_id: str, index: int | None) -> Drawing:
        """The picture of a file (no `index`) or of one of its records, not drawn yet.

        Raises:
            NotFound: the viewer may not see it, or it does not exist.
            NoPicture, NotDrawable, PictureNotReady: see `domain.drawing_of`.
        """
        return drawing_of(self.subjects.subject(viewer.user_id, file_id, index), index)

    def content(self, viewer: Viewer, drawing: Drawing) -> bytes:
        """The picture's bytes, kept or drawn now.

        Raises:
            NotDrawable: it cannot be drawn.
        """
        return self.album.get(drawing.key) or self._drawn(viewer, drawing)

    def url(self, viewer: Viewer, drawing: Drawing) -> str:
        """A short-lived address of the picture, which is drawn now if it is not kept.

        Raises:
            NotDrawable: it cannot be drawn.
        """
        if not self.album.has(drawing.key):
            self._drawn(viewer, drawing)
        return self.album.url(drawing.key, media_type=drawing.media_type)

    def _drawn(self, viewer: Viewer, drawing: Drawing) -> bytes:
        remembered = f"not-drawable:{drawing.key}"
        if self.cache and (refusal := self.cache.get(remembered)):
            raise NotDrawable(refusal.decode())
        try:
            picture = self._from_original(drawing) if drawing.blob_id else self._from_text(viewer, drawing)
        except NotDrawable as refused:
            if self.cache:
                self.cache.put(remembered, refused.message.encode(), seconds=REFUSED_SECONDS)
            raise
        self.album.put(drawing.key, picture, media_type=drawing.media_type)
        return picture

    def _from_text(self, viewer: Viewer, drawing: Drawing) -> bytes:
        text = self.subjects.text(viewer.user_id, drawing.file_id, drawing.run, drawing.index)
        return self._guarded(drawing, {"properties": drawing.properties}, text.encode())

    def _from_original(self, drawing: Drawing) -> bytes:
        with tempfile.NamedTemporaryFile() as file:
            arguments = {"path": file.name, "format": drawing.format, "index": drawing.index}
            if drawing.partly and not self._is_compressed(drawing):

                def draw(here: list[int]) -> bytes:
                    return self._guarded(drawing, {**arguments, "here": here}, b"")

                return drawn_from_parts(self.blobs, drawing.blob_id or "", drawing.size, file, draw)
            try:
                for block in _inflated(self.blobs.blocks(drawing.blob_id or "")):
                    file.write(block)
                    if file.tell() > MAX_ORIGINAL_BYTES:
                        raise FileBomb
            except ParseFailure as failure:
                raise NotDrawable(failure.message, detail=failure.detail) from failure
            file.flush()
            return self._guarded(drawing, arguments, b"")

    def _is_compressed(self, drawing: Drawing) -> bool:
        start = b"".join(self.blobs.blocks(drawing.blob_id or "", offset=0, length=START_BYTES))
        return compression_of(start) is not None

    def _guarded(self, drawing: Drawing, arguments: dict[str, Any], payload: bytes) -> bytes:
        try:
            return b"".join(self.guard.stream(DRAW, {"drawing": drawing.name, **arguments}, payload))
        except ChildDied as died:
            logger.warning("a picture killed its drawer", code=str(died.death), detail=died.detail, key=drawing.key)
            raise NotDrawable(SENTENCES[died.death], detail=died.detail) from died
        except CallFailed as failed:
            if failed.code is None:  # a defect of ours
                raise RuntimeError(str(failed)) from failed
            if failed.code == BytesMissing.code:
                raise BytesMissing(detail=failed.detail) from failed
            raise NotDrawable(failed.message, detail=failed.detail) from failed


def _inflated(source: Iterator[bytes]) -> Iterator[bytes]:
    first = next(source, b"")
    yield from blocks(chain([first], source), compression_of(first))
