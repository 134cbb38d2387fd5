"""The first sight of a document: a PDF's page as PDFium shows it, or the preview that an Office document brings along."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, Final

from functions.parsers.packages import open_package
from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import raster
from leanda import limits

MAX_PREVIEW_BYTES: Final = 4 * limits.MIB


def pdf_page(path: Path, index: int, side: int = raster.SIDE) -> bytes:
    """A PNG of one page, at most `side` pixels wide and high, with its annotations, on white.

    Raises:
        NotDrawable: PDFium cannot read the document or the page.
    """
    import pypdfium2  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(path)
        page = document[index]
        width, height = page.get_size()
        if not (width > 0 and height > 0):
            raise NotDrawable("The page has no size.")
        image = page.render(scale=side / max(width, height)).to_pil()
    except (pypdfium2.PdfiumError, IndexError, ValueError) as problem:
        raise NotDrawable("The page cannot be drawn.", detail=str(problem)) from problem
    return raster.png_of(image, side)


def office_preview(file: BinaryIO, side: int = raster.SIDE) -> bytes:
    """A PNG of the preview in an Office Open XML package.

    Raises:
        NotDrawable: there is none.
        ParseFailure: the package or the preview is refused, see `open_package` and `raster.thumbnail`.
    """
    package = open_package(file)
    if package.preview is None:
        raise NotDrawable("The document brings no preview along.")
    with package.part(package.preview, at_most=MAX_PREVIEW_BYTES) as stream:
        return raster.thumbnail(io.BytesIO(stream.read()), side)
