"""PDF: pages, their text and size, and what the document says of itself."""

from __future__ import annotations

import io
import random
import zlib
from functools import partial
from pathlib import Path

import pytest

from functions.parsers.document.formats import pdf as module
from functions.parsers.document.formats import pdf_streams
from functions.parsers.document.formats.pdf import Pdf
from functions.parsers.document.formats.properties import pdf_date
from functions.parsers.guarded import ReaderDied, read_whole
from functions.parsers.packages import FileEncrypted
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch
from leanda.guard import GuardedChild, Limits
from tests.samples import manifest
from tests.unit.parsers import reading
from tests.unit.parsers_document.documents import pdf, pdf_objects, pdf_of, tagged_pdf

read = partial(reading.read, Pdf())


def text(record: Record) -> str:
    return record.structure.text if record.structure else ""


def test_each_page_is_a_record_with_its_text_and_size() -> None:
    first, second, empty = read(pdf(["Hello\nworld", "not here", ""]))
    assert [first.index, second.index, empty.index] == [0, 1, 2]
    assert first.type == "page"
    assert (text(first), text(second), empty.structure) == ("Hello\nworld", "not here", None)
    assert first.structure is not None
    assert first.structure.media_type == "text/plain"
    assert first.properties == {"page": 1, "width": 300.0, "height": 200.0, "characters": 11, "pages": 3}
    assert second.properties == {"page": 2, "width": 300.0, "height": 200.0, "characters": 8}


def test_tables_of_a_tagged_document_are_counted_on_their_pages() -> None:
    """The first page has cells of two tables, one under a name of the document's own; the second has a paragraph."""
    tags = {
        10: "<</S/Document/P 8 0 R/K[11 0 R 13 0 R 15 0 R]>>",
        11: "<</S/Table/P 10 0 R/K[12 0 R]>>",
        12: "<</S/TD/P 11 0 R/Pg 5 0 R/K 0>>",
        13: "<</S/Tabelle/P 10 0 R/K[14 0 R]>>",
        14: "<</S/TD/P 13 0 R/Pg 5 0 R/K 1>>",
        15: "<</S/P/P 10 0 R/Pg 6 0 R/K 0>>",
    }
    first, second = read(tagged_pdf("0[12 0 R 14 0 R] 1[15 0 R]", tags, roles="/Tabelle/Table"))
    assert (first.properties["tables"], second.properties["tables"]) == (2, 0)
    assert "tables" not in read(pdf(["not tagged"]))[0].properties


def test_tags_that_go_in_circles_end() -> None:
    tags = {10: "<</S/Table/P 11 0 R/K[11 0 R]>>", 11: "<</S/TD/P 10 0 R/Pg 5 0 R/K[10 0 R]>>"}
    pages = read(tagged_pdf("0[11 0 R] 1[10 0 R]", tags))
    assert [page.status for page in pages] == [RecordStatus.PARSED] * 2


def test_the_first_page_carries_what_the_document_says_of_itself() -> None:
    info = (
        "/Title(On sulfonamides)/Author<FEFF00C900760061>/Creator(TeX)/CreationDate(D:20170830085558+03'00')/Producer()"
    )
    first, second = read(pdf(["a", "b"], info=info, catalog="/Lang(de-CH)"))
    assert [(field.name, field.value) for field in first.fields] == [
        ("Title", "On sulfonamides"),
        ("Author", "Éva"),
        ("Created", "2017-08-30T08:55:58+03:00"),
        ("Language", "de-CH"),
        ("Application", "TeX"),
        ("PDF Version", "1.7"),
    ]
    assert second.fields == ()


def test_pages_are_called_as_the_document_calls_them() -> None:
    labels = "/PageLabels<</Nums[0<</S/r>> 1<</S/D/P(A-)>>]>>"
    assert [record.name for record in read(pdf(["a", "b"], catalog=labels))] == ["i", "A-1"]


