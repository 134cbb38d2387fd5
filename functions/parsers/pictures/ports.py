"""What the use case of `parsers/pictures` needs from outside, beside originals and the guard."""

from __future__ import annotations

from typing import Protocol

from functions.parsers.pictures.domain import Subject


class Subjects(Protocol):
    """The context `files`, which knows who may see what, and keeps the records."""

    def subject(self, viewer_id: str, file_id: str, index: int | None) -> Subject:
        """What a picture would be drawn from.

        Raises:
            NotFound: the viewer may not see it, or it does not exist.
            Unavailable: `files` does not answer.
        """
        ...

    def text(self, viewer_id: str, file_id: str, run: int, index: int) -> str:
        """A record's own text.

        Raises:
            NotFound: it is gone, or the viewer may not see it any more.
            Unavailable: `files` does not answer.
        """
        ...


class Album(Protocol):
    """Pictures that were drawn before. They may vanish at any time; then they are drawn again."""

    def put(self, key: str, picture: bytes, *, media_type: str) -> None: ...

    def get(self, key: str) -> bytes | None: ...

    def has(self, key: str) -> bool: ...

    def url(self, key: str, *, media_type: str) -> str:
        """A short-lived address for somebody without credentials."""
        ...
