"""CDXML, ChemDraw's drawing in XML.

"CDXML" (CambridgeSoft, Revvity): the objects of CDX as elements. The DOCTYPE that ChemDraw writes names an external DTD,
which is never fetched; a drawing that declares entities of its own is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from functions.parsers.chemical.formats.drawing import (
    MAX_DEPTH,
    MAX_FRAGMENTS,
    Drawing,
    Fragment,
    content_of,
    records,
)
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch
from leanda.parsing.format import WholeFormat
from leanda.parsing.records import decode, error
from leanda.parsing.text import declared_encoding

_DECLARATION: Final = re.compile(r"\s*+<\?xml\b[^<>]*+>")
_ENCODING: Final = re.compile(rb"<\?xml\b[^<>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_CONTAINERS: Final = ("CDXML", "page", "group")
_ARROWS: Final = frozenset({"scheme", "step", "arrow"})
_ASKED: Final = re.compile(
    r"<[nb]\s[^<>]*?\b(Unsaturation|SubstituentsUpTo|SubstituentsExactly|FreeSites|RingBondCount|Topology)="
    r"(?![\"']Unspecified)"
)
"""Properties of atoms and bonds that make a query, which Indigo reads over ("CDXML", chapter "Query properties")."""
_UNKNOWN_ORDER: Final = re.compile(r"<b\s[^<>]*?\bOrder=[\"'](4|5|6|0\.5|2\.5|3\.5|4\.5|5\.5|ionic|threecenter)[\"']")
"""Bonds that Indigo takes for single ones."""


class CdxmlFormat:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "cdxml"
    version = "2"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        yield from records(read(content_of(file)))


FORMAT: Final[WholeFormat] = CdxmlFormat()


def read(content: bytes) -> Drawing:
    """The fragments of a drawing. Where its XML breaks, one fragment says so in place of what was lost.

    Raises:
        FormatMismatch: it is no CDXML.
        FileBomb: it declares entities.
        FileCorrupt: its XML breaks before the first fragment ends, or it is absurdly large or deep.
    """
    return _Reader(_text(content)).drawing()


def _text(content: bytes) -> str:
    """The drawing without its XML declaration, whose encoding is no longer true."""
    encoding = declared_encoding(content[: limits.HEAD_BYTES])
    named = _ENCODING.search(content[:1000])
    try:
        if encoding is not None and (encoding.mark or encoding.unit == 2):
            text = content[encoding.mark :].decode(encoding.name)
        elif named is not None:
            text = content.decode(named[1].decode("ascii"))
        else:
            text = decode(content)[0]
    except (LookupError, UnicodeError):
        text = decode(content)[0]
    declared = _DECLARATION.match(text)
    return text[declared.end() :] if declared else text


class _Reader:
    """Told by expat what begins and ends; keeps the text of fragments."""

    def __init__(self, text: str) -> None:
        self._content = text.encode("utf-8", "replace")
        self._open: list[tuple[str, int]] = []
        self._fragment_depth = 0
        self._drawing = Drawing(whole=text)
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._entity

    def drawing(self) -> Drawing:
        try:
            self._parser.Parse(self._content, True)
        except expat.ExpatError as problem:
            message = expat.ErrorString(problem.code)
            if self._open == [] and not self._drawing.fragments:
                raise FormatMismatch(detail=f"no CDXML: {message} in line {problem.lineno}") from problem
            if not self._drawing.fragments:
                raise FileCorrupt(detail=f"{message} in line {problem.lineno}") from problem
            issue = error("DRAWING_TRUNCATED", f"The XML breaks: {message}.", f"line {problem.lineno}")
            self._drawing.fragments.append(Fragment(issue=issue))
        return self._drawing

    def _start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - expat's signature
        depth = len(self._open)
        if depth > MAX_DEPTH:
            raise FileCorrupt(detail=f"elements are nested deeper than {MAX_DEPTH}")
        if name in _ARROWS:
            self._drawing.arrows += 1
        if self._fragment_depth:  # What is inside of a fragment is its own matter.
            self._open.append((name, 0))
            return
        if not depth and name != "CDXML":
            raise FormatMismatch(detail=f"the root element is {name[:40]}, not CDXML")
        if name == "fragment" and all(element in _CONTAINERS for element, _ in self._open):
            self._fragment_depth = depth + 1
        self._open.append((name, self._parser.CurrentByteIndex))

    def _end(self, name: str) -> None:
        depth = len(self._open)
        _, start = self._open.pop()
        if self._fragment_depth == depth:
            self._fragment_depth = 0
            self._drawing.fragments.append(self._fragment(start, name))
            if len(self._drawing.fragments) > MAX_FRAGMENTS:
                raise FileCorrupt(detail=f"more than {MAX_FRAGMENTS} fragments")

    def _fragment(self, start: int, name: str) -> Fragment:
        """A drawing whose page holds nothing but this fragment."""
        end = self._parser.CurrentByteIndex
        closing = b"</" + name.encode()
        if self._content.startswith(closing, end):
            end = self._content.index(b">", end) + 1
        else:  # `<fragment/>` begins and ends at once.
            end = self._content.find(b">", start) + 1
        element = self._content[start:end].decode("utf-8")
        place = f"line {self._content.count(b'\n', 0, start) + 1}"
        asked, unknown = _ASKED.search(element), _UNKNOWN_ORDER.search(element)
        return Fragment(
            f"<CDXML><page>{element}</page></CDXML>",
            place,
            asked=asked and asked[1],
            unknown_order=unknown and unknown[1],
        )

    def _entity(self, *_: Any) -> None:
        raise FileBomb("The drawing declares XML entities, which no chemical drawing needs.")
