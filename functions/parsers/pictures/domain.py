"""What a picture is made from, and under which name it is kept. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from leanda import limits
from leanda.errors import Conflict, NotFound

SVG: Final = "image/svg+xml"
PNG: Final = "image/png"

VERSION: Final = "3"
"""Raised whenever the same record would be drawn otherwise: kept pictures of another version are not looked at."""
MAX_TEXT_CHARACTERS: Final = 2_000_000
"""Longer records are not drawn."""
MAX_ORIGINAL_BYTES: Final = 256 * limits.MIB
"""Larger originals, as stored or inflated, are not drawn whole: somebody waits, and all of the file must come here first.

Half of what a function has to keep files in (AWS Lambda quotas: /tmp holds 512 MB where nothing else is asked for)."""
PARTLY_FROM_BYTES: Final = 16 * limits.MIB
"""Of larger originals no more is fetched than the picture needs, in formats that are read at places: of any size."""

_OF_TEXT: Final = {
    "chemical/x-mdl-molfile": "molecule",
    "chemical/x-daylight-smiles": "molecule",
    "chemical/x-mdl-rxn": "reaction",
    "chemical/x-daylight-reaction-smiles": "reaction",
    "chemical/x-cif": "crystal",
    "chemical/x-xyz": "geometry",
    "application/vnd.leanda.xy+json": "spectrum",
    "text/plain": "text",
}
_OF_ORIGINAL: Final = {
    ("document", "pdf"): "page",
    ("document", "docx"): "preview",
    ("document", "pptx"): "preview",
    **{("image", format): "image" for format in ("png", "jpeg", "gif", "bmp", "webp", "tiff")},
    **{("microscopy", format): "image" for format in ("ome-tiff", "svs", "bigtiff")},
    **{("microscopy", format): "plane" for format in ("czi", "lif", "nd2")},
}
_WITH_PAGES: Final = frozenset(
    [("document", "pdf"), ("image", "tiff"), *(("microscopy", format) for format in ("czi", "lif", "nd2"))]
)
"""Formats whose records are pages or images of the original, each with a picture of its own."""


_AT_PLACES: Final = frozenset({"tiff", "ome-tiff", "svs", "bigtiff", "czi", "lif", "nd2"})


_BAD_RECORD: Final = "There is no picture of this: the record could not be read."


class NoPicture(NotFound):
    code, summary = "PICTURE_NONE", "There is no picture of this: its kind has none."


class NotDrawable(NotFound):
    code, summary = "PICTURE_NOT_DRAWABLE", "There is no picture of this: it cannot be drawn."


class PictureNotReady(Conflict):
    """The picture of a file whose processing has not come so far; `Retry-After` says when to ask again."""

    code, transient = "PICTURE_NOT_READY", True
    summary = "There is no picture yet: the file is still being processed."


@dataclass(frozen=True)
class Record:
    """What `files` says of a record; see `functions.files.picturing`."""

    index: int
    good: bool
    media_type: str | None = None
    characters: int = 0
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What `files` says of a file that somebody may see; see `functions.files.picturing`."""

    file_id: str
    run: int
    status: str
    ended: bool
    kind: str | None = None
    format: str | None = None
    size: int = 0
    blob_id: str | None = None
    record: Record | None = None


@dataclass(frozen=True)
class Drawing:
    """One picture that can be drawn.

    Attributes:
        name: the function of `functions.parsers.pictures.drawing` that draws it.
        index: of the record, page or frame.
        blob_id: the original it is drawn from; None for what is drawn from the record's own text.
        size: of the original, in bytes.
        properties: of the record; short values only.
    """

    name: str
    file_id: str
    run: int
    index: int
    media_type: str
    format: str = ""
    blob_id: str | None = None
    size: int = 0
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def partly(self) -> bool:
        """Whether it is drawn from parts of the original, if that is not compressed."""
        return self.size > PARTLY_FROM_BYTES and self.format in _AT_PLACES

    @property
    def key(self) -> str:
        """Where it is kept. A run's records and its original never change, so neither does what is kept."""
        extension = "svg" if self.media_type == SVG else "png"
        return f"{self.file_id}/{self.run}/{self.index}-{VERSION}.{extension}"

    @property
    def etag(self) -> str:
        return f'"{self.run}-{self.index}-{VERSION}"'


def drawing_of(subject: Subject, index: int | None) -> Drawing:
    """How the picture of a file (no `index`) or of one of its records is drawn.

    Raises:
        PictureNotReady: it cannot be said yet.
        NoPicture: there is none, and there will be none of this run.
        NotDrawable: what it would be drawn from is too large.
    """
    if subject.status == "Failed":
        raise NoPicture("There is no picture of this: the file could not be read.")
    if subject.blob_id is None:
        raise PictureNotReady
    record, name = subject.record, _OF_ORIGINAL.get((subject.kind or "", subject.format or ""))
    if name is not None and not (name == "preview" and record and not _brings_preview(record)):
        return _of_original(subject, name, index)
    if record is None or (index is None and record.index and not subject.ended):
        # The first good record is not known before all records in front of it are.
        raise NoPicture if subject.ended else PictureNotReady
    name = _OF_TEXT.get(record.media_type or "")
    if not record.good:
        raise NoPicture(_BAD_RECORD)
    if name is None:
        raise NoPicture
    if record.characters > MAX_TEXT_CHARACTERS:
        raise NotDrawable(f"The record is too long to be drawn: {record.characters:,} characters.")
    return Drawing(name, subject.file_id, subject.run, record.index, SVG, properties=record.properties)


def _of_original(subject: Subject, name: str, index: int | None) -> Drawing:
    record = subject.record
    if record is not None and not record.good:
        raise NoPicture(_BAD_RECORD)
    if record is None and not subject.ended:  # what its parser refuses is not opened here either
        raise PictureNotReady
    page = _page(subject)
    if page is None and index:
        raise NoPicture
    drawing = Drawing(
        name,
        subject.file_id,
        subject.run,
        page or 0,
        PNG,
        format=subject.format or "",
        blob_id=subject.blob_id,
        size=subject.size,
    )
    if subject.size > MAX_ORIGINAL_BYTES and not drawing.partly:
        most = MAX_ORIGINAL_BYTES // limits.MIB
        raise NotDrawable(f"The file is too large to be drawn: files up to {most} MiB are.")
    return drawing


def _page(subject: Subject) -> int | None:
    """The page or image of the original, from 0, that a record is about; None where that is not known."""
    record = subject.record
    if record is None:
        return None
    if (subject.kind, subject.format) in _WITH_PAGES:
        return record.index
    stated = record.properties.get("page")
    return stated - 1 if isinstance(stated, int) and stated > 0 else None


def _brings_preview(record: Record) -> bool:
    """Whether the document has a picture of what this record is about; what has none is drawn from its text."""
    return bool(record.properties.get("preview"))
