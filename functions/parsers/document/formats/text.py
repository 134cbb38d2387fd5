"""Text of documents on its way to a record: cleaned, and never longer than a record may be."""

from __future__ import annotations

import re
from typing import Final

from leanda import limits
from leanda.contracts.artefacts import Issue, Structure
from leanda.parsing.records import warning

PLAIN: Final = "text/plain"
MAX_VALUE_CHARACTERS: Final = 32_767
"""Longest text of one document property."""

_LINE_END: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with LF as line end, without control characters, lone surrogates and spaces at its end."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text)).rstrip()


def structure_of(text: str, place: str) -> tuple[Structure | None, tuple[Issue, ...]]:
    """Clean text as a record's structure; None when there is none. What is too long is cut, and an issue says so."""
    if not text:
        return None, ()
    encoded = text.encode()
    if len(encoded) <= limits.MAX_RECORD_BYTES:
        return Structure(media_type=PLAIN, text=text), ()
    kept = encoded[: limits.MAX_RECORD_BYTES].decode(errors="ignore")
    message = f"The text is longer than {limits.MAX_RECORD_BYTES} bytes; the rest is left out."
    return Structure(media_type=PLAIN, text=kept), (warning("TEXT_TRUNCATED", message, place),)


class Lines:
    """Collects the text of a document with tables: a line per paragraph, cells of a row divided by tabs.

    It stops taking text when there is more than a record may hold.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._left = limits.MAX_RECORD_BYTES + 1

    @property
    def full(self) -> bool:
        return self._left <= 0

    def text(self, piece: str) -> None:
        self._pieces.append(piece)
        self._left -= len(piece)

    def end_line(self) -> None:
        self.text("\n")

    def end_cell(self) -> None:
        if self._pieces and self._pieces[-1] == "\n":
            self._pieces.pop()
        self.text("\t")

    def end_row(self) -> None:
        if self._pieces and self._pieces[-1] == "\t":
            self._pieces.pop()
        self.text("\n")

    def result(self) -> str:
        return clean("".join(self._pieces))
