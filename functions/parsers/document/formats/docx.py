"""Word documents (DOCX, DOCM, DOTX), transitional and strict: one record of type `document`.

The text is that of the body, then of footnotes and endnotes: a line per paragraph, a line per table row with its cells divided by
tabs. Deleted and moved-away text of tracked changes, field codes and fallback drawings are left out. ISO/IEC 29500-1, section 17.

Properties: `paragraphs`, `tables` (nested ones too) and `images` of the body, `characters` of the text, `preview` where it brings
a picture of itself along. Fields: see `properties`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from functions.parsers.document.formats import xml
from functions.parsers.document.formats.ooxml import main_part, read_part, relationships, stated
from functions.parsers.document.formats.properties import fields, name_of
from functions.parsers.document.formats.symbols import symbol
from functions.parsers.document.formats.text import Lines, structure_of
from functions.parsers.packages import Package, open_package
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FormatMismatch, ParseFailure
from leanda.parsing.records import warning

_SKIPPED: Final = frozenset({"mc:Fallback", "w:del", "w:moveFrom"})
_IMAGES: Final = frozenset({"pic:pic", "v:imagedata"})
_NOTES: Final = ("footnotes", "endnotes")
_NOTE: Final = frozenset({"w:footnote", "w:endnote"})
"""Those with a type are no notes but the lines drawn above them (17.18.33, ST_FtnEdn)."""


@dataclass
class Docx:
    """Word documents in Office Open XML."""

    name: str = "docx"
    version: str = "3"
    empty_is_failure: bool = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """The document as one record. See `WholeFormat.records`.

        Raises:
            FormatMismatch: no ZIP archive, or one without a Word document.
            FileEncrypted: protected by a password.
            FileBomb: it would inflate to more than is allowed.
            XmlDoctype: its XML could hold entities.
            FileCorrupt: its package or its main part is damaged.
        """
        package = open_package(file)
        main = main_part(package, "word/document.xml")
        if main not in package:
            raise FormatMismatch(detail="the package holds no Word document")
        body = _Body()
        read_part(package, main, body)
        if not body.is_word:
            raise FormatMismatch(detail=f"{main} is no Word document")
        properties = {"paragraphs": body.paragraphs, "tables": body.tables, "images": body.images}
        if package.preview:
            properties["preview"] = True
        known, issues = stated(package)
        language = _Language()
        for relationship in relationships(package, main).values():
            if relationship.external or relationship.target not in package:
                continue
            if relationship.kind in _NOTES:
                issues += _read_or_tell(package, relationship.target, body)
            elif relationship.kind == "styles":
                issues += _read_or_tell(package, relationship.target, language)
        known["Language"] = known.get("Language") or language.found
        text = body.lines.result()
        structure, more = structure_of(text, "document")
        yield Record(
            index=0,
            type="document",
            name=name_of(known.get("Title")),
            structure=structure,
            fields=fields(known),
            properties=properties | {"characters": len(text)},
            issues=(*issues, *more),
        )


def _read_or_tell(package: Package, name: str, reader: xml.Reader) -> tuple[Issue, ...]:
    try:
        read_part(package, name, reader)
    except ParseFailure as failure:
        return (warning("PART_UNREADABLE", f"A part cannot be read: {failure.detail or failure.message}", name),)
    return ()


class _Body(xml.Reader):
    """Text and counts of a main part or of notes."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.is_word = False
        self.paragraphs = self.tables = self.images = 0
        self._skipped = 0
        self._runs = 0  # Depth: a text box stands inside a run and has runs of its own.
        self._taking = False

    @property
    def full(self) -> bool:
        return self.lines.full

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or name in _SKIPPED or (name in _NOTE and attributes.get("w:type", "normal") != "normal"):
            self._skipped += 1
            return
        match name:
            case "w:t" | "m:t":
                self._taking = True
            case "w:p":
                self.paragraphs += 1
            case "w:r":
                self._runs += 1
            case "w:tab" | "w:ptab" if self._runs:
                self.lines.text("\t")
            case "w:br" | "w:cr" if self._runs:
                self.lines.end_line()
            case "w:noBreakHyphen":
                self.lines.text("-")
            case "w:sym" if self._runs:
                self.lines.text(symbol(attributes.get("w:font", ""), attributes.get("w:char", "")))
            case "w:tbl":
                self.tables += 1
            case "w:txbxContent":
                self.lines.end_line()
            case "w:document":
                self.is_word = True
            case _ if name in _IMAGES:
                self.images += 1

    def text(self, text: str) -> None:
        if self._taking and not self._skipped:
            self.lines.text(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        match name:
            case "w:t" | "m:t":
                self._taking = False
            case "w:p":
                self.lines.end_line()
            case "w:r":
                self._runs -= 1
            case "w:tc":
                self.lines.end_cell()
            case "w:tr":
                self.lines.end_row()


class _Language(xml.Reader):
    """The language that the styles give to text that names none (`w:docDefaults`)."""

    def __init__(self) -> None:
        self.found: str | None = None

    @property
    def full(self) -> bool:
        return self.found is not None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "w:lang" and self.found is None:
            self.found = attributes.get("w:val")
