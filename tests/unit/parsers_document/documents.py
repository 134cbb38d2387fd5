"""Documents written by hand for the tests: PDF, Office Open XML and OLE compound files."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"

CORE = f"""<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>On the
 sulfonamides</dc:title><dc:creator>A. Chemist</dc:creator><cp:revision>7</cp:revision>
<dcterms:created>2024-02-29T12:00:00Z</dcterms:created></cp:coreProperties>"""
EXTENDED = f"""<Properties xmlns="{R.replace("relationships", "extended-properties")}"><Application>By hand</Application>
<Pages>3</Pages></Properties>"""
CUSTOM = f"""<Properties xmlns="{R.replace("relationships", "custom-properties")}"
 xmlns:vt="{R.replace("relationships", "docPropsVTypes")}"><property name="Project"><vt:lpwstr>X-1</vt:lpwstr></property>
<property name="Batch"><vt:i4>42</vt:i4></property><property name="Yield"><vt:r8>0.75</vt:r8></property>
<property name="Released"><vt:bool>true</vt:bool></property></Properties>"""


def packed(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 12, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def relationships(targets: Mapping[str, tuple[str, str]]) -> str:
    """A list of relationships: id → (last word of the type, target)."""
    rows = "".join(
        f'<Relationship Id="{key}" Type="{R}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def office_members(main: str, content: str, more: Mapping[str, str | bytes] | None = None) -> dict[str, str | bytes]:
    listed = {
        "a": ("officeDocument", main),
        "b": ("core-properties", "docProps/core.xml"),
        "c": ("extended-properties", "docProps/app.xml"),
        "d": ("custom-properties", "docProps/custom.xml"),
    }
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relationships(listed),
        main: content,
        "docProps/core.xml": CORE,
        "docProps/app.xml": EXTENDED,
        "docProps/custom.xml": CUSTOM,
        **(more or {}),
    }


def document_xml(body: str) -> str:
    return f'<w:document xmlns:w="{W}" xmlns:mc="{MC}" xmlns:a="{A}"><w:body>{body}</w:body></w:document>'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str, more: Mapping[str, str | bytes] | None = None) -> bytes:
    return packed(office_members("word/document.xml", document_xml(body), more))


def shape(text: str, placeholder: str = "body") -> str:
    lines = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (
        f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{placeholder}"/></p:nvPr></p:nvSpPr><p:txBody>{lines}</p:txBody></p:sp>'
    )


def slide_xml(shapes: str, attributes: str = "") -> str:
    return f'<p:sld xmlns:p="{P}" xmlns:a="{A}" {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>'


def pptx(slides: Sequence[str], notes: str | None = None, *, missing: int = 0) -> bytes:
    """A presentation whose first slide may have notes; `missing` more slides are listed only."""
    numbers = range(1, len(slides) + missing + 1)
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="s{n}"/>' for n in numbers)
    more: dict[str, str | bytes] = {f"ppt/slides/slide{n}.xml": slide for n, slide in enumerate(slides, 1)}
    more["ppt/_rels/presentation.xml.rels"] = relationships(
        {f"s{n}": ("slide", f"slides/slide{n}.xml") for n in numbers}
    )
    if notes is not None:
        more["ppt/slides/_rels/slide1.xml.rels"] = relationships({"n": ("notesSlide", "../notesSlides/n.xml")})
        more["ppt/notesSlides/n.xml"] = slide_xml(notes)
    content = f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>'
    return packed(office_members("ppt/presentation.xml", content, more))


# --- PDF ------------------------------------------------------------------------------------------------------------


def pdf(
    texts: Sequence[str],
    *,
    info: str = "",
    catalog: str = "",
    count: str | None = None,
    kids: str | None = None,
) -> bytes:
    """A PDF with a page of 300 by 200 points per text; `kids` and `count` may lie."""
    return pdf_of(pdf_objects(texts, info=info, catalog=catalog, count=count, kids=kids))


def pdf_objects(
    texts: Sequence[str],
    *,
    info: str = "",
    catalog: str = "",
    count: str | None = None,
    kids: str | None = None,
) -> dict[int, str]:
    """Its objects: from 5 a page, then its content, each."""
    first = 5
    pages = [first + 2 * n for n in range(len(texts))]
    kids = kids if kids is not None else " ".join(f"{page} 0 R" for page in pages)
    objects = {
        1: f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
        2: f"<</Type/Pages/Kids[{kids}]/Count {count if count is not None else len(texts)}>>",
        3: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        4: f"<<{info}>>",
    }
    for page, text in zip(pages, texts, strict=True):
        shown = " ".join(f"({line}) Tj T*" for line in text.split("\n"))
        content = f"BT /F 12 Tf 14 TL 20 150 Td {shown} ET"
        objects[page] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents {page + 1} 0 R/Resources<</Font<</F 3 0 R>>>>>>"
        )
        objects[page + 1] = f"<</Length {len(content)}>>stream\n{content}\nendstream"
    return objects


def tagged_pdf(tree: str, more: Mapping[int, str], roles: str = "") -> bytes:
    """A PDF of two empty pages whose tags are the elements `more` (from object 10); `tree` lists those of each page's marks."""
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/StructParents {}/Contents 7 0 R/Resources<<>>>>"
    objects = {
        1: "<</Type/Catalog/Pages 2 0 R/MarkInfo<</Marked true>>/StructTreeRoot 8 0 R>>",
        2: "<</Type/Pages/Kids[5 0 R 6 0 R]/Count 2>>",
        3: "null",
        4: "<<>>",
        5: page.format(0),
        6: page.format(1),
        7: "<</Length 0>>stream\n\nendstream",
        8: f"<</Type/StructTreeRoot/K[10 0 R]/ParentTree 9 0 R/RoleMap<<{roles}>>>>",
        9: f"<</Nums[{tree}]>>",
    }
    return pdf_of(objects | dict(more))


