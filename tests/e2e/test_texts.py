"""What stands in documents is found, in the page or slide where it stands, and shown where it was found."""

from __future__ import annotations

import pytest

from tests.cloud import Person
from tests.samples import manifest
from tests.unit.parsers_document.documents import docx, paragraph, pptx, shape, slide_xml

pytestmark = pytest.mark.integration


def test_a_page_of_a_pdf_is_found_by_what_stands_on_it(ada: Person) -> None:
    [row] = [row for row in manifest("pdf") if row.path.endswith("minimal-document.pdf")]
    file_id = ada.upload("minimal.pdf", row.read_bytes())
    assert ada.searchable(file_id)["status"] == "Processed"

    words = ada.client.record(file_id, 0)["structure"]["text"].split()
    phrase = " ".join(words[10:15])
    [hit] = ada.found(f'"{phrase}"', file_id=file_id, type="record")
    assert (hit["recordType"], hit["index"]) == ("page", 0)
    assert f"<em>{words[10]}</em>" in " ".join(hit["highlights"]["text"])


def test_a_slide_and_a_document_are_found_by_their_words(ada: Person) -> None:
    slides = pptx([slide_xml(shape("Overview")), slide_xml(shape("The zirconocene route\nneeds no palladium"))])
    deck = ada.upload("deck.pptx", slides)
    report = ada.upload("report.docx", docx(paragraph("We prefer zirconocene.") + paragraph("It is cheap.")))
    for file_id in (deck, report):
        assert ada.searchable(file_id)["status"] == "Processed"

    found = ada.found("zirconocene", least=2, type="record")
    assert {(hit["fileId"], hit["index"]) for hit in found} == {(deck, 1), (report, 0)}
    assert all("<em>zirconocene</em>" in hit["highlights"]["text"][0] for hit in found)
    assert [hit["fileId"] for hit in ada.found('"route needs"', type="record")] == [deck]
