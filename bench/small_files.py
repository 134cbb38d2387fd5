"""Files of formats that are read as a whole, by the writers of others or by hand; the same values on every machine."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from datetime import date, timedelta

from bench import workbooks

WORDS = ("ethanol", "benzene", "caffeine", "aspirin", "water", "measured twice, at noon", 'as "is"', "n.d.", "0.5 %")
_SEED = 20261130


def xlsx(rows: int) -> bytes:
    """A table of numbers, words, dates and empty cells as a workbook of one sheet, written by openpyxl."""
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("measured")
    sheet.append(list(_NAMES))
    for row in _rows(rows):
        sheet.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def ods(rows: int) -> bytes:
    """The same table as OpenDocument, its numbers and dates with their types."""
    cells = []
    for row in ([*_NAMES], *_rows(rows)):
        cells.append(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>")
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}:office:1.0" '
        f'xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0" office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="measured">{"".join(cells)}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{space}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), kind)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return file.getvalue()


def xls(rows: int) -> bytes:
    """The same table as BIFF8."""
    return workbooks.xls([_NAMES, *_rows(rows)])


def xlsb(rows: int) -> bytes:
    """The same table as BIFF12."""
    return workbooks.xlsb([_NAMES, *_rows(rows)])


def pdf(pages: int) -> bytes:
    """Pages of text in a standard font."""
    random_words = random.Random(_SEED)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for _ in range(pages):
        lines = [" ".join(random_words.choices(_LETTERS, k=12)) for _ in range(45)]
        shown = "BT /F1 10 Tf 50 780 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
        packed = zlib.compress(shown.encode())
        objects.append(b"<< /Length %d /Filter /FlateDecode >> stream\n%s\nendstream" % (len(packed), packed))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
            % len(objects)
        )
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, b" ".join(b"%d 0 R" % kid for kid in kids))
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        table,
        size,
        len(body),
    )


def docx(paragraphs: int) -> bytes:
    """Paragraphs and a table, written by python-docx."""
    import docx

    random_words, document = random.Random(_SEED), docx.Document()
    for _ in range(paragraphs):
        document.add_paragraph(" ".join(random_words.choices(_LETTERS, k=40)))
    filled = document.add_table(rows=20, cols=4)
    for row in filled.rows:
        for cell in row.cells:
            cell.text = random_words.choice(_LETTERS)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def pptx(slides: int) -> bytes:
    """Slides with a title and lines of text, written by python-pptx."""
    import pptx

    random_words, show = random.Random(_SEED), pptx.Presentation()
    for _ in range(slides):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = " ".join(random_words.choices(_LETTERS, k=4))
        slide.placeholders[1].text = "\n".join(" ".join(random_words.choices(_LETTERS, k=10)) for _ in range(8))
    file = io.BytesIO()
    show.save(file)
    return file.getvalue()


def picture(pillow: str) -> bytes:
    """A photograph of nothing, 1,200 × 900, in one of Pillow's formats."""
    from PIL import Image

    image = Image.effect_noise((1200, 900), 40).convert("P" if pillow == "GIF" else "RGB")
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Maker", "Model 1", "2026:11:30 12:00:00"
    image.save(file, pillow, **({"exif": exif, "dpi": (300, 300)} if pillow in ("JPEG", "PNG", "TIFF") else {}))
    return file.getvalue()


def photograph() -> bytes:
    """What a camera of 12 megapixels writes: 4,000 × 3,000, some megabytes, with EXIF."""
    from PIL import Image

    image = Image.effect_noise((4000, 3000), 40).convert("RGB")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132], exif[0x0112] = "Maker", "Model 1", "2026:11:30 12:00:00", 6
    taken = exif.get_ifd(0x8769)
    taken[0x829A], taken[0x829D], taken[0x8827], taken[0x9003] = 1 / 250, 2.8, 100, "2026:11:30 12:00:00"
    taken[0x920A], taken[0xA002], taken[0xA003], taken[0xA434] = 50.0, 4000, 3000, "Lens 50 mm"
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85, exif=exif, dpi=(300, 300))
    return file.getvalue()


def tiff_stack(*, ome: bool, big: bool) -> bytes:
    """Fifteen planes of three channels, written by tifffile."""
    import numpy
    import tifffile

    file = io.BytesIO()
    planes = numpy.random.default_rng(_SEED).integers(0, 4096, (5, 3, 128, 128), dtype="uint16")
    with tifffile.TiffWriter(file, ome=ome, bigtiff=big) as writer:
        metadata = (
            {"axes": "ZCYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1, "PhysicalSizeXUnit": "µm"} if ome else None
        )
        writer.write(planes, photometric="minisblack", metadata=metadata)
    return file.getvalue()


def slide() -> bytes:
    """A scan as Aperio's scanners describe it, two levels, in tiles."""
    import numpy
    import tifffile

    file, pixels = io.BytesIO(), numpy.random.default_rng(_SEED)
    with tifffile.TiffWriter(file) as writer:
        for width in (1024, 256):
            stated = "AppMag = 20|MPP = 0.499|Date = 11/30/26|Time = 12:00:00"
            described = f"Aperio Image Library v11.2.1\r\n{width}x{width} JPEG|{stated}"
            level = pixels.integers(0, 255, (width, width, 3), dtype="uint8")
            writer.write(level, photometric="rgb", tile=(256, 256), description=described, metadata=None)
    return file.getvalue()


def spc(points: int) -> bytes:
    """A spectrum in the new form of Thermo Galactic, ordinates of 32 bits as floats."""
    noise = random.Random(_SEED)
    head = struct.pack("<BBBbiddiBBBB", 0, 0x4B, 4, -128, points, 400.0, 4000.0, 1, 1, 2, 0, 0)
    day = 2026 << 20 | 11 << 16 | 30 << 11
    head = (head + struct.pack("<I", day)).ljust(512, b"\0")
    subheader = struct.pack("<BBHfffIIf4x", 0, 128, 0, 0.0, 0.0, 0.0, 0, 0, 0.0)
    return head + subheader + struct.pack(f"<{points}f", *(noise.random() for _ in range(points)))


_NAMES = ("sample id", "name", "measured on", "mass (mg)", "yield (%)", "operator", "remark", "count")
_LETTERS = (
    "alpha", "beta", "gamma", "delta", "reaction", "spectrum", "crystal", "molecule", "yield",
    "sample", "measured", "solvent", "of", "the", "and", "in", "with",
)  # fmt: skip


def _rows(count: int) -> list[list[str | int | float | date | None]]:
    noise = random.Random(_SEED)
    return [
        [
            f"S-{n:06}", noise.choice(WORDS), date(2026, 1, 1) + timedelta(days=n % 300), round(noise.random() * 500, 3),
            round(noise.random() * 100, 2), noise.choice(("kim", "lee", "ada")),
            None if n % 3 else " ".join(noise.choices(WORDS, k=3)), noise.randrange(1000),
        ]
        for n in range(count)
    ]  # fmt: skip


def _ods_cell(value: str | int | float | date | None) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    if isinstance(value, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    text = value.replace("&", "&amp;").replace("<", "&lt;")
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
