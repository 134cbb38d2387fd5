"""The formats of the document parser; what a library costs is paid by the first file that needs it."""

from __future__ import annotations

from typing import Final

from functions.parsers.document.formats.docx import Docx
from functions.parsers.document.formats.ole import Ole
from functions.parsers.document.formats.pdf import Pdf
from functions.parsers.document.formats.pptx import Pptx
from leanda.parsing.format import WholeFormat

FORMATS: Final[dict[str, WholeFormat]] = {
    format.name: format for format in (Pdf(), Docx(), Pptx(), Ole("doc"), Ole("ppt"))
}
"""By the name that the signature table gives."""