def pdf_of(objects: Mapping[int, str]) -> bytes:
    """A PDF file of numbered objects, from 1 without gaps; 1 is the catalog and 4 the information dictionary."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in objects.items():
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = len(out)
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{rows}".encode()
    out += f"trailer<</Size {size}/Root 1 0 R/Info 4 0 R>>\nstartxref\n{table}\n%%EOF".encode()
    return bytes(out)


# --- OLE ------------------------------------------------------------------------------------------------------------

_SECTOR = 512
_END_OF_CHAIN, _FREE, _FAT_SECTOR = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """A compound file ([MS-CFB], version 3) with these streams in its root, each padded to the size of a large one."""
    padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
    table: list[int] = [_FAT_SECTOR]
    places = {}
    body = b""
    for name, data in padded.items():
        sectors = -(-len(data) // _SECTOR)
        places[name] = len(table)
        table += [*range(len(table) + 1, len(table) + sectors), _END_OF_CHAIN]
        body += data.ljust(sectors * _SECTOR, b"\0")
    directory = len(table)
    entries = [_entry("Root Entry", 5, child=1 if padded else _FREE, start=_END_OF_CHAIN, size=0)]
    for n, (name, data) in enumerate(padded.items(), 1):
        right = n + 1 if n < len(padded) else _FREE
        entries.append(_entry(name, 2, right=right, start=places[name], size=len(data)))
    listed = b"".join(entries)
    listed += b"\0" * (-len(listed) % _SECTOR)
    count = len(listed) // _SECTOR
    table += [*range(directory + 1, directory + count), _END_OF_CHAIN]
    assert len(table) <= 128
    header = struct.pack(
        "<8s16s5H6x10I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, directory, 0, 4096, _END_OF_CHAIN, 0, _END_OF_CHAIN, 0, 0,
    ) + struct.pack("<108I", *[_FREE] * 108)  # fmt: skip
    return header[:_SECTOR] + struct.pack("<128I", *table, *[_FREE] * (128 - len(table))) + body + listed


def _entry(name: str, kind: int, *, start: int, size: int, right: int = _FREE, child: int = _FREE) -> bytes:
    raw = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBB3I16sI8s8sIQ", raw, len(raw) + 2, kind, 1, _FREE, right, child, b"", 0, b"", b"", start, size
    )


def property_stream(properties: Mapping[int, tuple[int, bytes]]) -> bytes:
    """A property set stream ([MS-OLEPS] 2.21) with one section; values by id as (type, bytes behind the type)."""
    values = b""
    listed = b""
    base = 8 + 8 * len(properties)
    for identifier, (kind, value) in properties.items():
        listed += struct.pack("<II", identifier, base + len(values))
        raw = struct.pack("<I", kind) + value
        values += raw + b"\0" * (-len(raw) % 4)
    section = struct.pack("<II", base + len(values), len(properties)) + listed + values
    return struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0, b"", 1, b"", 48) + section


def lpstr(text: str, codec: str = "cp1252") -> tuple[int, bytes]:
    raw = text.encode(codec) + b"\0"
    return 0x1E, struct.pack("<I", len(raw)) + raw


SUMMARY = property_stream(
    {
        1: (0x02, struct.pack("<h", 1251)),
        2: lpstr("Отчёт", "cp1251"),
        4: lpstr("A. Chemist"),
        9: lpstr("12"),
        12: (0x40, struct.pack("<Q", 132_223_104_000_000_000)),
        14: (0x03, struct.pack("<i", 3)),
    }
)


def doc(*, flags: int = 0, summary: bytes = SUMMARY) -> bytes:
    fib = struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0x409, 0, flags)
    return compound_file({"WordDocument": fib, "1Table": b"", "\x05SummaryInformation": summary})


def ppt(*, token: int = 0xE391C05F) -> bytes:
    user = struct.pack("<HHIII", 0, 0x0FF6, 20, 20, token)
    slides = property_stream({1: (0x02, struct.pack("<h", 1252)), 7: (0x03, struct.pack("<i", 5))})
    streams = {"PowerPoint Document": b"", "Current User": user}
    return compound_file({**streams, "\x05SummaryInformation": SUMMARY, "\x05DocumentSummaryInformation": slides})
