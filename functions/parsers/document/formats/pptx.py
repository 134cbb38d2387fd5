"""PowerPoint presentations (PPTX, PPTM, PPSX, POTX), transitional and strict: one record of type `slide` per slide.

A record's name is the slide's title, its text what stands on it (a line per paragraph, table cells divided by tabs), its field
`Notes` what the speaker wrote below it. Properties: `slide` (from 1), `characters`, `tables`, `images`, `hidden` when it is. The
first record also carries the presentation's fields (see `properties`), `slides`, and `preview` where the file brings
a picture of it along. ISO/IEC 29500-1, section 19.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from functions.parsers.document.formats import xml
from functions.parsers.document.formats.ooxml import Relationship, main_part, read_part, relationships, stated
from functions.parsers.document.formats.properties import fields, name_of
from functions.parsers.document.formats.text import MAX_VALUE_CHARACTERS, Lines, structure_of
from functions.parsers.packages import Package, open_package
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FormatMismatch, NoRecords, ParseFailure
from leanda.parsing.records import error, failed, warning

MAX_SLIDES: Final = 20_000
_TITLES: Final = frozenset({"title", "ctrTitle"})
_NOT_TEXT: Final = frozenset({"sldNum"})
_NOT_NOTES: Final = frozenset({"sldNum", "sldImg", "hdr", "ftr", "dt"})


@dataclass
class Pptx:
    """PowerPoint presentations in Office Open XML."""

    name: str = "pptx"
    version: str = "2"
    empty_is_failure: bool = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record per slide, in the order of the presentation. See `WholeFormat.records`.

        Raises:
            FormatMismatch: no ZIP archive, or one without a presentation.
            FileEncrypted: protected by a password.
            FileBomb: it would inflate to more than is allowed.
            XmlDoctype: its XML could hold entities.
            FileCorrupt: its package or its list of slides is damaged.
            NoRecords: it has no slide.
        """
        package = open_package(file)
        main = main_part(package, "ppt/presentation.xml")
        if main not in package:
            raise FormatMismatch(detail="the package holds no presentation")
        presentation = _Presentation()
        read_part(package, main, presentation)
        if not presentation.is_presentation:
            raise FormatMismatch(detail=f"{main} is no presentation")
        if not presentation.slides:
            raise NoRecords
        known, issues = stated(package)
        known["Language"] = known.get("Language") or presentation.language
        targets = relationships(package, main)
        for index, reference in enumerate(presentation.slides):
            record = _slide(package, index, targets.get(reference))
            if index == 0:
                record = record.model_copy(
                    update={
                        "fields": (*fields(known), *record.fields),
                        "properties": record.properties
                        | {"slides": len(presentation.slides)}
                        | ({"preview": True} if package.preview else {}),
                        "issues": (*issues, *record.issues),
                    }
                )
            yield record


def _slide(package: Package, index: int, target: Relationship | None) -> Record:
    place = f"slide {index + 1}"
    slide = _Shapes(_NOT_TEXT)
    try:
        if target is None or target.external or target.target not in package:
            return failed("slide", index, error("SLIDE_MISSING", "The slide is listed, but not in the file.", place))
        read_part(package, target.target, slide)
    except ParseFailure as failure:
        message = f"The slide cannot be read: {failure.detail or failure.message}"
        return failed("slide", index, error("SLIDE_UNREADABLE", message, place))
    notes, issues = _notes(package, target.target, place)
    text = slide.lines.result()
    structure, more = structure_of(text, place)
    properties: dict[str, Any] = {
        "slide": index + 1,
        "characters": len(text),
        "tables": slide.tables,
        "images": slide.images,
    }
    if slide.hidden:
        properties["hidden"] = True
    return Record(
        index=index,
        type="slide",
        name=name_of(slide.title.result()),
        structure=structure,
        fields=(FieldValue(name="Notes", value=notes),) if notes else (),
        properties=properties,
        issues=(*issues, *more),
    )


def _notes(package: Package, slide: str, place: str) -> tuple[str, tuple[Issue, ...]]:
    try:
        for relationship in relationships(package, slide).values():
            if relationship.kind == "notesSlide" and relationship.target in package:
                notes = _Shapes(_NOT_NOTES)
                read_part(package, relationship.target, notes)
                return notes.lines.result()[:MAX_VALUE_CHARACTERS], ()
    except ParseFailure as failure:
        message = f"The notes cannot be read: {failure.detail or failure.message}"
        return "", (warning("NOTES_UNREADABLE", message, place),)
    return "", ()


class _Presentation(xml.Reader):
    """The list of slides, and the language of text that names none."""

    def __init__(self) -> None:
        self.is_presentation = False
        self.slides: list[str] = []
        self.language: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "p:presentation":
            self.is_presentation = True
        elif name == "p:sldId" and len(self.slides) < MAX_SLIDES:
            self.slides.append(attributes.get("r:id", ""))
        elif name in ("a:defRPr", "a:rPr") and self.language is None:
            self.language = attributes.get("lang")


class _Shapes(xml.Reader):
    """Text of a slide's shapes; the title is also kept by itself."""

    def __init__(self, not_text: frozenset[str]) -> None:
        self.lines = Lines()
        self.title = Lines()
        self.tables = self.images = 0
        self.hidden = False
        self._not_text = not_text
        self._placeholder: str | None = None
        self._skipped = 0
        self._taking = False

    @property
    def full(self) -> bool:
        return self.lines.full

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "mc:Fallback" or self._skipped:
            self._skipped += 1
            return
        match name:
            case "p:sld":
                self.hidden = attributes.get("show") in ("0", "false")
            case "p:sp":
                self._placeholder = None
            case "p:ph":
                self._placeholder = attributes.get("type", "obj")
            case "a:t":
                self._taking = self._placeholder not in self._not_text
            case "a:br":
                self._text("\n")
            case "a:tbl":
                self.tables += 1
            case "p:pic":
                self.images += 1

    def text(self, text: str) -> None:
        if self._taking and not self._skipped:
            self._text(text)

    def _text(self, text: str) -> None:
        if self._placeholder in self._not_text:
            return
        self.lines.text(text)
        if self._placeholder in _TITLES:
            self.title.text(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        match name:
            case "a:t":
                self._taking = False
            case "a:p":
                self._text("\n")
            case "a:tc":
                self.lines.end_cell()
            case "a:tr":
                self.lines.end_row()
            case "p:sp" | "p:graphicFrame" | "p:pic":
                self._placeholder = None