@pytest.mark.parametrize(
    ("stated", "iso"),
    [
        ("D:20170830085558+03'00'", "2017-08-30T08:55:58+03:00"),
        ("D:20170830085558-0330", "2017-08-30T08:55:58-03:30"),
        ("20170830085558Z", "2017-08-30T08:55:58Z"),
        ("D:20220415113826", "2022-04-15T11:38:26"),
        ("D:2022041511", "2022-04-15T11:00:00"),
        ("D:202204", "2022-04"),
        ("D:2022", "2022"),
        ("D:20221341", "D:20221341"),
        ("yesterday", "yesterday"),
        ("D:20170830085558+99'99'", "D:20170830085558+99'99'"),
    ],
)
def test_a_date_is_as_exact_as_it_was_stated(stated: str, iso: str) -> None:
    assert pdf_date(stated) == iso


def test_a_page_that_is_none_costs_only_itself() -> None:
    records = read(pdf(["a", "b"], kids="5 0 R 99 0 R 7 0 R", count="3"))
    assert [record.status for record in records] == [RecordStatus.PARSED, RecordStatus.FAILED, RecordStatus.PARSED]
    assert [issue.code for issue in records[1].issues] == ["PAGE_UNREADABLE"]
    assert records[1].issues[0].place == "page 2"
    assert text(records[2]) == "b"


def test_a_page_count_that_nobody_has_is_no_reason_to_count() -> None:
    assert len(read(pdf(["a"], count="2147483647"))) == 1
    with pytest.raises(FileCorrupt, match="damaged"):
        read(pdf(["a"], count="1000000"))


def test_a_page_tree_that_refers_to_itself_ends() -> None:
    (record,) = read(pdf(["a"], kids="2 0 R", count="1", info="/Title(T)"))
    assert record.status is RecordStatus.FAILED
    assert [(field.name, field.value) for field in record.fields] == [("Title", "T"), ("PDF Version", "1.7")]


def forms(levels: int, times: int) -> bytes:
    """A page whose form draws another form several times, which draws another …"""
    objects = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 6 0 R/Resources<</XObject<</X 6 0 R>>>>>>",
        4: "<<>>",
        5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    last = 5 + levels
    for level in range(6, last + 1):
        draw = "/X Do " * times if level < last else "BT /F 1 Tf (x) Tj ET"
        resources = f"<</XObject<</X {level + 1} 0 R>>/Font<</F 5 0 R>>>>"
        content = f"/Length {len(draw)}>>stream\n{draw}\nendstream"
        objects[level] = f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources{resources}{content}"
    return pdf_of(objects)


def test_forms_that_draw_each_other_are_drawn() -> None:
    (record,) = read(forms(levels=3, times=2))
    assert record.status is RecordStatus.PARSED


def test_a_page_that_takes_for_ever_is_ended_by_the_guard(tmp_path: Path) -> None:
    """Eight levels, each drawing the next nine times, are 43 million texts."""
    bomb = tmp_path / "forms.pdf"
    bomb.write_bytes(forms(levels=9, times=9))
    guard = GuardedChild(Limits(item_seconds=1))
    try:
        with pytest.raises(ReaderDied) as died:
            list(read_whole(guard, "document", "pdf", str(bomb)))
    finally:
        guard.close()
    assert died.value.code in ("PARSER_TIMEOUT", "PARSER_MEMORY", "PARSER_CRASHED")


def test_what_is_no_pdf_is_said_to_be_none() -> None:
    with pytest.raises(FormatMismatch):
        read(b"\0" * 2000 + b"%PDF-1.4")
    with pytest.raises(FileCorrupt):
        read(b"%PDF-1.4\n" + b"nothing follows " * 100)


def test_long_text_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leanda.limits.MAX_RECORD_BYTES", 4)
    (record,) = read(pdf(["Hello"]))
    assert text(record) == "Hell"
    assert [issue.code for issue in record.issues] == ["TEXT_TRUNCATED"]


# --- streams ----------------------------------------------------------------------------------------------------------


def streamed(content: bytes, entries: str) -> bytes:
    objects = pdf_objects(["x"])
    objects[6] = f"<</Length {len(content)}{entries}>>stream\n{content.decode('latin-1')}\nendstream"
    return pdf_of(objects)


SHOWN = b"BT /F 12 Tf 20 150 Td (Hello) Tj ET "
MANY = pdf_streams.GRACE_BYTES + 2 * limits.MIB


