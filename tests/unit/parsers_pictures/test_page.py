"""First pages: what PDFium shows, and the previews that Office documents bring along."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import page
from leanda.errors import FileBomb, ParseFailure
from tests.samples import manifest, samples_root


def shown(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.format == "PNG"
    return image.convert("RGB")


def pdf(tmp_path: Path, *pages: tuple[str, tuple[int, int]]) -> Path:
    images = [Image.new("RGB", size, colour) for colour, size in pages]
    target = tmp_path / "pages.pdf"
    images[0].save(target, "PDF", save_all=True, append_images=images[1:])
    return target


def office(**parts: bytes) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        for name, content in parts.items():
            package.writestr(name, content)
    return target


def jpeg(size: tuple[int, int] = (40, 30)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, "JPEG")
    return target.getvalue()


def test_each_page_is_shown_in_its_proportions(tmp_path: Path) -> None:
    path = pdf(tmp_path, ("red", (200, 100)), ("blue", (100, 400)))
    first, second = (shown(page.pdf_page(path, index)) for index in (0, 1))
    assert (first.size, second.size) == ((512, 256), (128, 512))
    assert first.getpixel((256, 128))[0] > 240 > 20 > first.getpixel((256, 128))[2]
    assert second.getpixel((64, 256))[2] > 240


def test_a_page_without_ground_is_white(tmp_path: Path) -> None:
    path = samples_root() / "pdf" / "pdflatex-4-pages.pdf"
    image = shown(page.pdf_page(path, 0))
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert image.convert("L").getextrema()[0] < 128, "there is text on it"


def test_pages_that_are_not_there_have_no_picture(tmp_path: Path) -> None:
    path = pdf(tmp_path, ("red", (20, 10)))
    for index in (1, 7):
        with pytest.raises(NotDrawable):
            page.pdf_page(path, index)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"no pdf at all"])
def test_what_is_no_document_has_no_picture(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    with pytest.raises(NotDrawable):
        page.pdf_page(path, 0)


def test_samples_are_shown_or_refused() -> None:
    made = 0
    for row in manifest("pdf"):
        try:
            shown(page.pdf_page(samples_root() / row.path, 0))
            made += 1
        except NotDrawable:
            assert row.expected != "valid"
    assert made > 3


@pytest.mark.parametrize("name", ["docProps/thumbnail.jpeg", "docProps/Thumbnail.JPG"])
def test_a_preview_is_shown_whatever_its_name_is_spelled_like(name: str) -> None:
    assert shown(page.office_preview(office(**{name: jpeg()}))).size == (40, 30)


def test_a_document_without_a_preview_has_none() -> None:
    with pytest.raises(NotDrawable, match="no preview"):
        page.office_preview(office(**{"word/document.xml": b"<document/>"}))


def test_a_preview_is_not_trusted() -> None:
    with pytest.raises(FileBomb):
        page.office_preview(office(**{"docProps/thumbnail.jpeg": jpeg() + bytes(page.MAX_PREVIEW_BYTES)}))
    with pytest.raises(NotDrawable):
        page.office_preview(office(**{"docProps/thumbnail.jpeg": b"<svg onload='alert(1)'/>"}))
    with pytest.raises(ParseFailure):
        page.office_preview(io.BytesIO(b"no package"))
