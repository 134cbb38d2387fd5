"""What Word and PowerPoint packages have in common: relationships between parts, and document properties.

ISO/IEC 29500-2 (Open Packaging Conventions), sections 8 (relationships) and 10 (core properties); 29500-1, 22.2 and 22.3.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from functions.parsers.document.formats import xml
from functions.parsers.document.formats.properties import Value, stated_text
from functions.parsers.packages import Package
from leanda import limits
from leanda.contracts.artefacts import Issue
from leanda.errors import FileCorrupt, ParseFailure
from leanda.parsing.records import warning

MAX_PART_BYTES: Final = 64 * limits.MIB
"""A million paragraphs fit; more costs more time than one item of a guarded child has."""
_MAX_SMALL_PART_BYTES: Final = 16 * limits.MIB
_MAX_RELATIONSHIPS: Final = 100_000
_MAX_CUSTOM: Final = 500

_CORE: Final = {
    "dc:title": "Title",
    "dc:creator": "Author",
    "dc:subject": "Subject",
    "cp:keywords": "Keywords",
    "dc:description": "Comments",
    "cp:category": "Category",
    "cp:contentStatus": "Content Status",
    "cp:lastModifiedBy": "Last Modified By",
    "dcterms:created": "Created",
    "dcterms:modified": "Modified",
    "cp:lastPrinted": "Last Printed",
    "cp:revision": "Revision",
    "dc:language": "Language",
}
_EXTENDED: Final = {
    "ep:Application": "Application",
    "ep:AppVersion": "App Version",
    "ep:Company": "Company",
    "ep:Manager": "Manager",
    "ep:Template": "Template",
    "ep:Pages": "Pages",
    "ep:Words": "Words",
    "ep:Characters": "Characters",
    "ep:Lines": "Lines",
    "ep:Paragraphs": "Paragraphs",
    "ep:Slides": "Slides",
}
COUNTS: Final = frozenset({"Pages", "Words", "Characters", "Lines", "Paragraphs", "Slides", "Revision"})


@dataclass(frozen=True)
class Relationship:
    """One arrow from a part to another.

    Attributes:
        kind: last word of its type, the same for transitional and strict (`slide`, `core-properties`).
        target: name of the part, without a leading slash; the address as it is when `external`.
    """

    kind: str
    target: str
    external: bool


def relationships(package: Package, source: str) -> dict[str, Relationship]:
    """Relationships of a part (the package's own for an empty name) by id; none when there is no such list.

    Raises:
        ParseFailure: the list cannot be read.
    """
    folder, name = posixpath.split(source)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    if listed not in package:
        return {}
    reader = _Relationships(folder)
    read_part(package, listed, reader, at_most=_MAX_SMALL_PART_BYTES)
    return reader.found


def read_part(package: Package, name: str, reader: xml.Reader, *, at_most: int = MAX_PART_BYTES) -> None:
    """Feed a part to its reader.

    Raises:
        ParseFailure: it is missing, too large, damaged, or not the XML it should be.
    """
    try:
        with package.part(name, at_most=at_most) as stream:
            xml.read(stream, reader)
    except KeyError as missing:
        raise FileCorrupt(detail=f"the part {name} is missing") from missing


def main_part(package: Package, usual: str) -> str:
    """Name of the part that holds the document, as the package says, else the usual one."""
    for relationship in relationships(package, "").values():
        if relationship.kind == "officeDocument" and not relationship.external and relationship.target in package:
            return relationship.target
    return usual


def stated(package: Package) -> tuple[dict[str, Value | None], tuple[Issue, ...]]:
    """Document properties by their field's name. Parts that cannot be read cost an issue, never the document."""
    found: dict[str, Value | None] = {}
    custom: dict[str, Value | None] = {}
    issues: list[Issue] = []
    readers: dict[str, xml.Reader] = {
        "core-properties": _Named(_CORE, found),
        "coreProperties": _Named(_CORE, found),
        "extended-properties": _Named(_EXTENDED, found),
        "extendedProperties": _Named(_EXTENDED, found),
        "custom-properties": _Custom(custom),
        "customProperties": _Custom(custom),
    }
    for relationship in relationships(package, "").values():
        reader = readers.get(relationship.kind)
        if reader is None or relationship.external or relationship.target not in package:
            continue
        try:
            read_part(package, relationship.target, reader, at_most=limits.MIB)
        except ParseFailure as failure:
            message = f"Document properties cannot be read: {failure.detail or failure.message}"
            issues.append(warning("PROPERTIES_UNREADABLE", message, relationship.target))
    return custom | found, tuple(issues)


class _Relationships(xml.Reader):
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: dict[str, Relationship] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != "rel:Relationship" or len(self.found) >= _MAX_RELATIONSHIPS:
            return
        kind = attributes.get("Type", "").rstrip("/").rpartition("/")[2]
        external = attributes.get("TargetMode") == "External"
        target = attributes.get("Target", "")
        if not external:
            target = posixpath.normpath(posixpath.join("/", self._folder, target)).lstrip("/")
        self.found[attributes.get("Id", "")] = Relationship(kind, target, external)


class _Named(xml.Reader):
    """Takes the text of elements with known names; counts become numbers."""

    def __init__(self, names: Mapping[str, str], into: dict[str, Value | None]) -> None:
        self._names = names
        self._into = into
        self._open: str | None = None
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - the reader's signature
        self._open, self._text = self._names.get(name), ""

    def text(self, text: str) -> None:
        if self._open:
            self._text += text

    def end(self, name: str) -> None:
        if self._open and self._names.get(name) == self._open:
            value = stated_text(self._text)
            number = self._open in COUNTS and value.isascii() and value.isdigit() and len(value) <= 15
            self._into[self._open] = int(value) if number else value
        self._open = None


class _Custom(xml.Reader):
    """Custom properties: a name, and a value of a variant type."""

    def __init__(self, into: dict[str, Value | None]) -> None:
        self._into = into
        self._name: str | None = None
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "op:property":
            self._name = stated_text(attributes.get("name", ""))[:255] or None
        self._text = ""

    def text(self, text: str) -> None:
        if self._name:
            self._text += text

    def end(self, name: str) -> None:
        if self._name and name.startswith("vt:") and len(self._into) < _MAX_CUSTOM:
            self._into.setdefault(self._name, _variant(name, stated_text(self._text)))


def _variant(kind: str, text: str) -> Value:
    try:
        if kind in ("vt:i1", "vt:i2", "vt:i4", "vt:i8", "vt:int", "vt:ui1", "vt:ui2", "vt:ui4", "vt:ui8", "vt:uint"):
            return int(text) if len(text) <= 20 else text
        if kind in ("vt:r4", "vt:r8"):
            number = float(text)
            return number if abs(number) < float("inf") else text
    except ValueError:
        return text
    if kind == "vt:bool":
        return text.lower() in ("true", "1")
    return text
