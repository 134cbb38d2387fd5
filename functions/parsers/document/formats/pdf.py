"""PDF: one record per page, with its text and size. ISO 32000-2:2020.

Pages and text come from PDFium. The first page's fields say what the document says of itself (see `properties`); each page's
properties are `page` (from 1), `width` and `height` (points, 1/72 inch, as the page is shown), `characters` and, where the document
is tagged, `tables`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from functions.parsers.document.formats.pdf_streams import refuse_bombs
from functions.parsers.document.formats.properties import Value, fields, pdf_date, stated_text
from functions.parsers.document.formats.text import clean, structure_of
from functions.parsers.packages import FileEncrypted
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FileCorrupt, FormatMismatch, NoRecords
from leanda.parsing.records import error, failed, warning

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage  # type: ignore[import-untyped]

MAX_PAGES: Final = 100_000
"""A page tree can claim any number of pages without having them."""
_HEADER_BYTES: Final = 1024
"""The header may stand anywhere in here (ISO 32000-1, annex H, note 13)."""
_HYPHEN: Final = "\ufffe"
"""What PDFium gives for a hyphen at the end of a line."""
_TEXTS: Final = {
    "Title": "Title",
    "Author": "Author",
    "Subject": "Subject",
    "Keywords": "Keywords",
    "Creator": "Application",
    "Producer": "Producer",
}
_TIMES: Final = {"CreationDate": "Created", "ModDate": "Modified"}


@dataclass
class Pdf:
    """PDF of any version."""

    name: str = "pdf"
    version: str = "2"
    empty_is_failure: bool = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record per page. See `WholeFormat.records`.

        Raises:
            FormatMismatch: there is no PDF header.
            FileEncrypted: it opens with a password only.
            FileBomb: a stream inflates to far more than the file holds.
            FileCorrupt: there is no readable document structure, or it claims more than `MAX_PAGES` pages.
            NoRecords: it has no page.
        """
        document = _open(file)
        from functions.parsers.document.formats.pdf_tags import is_tagged

        try:
            pages = len(document)
            if pages > MAX_PAGES:
                raise FileCorrupt(detail=f"the page tree claims {pages} pages")
            if pages <= 0:
                raise NoRecords
            about = _About(pages, is_tagged(document), _stated(document))
            for index in range(pages):
                yield _page(document, index, about)
        finally:
            document.close()


@dataclass(frozen=True)
class _About:
    """The document, for its pages; what it says of itself goes with the first."""

    pages: int
    tagged: bool
    stated: tuple[FieldValue, ...]


def _open(file: BinaryIO) -> PdfDocument:
    import pypdfium2

    file.seek(0)
    if b"%PDF-" not in file.read(_HEADER_BYTES):
        raise FormatMismatch(detail="no PDF header")
    refuse_bombs(file)
    file.seek(0)
    # What lies on disk PDFium reads itself; else it comes back to Python for every few bytes.
    name = getattr(file, "name", None)
    source = Path(name) if isinstance(name, str) and Path(name).is_file() else file
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as problem:
        if problem.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise FileEncrypted from problem
        raise FileCorrupt(detail=str(problem)) from problem


def _stated(document: PdfDocument) -> tuple[FieldValue, ...]:
    stated: dict[str, Value | None] = {}
    for name, text in document.get_metadata_dict(skip_empty=True).items():
        if name in _TIMES:
            stated[_TIMES[name]] = pdf_date(text)
        elif name in _TEXTS:
            stated[_TEXTS[name]] = stated_text(text)
    stated["Language"] = _language(document)
    version = document.get_version()
    stated["PDF Version"] = f"{version // 10}.{version % 10}" if version else None
    return fields(stated)


def _language(document: PdfDocument) -> str:
    from pypdfium2 import raw

    size = raw.FPDFCatalog_GetLanguage(document.raw, None, 0)
    if not 2 < size < 1000:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    raw.FPDFCatalog_GetLanguage(document.raw, buffer, size)
    return stated_text(bytes(buffer).decode("utf-16-le", errors="ignore"))


def _page(document: PdfDocument, index: int, about: _About) -> Record:
    from pypdfium2 import PdfiumError

    from functions.parsers.document.formats.pdf_tags import tables

    stated = about.stated if index == 0 else ()
    place = f"page {index + 1}"
    try:
        page = document[index]
    except PdfiumError as problem:
        unread = failed("page", index, error("PAGE_UNREADABLE", f"The page cannot be read: {problem}", place))
        return unread.model_copy(update={"fields": stated})
    issues: tuple[Issue, ...] = ()
    text, tagged = "", dict[str, object]()
    try:
        width, height = page.get_size()
        if about.tagged:
            tagged["tables"] = tables(page)
        text = _text(page)
    except PdfiumError as problem:
        issues = (warning("PAGE_TEXT_UNREADABLE", f"The text of the page cannot be read: {problem}", place),)
    finally:
        page.close()
    structure, more = structure_of(text, place)
    properties: dict[str, object] = {"page": index + 1, "width": width, "height": height, "characters": len(text)}
    if index == 0:
        properties["pages"] = about.pages
    return Record(
        index=index,
        type="page",
        name=_label(document, index),
        structure=structure,
        fields=stated,
        properties=properties | tagged,
        issues=(*issues, *more),
    )


def _text(page: PdfPage) -> str:
    content = page.get_textpage()
    try:
        return clean(content.get_text_range().replace(_HYPHEN, "-"))
    finally:
        content.close()


def _label(document: PdfDocument, index: int) -> str | None:
    """What the document itself calls the page (`iv`, `A-3`), where it says so."""
    return stated_text(document.get_page_label(index))[:100] or None
