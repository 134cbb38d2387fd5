"""Tables of a tagged PDF: the one kind that says what its marks on the page mean. ISO 32000-2:2020, 14.7 and 14.8.

Without tags a table is lines and words that happen to stand in columns; guessing at those is not counting.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from pypdfium2 import raw  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

MAX_ELEMENTS: Final = 100_000
"""Elements of a page that are looked at; the tree is the file's, and may go in circles."""
_TYPE_BYTES: Final = 64
"""Longer names than `Table` are of no interest: two bytes a character, the end included."""


def is_tagged(document: PdfDocument) -> bool:
    """Whether the document says that its tags can be relied on."""
    return bool(raw.FPDFCatalog_IsTagged(document.raw))


def tables(page: PdfPage) -> int:
    """How many tables have cells on a page of a tagged document, nested ones too; one over two pages counts on both."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return 0
    try:
        return _tables(tree)
    finally:
        raw.FPDF_StructTree_Close(tree)


def _tables(tree: Any) -> int:
    count = seen = 0
    ahead = [
        raw.FPDF_StructTree_GetChildAtIndex(tree, n) for n in range(_at_most(raw.FPDF_StructTree_CountChildren(tree)))
    ]
    while ahead and seen < MAX_ELEMENTS:
        element = ahead.pop()
        seen += 1
        if not element:  # content of the page, not an element
            continue
        count += _type(element) == "Table"
        children = _at_most(raw.FPDF_StructElement_CountChildren(element))
        ahead += [raw.FPDF_StructElement_GetChildAtIndex(element, n) for n in range(children)]
    return count


def _at_most(stated: int) -> int:
    return max(0, min(stated, MAX_ELEMENTS))


def _type(element: Any) -> str:
    """By the standard's names: PDFium has gone through the document's own (its role map)."""
    buffer = ctypes.create_string_buffer(_TYPE_BYTES)
    size = raw.FPDF_StructElement_GetType(element, buffer, _TYPE_BYTES)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", errors="replace") if size <= _TYPE_BYTES else ""