def test_a_stream_that_inflates_to_far_more_than_the_file_holds_is_refused_however_it_is_written() -> None:
    once = zlib.compress(b" " * MANY, 9)
    for content, entries in (
        (once, "/Filter/FlateDecode"),
        (once, "/Filter/Fl#61teDecode"),
        (zlib.compress(once, 9), "/Filter[/FlateDecode/FlateDecode]"),
    ):
        with pytest.raises(FileBomb):
            read(streamed(content, entries))
    stages = once
    for _ in range(pdf_streams.MAX_STAGES):
        stages = zlib.compress(stages)
    with pytest.raises(FileBomb):
        read(streamed(stages, "/Filter/FlateDecode"))


def test_streams_that_hold_what_they_say_are_read() -> None:
    noise = random.Random(7).randbytes(MANY).hex().encode()
    long = SHOWN + b"% " + noise + b"\n"
    assert text(*read(streamed(zlib.compress(long), "/Filter/FlateDecode"))) == "Hello"
    twice = zlib.compress(zlib.compress(SHOWN))
    assert text(*read(streamed(twice, "/Filter[/FlateDecode/FlateDecode]"))) == "Hello"
    assert text(*read(streamed(zlib.compress(SHOWN)[:-6], "/Filter/FlateDecode"))) == "Hello"


def test_pictures_and_attached_files_may_shrink_as_they_like() -> None:
    blank = zlib.compress(bytes(MANY), 9)
    for kind in ("/Type/XObject/Subtype /Image/Width 4000/Height 2600", "/Type /EmbeddedFile"):
        objects = pdf_objects(["Hello"])
        objects[7] = f"<<{kind}/Length {len(blank)}/Filter/FlateDecode>>stream\n{blank.decode('latin-1')}\nendstream"
        assert text(*read(pdf_of(objects))) == "Hello"


@pytest.mark.parametrize("ahead", [*range(-70, 4), 4096])
def test_streams_are_found_wherever_they_lie(ahead: int) -> None:
    bomb = b"<</Filter/FlateDecode>>stream\n" + zlib.compress(b" " * MANY, 9)
    before = b"%PDF-1.7\n7 0 obj\n"
    with pytest.raises(FileBomb):
        pdf_streams.refuse_bombs(io.BytesIO(before.ljust(limits.MIB + ahead) + bomb))


def test_streams_within_streams_cost_no_more_than_a_file_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_streams, "MAX_STREAM_BYTES", limits.MIB)
    monkeypatch.setattr(limits, "MAX_INFLATE_RATIO", 2)
    inner = b"x" * 60_000
    for _ in range(300):
        inner = b"7 0 obj<<>>stream\n" + zlib.compress(inner, 0)
    with pytest.raises(FileBomb):
        pdf_streams.refuse_bombs(io.BytesIO(inner))


# --- the real files and another library -------------------------------------------------------------------------------


def test_samples_have_the_pages_of_their_manifest_and_the_words_that_pypdf_reads() -> None:
    from pypdf import PdfReader

    for row in manifest("pdf"):
        data = row.read_bytes()
        if row.expected == "invalid":
            try:
                records = read(data)
            except FileEncrypted:
                assert "password" in row.path
                continue
            assert not [record for record in records if record.status is RecordStatus.PARSED], row.path
            continue
        records = read(data)
        assert len(records) == row.records, row.path
        oracle = PdfReader(io.BytesIO(data))
        for record, page in zip(records, oracle.pages, strict=True):
            assert record.properties["width"] == pytest.approx(float(page.mediabox.width), abs=0.01)
            assert record.properties["height"] == pytest.approx(float(page.mediabox.height), abs=0.01)
            ours, theirs = set(text(record).split()), set(page.extract_text().split())
            if page.extract_text().isascii():
                assert len(ours & theirs) >= 0.85 * len(theirs), (row.path, record.index)
        stated = {field.name: field.value for field in records[0].fields}
        if oracle.metadata:
            assert stated.get("Title", "") == (oracle.metadata.title or "").replace("\0", ""), row.path
            created = oracle.metadata.creation_date
            assert stated.get("Created") == (created.isoformat().replace("+00:00", "Z") if created else None), row.path


def test_the_library_is_loaded_by_the_first_file_only() -> None:
    assert "pypdfium2" not in vars(module)
