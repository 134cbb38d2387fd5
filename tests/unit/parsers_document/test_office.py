"""DOCX, PPTX, DOC and PPT: text, counts, and what a document says of itself."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from functions.parsers.document.formats import FORMATS
from functions.parsers.document.formats.symbols import symbol
from functions.parsers.document.formats.xml import XmlDoctype
from functions.parsers.packages import FileEncrypted
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileCorrupt, FormatMismatch, NoRecords, ParseFailure
from tests.samples import manifest, sample
from tests.unit.parsers_document import documents as made
from tests.unit.parsers_document.documents import paragraph, shape, slide_xml

STATED = [
    ("Title", "On the\n sulfonamides"),
    ("Author", "A. Chemist"),
    ("Created", "2024-02-29T12:00:00Z"),
    ("Revision", 7),
    ("Application", "By hand"),
    ("Pages", 3),
    ("Project", "X-1"),
    ("Batch", 42),
    ("Yield", 0.75),
    ("Released", True),
]


def read(data: bytes, name: str) -> list[Record]:
    return list(FORMATS[name].records(io.BytesIO(data)))


def one(data: bytes, name: str = "docx") -> Record:
    (record,) = read(data, name)
    return record


def text(record: Record) -> str:
    return record.structure.text if record.structure else ""


def stated(record: Record) -> list[tuple[str, object]]:
    return [(field.name, field.value) for field in record.fields]


# --- Word -------------------------------------------------------------------------------------------------------------


def test_a_document_is_one_record_with_its_text_and_properties() -> None:
    record = one(made.docx(paragraph("First") + paragraph("Second &amp; last")))
    assert (record.index, record.type, record.name) == (0, "document", "On the sulfonamides")
    assert text(record) == "First\nSecond & last"
    assert stated(record) == STATED
    assert record.properties == {"paragraphs": 2, "tables": 0, "images": 0, "characters": 19}
    assert record.issues == ()


def test_cells_are_divided_by_tabs_and_nested_tables_count() -> None:
    def table(*rows: list[str]) -> str:
        cells = "".join("<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in row) + "</w:tr>" for row in rows)
        return f"<w:tbl>{cells}</w:tbl>"

    inner = table([paragraph("x"), paragraph("y")])
    body = table([paragraph("a"), paragraph("b")], [paragraph("c"), inner + paragraph("")]) + paragraph("end")
    record = one(made.docx(body))
    assert text(record).splitlines() == ["a\tb", "c\tx\ty", "", "end"]
    assert record.properties["tables"] == 2


def test_tabs_breaks_and_hyphens_of_runs_are_text_and_tab_stops_are_not() -> None:
    body = (
        "<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr>"
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>"
    )
    assert text(one(made.docx(body))) == "a\tb\nc-d"


def sym(font: str, char: str) -> str:
    return f'<w:sym w:font="{font}" w:char="{char}"/>'


def test_inserted_symbols_are_characters_where_they_stand() -> None:
    body = (
        f"<w:p><w:r><w:t>5 </w:t>{sym('Symbol', 'F06D')}<w:t>g/mL at 25 </w:t>{sym('Symbol', 'F0B0')}<w:t>C</w:t></w:r></w:p>"
        f"<w:p><w:r><w:t>x</w:t>{sym('Symbol', '00B3')}<w:t>1</w:t>{sym('Wingdings', 'F0E0')}<w:t>y</w:t></w:r>"
        f"<w:del><w:r>{sym('Symbol', 'F061')}</w:r></w:del></w:p>"
    )
    assert text(one(made.docx(body))) == "5 µg/mL at 25 °C\nx≥1→y"


@pytest.mark.parametrize(
    ("font", "places", "characters"),
    [
        ("Symbol", range(0xF041, 0xF05B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"),
        ("symbol", range(0x61, 0x7B), "αβχδεφγηιϕκλµνοπθρστυϖωξψζ"),
        (
            "Symbol",
            (0xF020, 0xF07E, 0xF07F, 0xF0A0, 0xF0B1, 0xF0D6, 0xF0E5, 0xF0F0, 0xF0F2, 0xF0FE, 0xF0FF),
            " ∼�€±√∑�∫⎭�",
        ),
        ("Calibri", (0xF041, 0x3B1, 0x2022, 0xE000, 0x7), "Aα•��"),
        ("Wingdings", (0xF0FC, 0xF0DF, 0xF041), "✓←�"),
        ("Wingdings 2", (0xF050,), "�"),
    ],
)
def test_a_symbol_is_known_by_its_font_and_place(font: str, places: Sequence[int], characters: str) -> None:
    assert "".join(symbol(font, f"{place:04X}") for place in places) == characters


@pytest.mark.parametrize("code", ["", "x", "-1", "110000", "F" * 40, "D800"])
def test_a_symbol_at_no_place_is_not_told(code: str) -> None:
    assert symbol("Symbol", code) in ("", "�")


def test_deleted_moved_and_repeated_text_is_left_out() -> None:
    body = (
        "<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:ins><w:r><w:t>, added</w:t></w:r></w:ins>"
        "<mc:AlternateContent><mc:Choice><w:r><w:t>!</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>?</w:t></w:r>"
        "</mc:Fallback></mc:AlternateContent><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    assert text(one(made.docx(body))) == "kept, added!"


def test_footnotes_follow_the_body() -> None:
    notes = (
        f'<w:footnotes xmlns:w="{made.W}"><w:footnote w:type="separator">{paragraph("---")}</w:footnote>'
        f"<w:footnote>{paragraph('See there.')}</w:footnote></w:footnotes>"
    )
    more = {
        "word/_rels/document.xml.rels": made.relationships({"f": ("footnotes", "footnotes.xml")}),
        "word/footnotes.xml": notes,
    }
    record = one(made.docx(paragraph("Body"), more))
    assert text(record) == "Body\nSee there."
    assert record.properties["paragraphs"] == 1


def test_the_language_is_that_of_the_styles() -> None:
    styles = (
        f'<w:styles xmlns:w="{made.W}"><w:docDefaults><w:rPr><w:lang w:val="de-CH"/></w:rPr></w:docDefaults></w:styles>'
    )
    more = {
        "word/_rels/document.xml.rels": made.relationships({"s": ("styles", "/word/styles.xml")}),
        "word/styles.xml": styles,
    }
    assert ("Language", "de-CH") in stated(one(made.docx(paragraph("Grüezi"), more)))


def test_strict_documents_read_the_same() -> None:
    members = made.office_members("word/document.xml", made.document_xml(paragraph("Test")))
    strict = {
        name: str(content).replace("http://schemas.openxmlformats.org/wordprocessingml/2006", "http://purl.oclc.org/ooxml/wordprocessingml")
        .replace(f"{made.R}/officeDocument", "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument")
        .replace("http://schemas.openxmlformats.org/officeDocument/2006/extended-properties", "http://purl.oclc.org/ooxml/officeDocument/extendedProperties")
        for name, content in members.items()
    }  # fmt: skip
    record = one(made.packed(strict))
    assert text(record) == "Test"
    assert stated(record) == STATED


def test_broken_properties_cost_an_issue_not_the_document() -> None:
    record = one(made.docx(paragraph("Body"), {"docProps/core.xml": "<cp:coreProperties"}))
    assert text(record) == "Body"
    assert [issue.code for issue in record.issues] == ["PROPERTIES_UNREADABLE"]
    assert ("Application", "By hand") in stated(record)


def test_a_document_is_read_through_the_part_that_the_package_names() -> None:
    record = one(made.packed(made.office_members("odd/place.xml", made.document_xml(paragraph("Found")))))
    assert text(record) == "Found"


def test_damage_is_a_verdict_on_the_file() -> None:
    with pytest.raises(FormatMismatch):
        read(b"no archive at all", "docx")
    with pytest.raises(FormatMismatch):
        read(made.packed({"readme.txt": "no document"}), "docx")
    with pytest.raises(FormatMismatch):
        read(made.pptx([slide_xml("")]), "docx")
    with pytest.raises(FileCorrupt):
        read(made.docx("<w:p><w:r>"), "docx")
    with pytest.raises(FileCorrupt):
        read(made.docx(paragraph("x"))[:-30], "docx")
    with pytest.raises(FileCorrupt):
        read(made.docx("<w:p>" * 5000 + "</w:p>" * 5000), "docx")


LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


def test_entities_are_refused_wherever_they_stand() -> None:
    content = LAUGHS + made.document_xml(paragraph("&c;"))
    with pytest.raises(XmlDoctype):
        read(made.packed(made.office_members("word/document.xml", content)), "docx")
    external = '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + made.document_xml("")
    with pytest.raises(XmlDoctype):
        read(made.packed(made.office_members("word/document.xml", external)), "docx")
    record = one(made.docx(paragraph("Body"), {"docProps/core.xml": LAUGHS + "<x>&c;</x>"}))
    assert [issue.code for issue in record.issues] == ["PROPERTIES_UNREADABLE"]


def test_an_encrypted_document_is_refused_as_such() -> None:
    protected = made.compound_file({"EncryptionInfo": b"", "EncryptedPackage": b"secret"})
    for name in ("docx", "pptx", "doc", "ppt"):
        with pytest.raises(FileEncrypted) as refused:
            read(protected, name)
        assert refused.value.code == "FILE_ENCRYPTED"


# --- PowerPoint -------------------------------------------------------------------------------------------------------


def test_slides_are_records_with_title_text_and_notes() -> None:
    slides = [
        slide_xml(shape("On the\nsulfonamides", "ctrTitle") + shape("one\ntwo") + shape("7", "sldNum")),
        slide_xml(shape("Methods", "title"), attributes='show="0"'),
        slide_xml(""),
    ]
    first, second, third = read(made.pptx(slides, notes=shape("Say hello.") + shape("1", "sldNum")), "pptx")
    assert (first.type, first.index, first.name) == ("slide", 0, "On the sulfonamides")
    assert text(first) == "On the\nsulfonamides\none\ntwo"
    assert stated(first) == [*STATED, ("Notes", "Say hello.")]
    assert first.properties == {"slide": 1, "characters": 27, "tables": 0, "images": 0, "slides": 3}
    assert (second.name, second.fields, second.properties["hidden"]) == ("Methods", (), True)
    assert (third.name, third.structure, third.properties["slide"]) == (None, None, 3)


def test_a_slide_that_is_missing_or_broken_costs_only_itself() -> None:
    records = read(made.pptx([slide_xml(shape("a")), "<p:sld", slide_xml(shape("c"))], missing=1), "pptx")
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed", "Failed"]
    assert [record.issues[0].code for record in records if record.issues] == ["SLIDE_UNREADABLE", "SLIDE_MISSING"]
    assert text(records[2]) == "c"


def test_a_presentation_without_slides_has_no_records() -> None:
    with pytest.raises(NoRecords):
        read(made.pptx([]), "pptx")


# --- OLE --------------------------------------------------------------------------------------------------------------


def test_old_files_say_what_their_summaries_state() -> None:
    record = one(made.doc(), "doc")
    assert (record.type, record.name, record.structure) == ("document", "Отчёт", None)
    expected = [("Title", "Отчёт"), ("Author", "A. Chemist"), ("Created", "2020-01-01T00:00:00Z"), ("Revision", 12)]
    assert stated(record) == [*expected, ("Pages", 3)]
    assert stated(one(made.ppt(), "ppt"))[-1] == ("Slides", 5)


def test_old_files_with_a_password_are_refused() -> None:
    with pytest.raises(FileEncrypted):
        read(made.doc(flags=0x0100), "doc")
    with pytest.raises(FileEncrypted):
        read(made.ppt(token=0xF3D1C4DF), "ppt")


def test_old_files_of_the_other_program_do_not_match() -> None:
    for data, name in ((made.doc(), "ppt"), (made.ppt(), "doc"), (b"plain text", "doc"), (b"", "doc")):
        with pytest.raises(FormatMismatch):
            read(data, name)


def test_a_summary_that_claims_millions_of_properties_ends() -> None:
    lying = bytearray(made.SUMMARY)
    lying[52:56] = b"\xff\xff\xff\x7f"
    record = one(made.doc(summary=bytes(lying)), "doc")
    assert record.status is RecordStatus.PARSED


# --- the real files and other libraries ---------------------------------------------------------------------------------


def test_samples_have_the_outcome_and_the_records_of_their_manifest() -> None:
    for row in manifest("doc", "docx", "pptx"):
        records = read(row.read_bytes(), row.format)
        assert row.expected == "valid", row.path
        assert all(record.status is RecordStatus.PARSED and not record.issues for record in records), row.path
        assert len(records) == (row.records or 1), row.path


def test_paragraphs_are_those_that_python_docx_reads() -> None:
    from docx import Document

    for row in manifest("docx"):
        record = one(row.read_bytes())
        try:
            oracle = Document(io.BytesIO(row.read_bytes()))
        except KeyError:  # Strict documents are beyond it.
            assert text(record) == "Test"
            continue
        lines = text(record).split("\n")
        assert all(found.text in lines for found in oracle.paragraphs if found.text), row.path
        for table in oracle.tables:
            for cells in table.rows:
                assert all(cell.text in text(record) for cell in cells.cells if "\n" not in cell.text), row.path
        told = dict(stated(record))
        if "no-coreprops" not in row.path:
            assert told.get("Author", "") == oracle.core_properties.author
            assert told["Revision"] == oracle.core_properties.revision
            assert str(told["Modified"]).startswith(oracle.core_properties.modified.isoformat()[:19])
    record = one(sample("blk-paras-and-tables.docx").read_bytes())
    assert (record.properties["paragraphs"], record.properties["tables"]) == (12, 4)  # As the manifest counts them.


def test_slides_are_those_that_python_pptx_reads() -> None:
    from pptx import Presentation

    for row in manifest("pptx"):
        records = read(row.read_bytes(), "pptx")
        oracle = Presentation(io.BytesIO(row.read_bytes()))
        for record, slide in zip(records, oracle.slides, strict=True):
            frames = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
            assert [line for line in text(record).split("\n") if line] == [
                line for frame in frames for line in frame.split("\n") if line
            ]
            title = slide.shapes.title
            assert (record.name or "") == (title.text_frame.text if title is not None else "")
            if slide.has_notes_slide:
                notes = dict(stated(record)).get("Notes", "")
                assert notes == slide.notes_slide.notes_text_frame.text
        assert dict(stated(records[0]))["Author"] == oracle.core_properties.author


def test_the_old_sample_says_what_olefile_reads() -> None:
    import olefile

    [row] = manifest("doc")
    told = dict(stated(one(row.read_bytes(), "doc")))
    with olefile.OleFileIO(io.BytesIO(row.read_bytes())) as compound:
        oracle = compound.get_metadata()
    assert told["Title"] == oracle.title.decode("cp1252").strip()
    assert told["Author"] == oracle.author.decode("cp1252")
    assert told["Words"] == oracle.num_words
    assert told["Created"] == oracle.create_time.isoformat() + "Z"


def test_every_failure_has_its_code() -> None:
    for name, format in FORMATS.items():
        with pytest.raises(ParseFailure) as failure:
            list(format.records(io.BytesIO(b"?" * 3000)))
        assert failure.value.code == "FORMAT_MISMATCH", name
