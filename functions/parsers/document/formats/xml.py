"""XML of Office parts, read as a stream of elements by expat: no tree, no entities, no document types.

Names come as `prefix:local` with the prefix that the standard uses, the same for the transitional and the strict namespace
(ISO/IEC 29500-1 and -4, annex A), so that readers need to know one name only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final
from xml.parsers import expat

from leanda import limits
from leanda.errors import FileCorrupt, ParseFailure

MAX_DEPTH: Final = 1000
_BLOCK: Final = 64 * limits.KIB
_TRANSITIONAL: Final = "http://schemas.openxmlformats.org/"
_STRICT: Final = "http://purl.oclc.org/ooxml/"
_PREFIXES: Final = {
    "wordprocessingml/2006/main": "w",
    "wordprocessingml/main": "w",
    "presentationml/2006/main": "p",
    "presentationml/main": "p",
    "drawingml/2006/main": "a",
    "drawingml/main": "a",
    "drawingml/2006/picture": "pic",
    "drawingml/picture": "pic",
    "officeDocument/2006/relationships": "r",
    "officeDocument/relationships": "r",
    "officeDocument/2006/math": "m",
    "officeDocument/math": "m",
    "officeDocument/2006/extended-properties": "ep",
    "officeDocument/extendedProperties": "ep",
    "officeDocument/2006/custom-properties": "op",
    "officeDocument/customProperties": "op",
    "officeDocument/2006/docPropsVTypes": "vt",
    "officeDocument/docPropsVTypes": "vt",
    "package/2006/relationships": "rel",
    "package/2006/metadata/core-properties": "cp",
    "markup-compatibility/2006": "mc",
}
_OTHERS: Final = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "urn:schemas-microsoft-com:vml": "v",
    "http://www.w3.org/XML/1998/namespace": "xml",
}


class XmlDoctype(ParseFailure):
    code, summary = (
        "XML_DOCTYPE",
        "The file's XML declares a document type, which Office files must not; it is not read.",
    )


class Reader:
    """What a reader of one part implements; names are `prefix:local`, those of unknown namespaces `?:local`."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text between tags, in pieces of any length."""

    @property
    def full(self) -> bool:
        """True when the rest of the part is of no interest."""
        return False


def read(stream: BinaryIO, reader: Reader) -> None:
    """Feed a part to its reader; memory is bounded by one block and one tag.

    Raises:
        XmlDoctype: there is a document type (ISO/IEC 29500-2, 9.1.2 forbids it): the only way to entities.
        FileCorrupt: it is not well-formed, or nested deeper than `MAX_DEPTH`.
    """
    walk = _Walk(reader)
    try:
        while block := stream.read(_BLOCK):
            walk.parser.Parse(block, False)
            if reader.full:
                return
        walk.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise FileCorrupt(detail=f"XML: {problem}") from problem


class _Walk:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._names: dict[str, str] = {}
        self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = reader.text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FileCorrupt(detail=f"XML: nested deeper than {MAX_DEPTH}")
        self._reader.start(self._name(name), {self._name(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._reader.end(self._name(name))

    def _doctype(self, *_: object) -> None:
        raise XmlDoctype

    def _name(self, name: str) -> str:
        known = self._names.get(name)
        if known is None:
            known = _prefixed(name)
            if len(self._names) < 10_000:
                self._names[name] = known
        return known


def _prefixed(name: str) -> str:
    namespace, separator, local = name.rpartition(" ")
    if not separator:
        return name
    prefix = _OTHERS.get(namespace)
    for base in (_TRANSITIONAL, _STRICT):
        if prefix is None and namespace.startswith(base):
            prefix = _PREFIXES.get(namespace.removeprefix(base))
    return f"{prefix or '?'}:{local}"
