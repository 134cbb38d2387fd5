"""The first sight of documents that bring no preview along: the beginning of their text, in lines that fit."""

from __future__ import annotations

import pytest

from functions.parsers.pictures.drawings.text_page import text_page, wrapped
from tests.unit.parsers_pictures.drawn import Seen


def drawn(text: str, **properties: int) -> Seen:
    return Seen(text_page(text, properties))


def test_a_document_is_a_page_and_a_slide_is_a_slide_with_its_title() -> None:
    page, slide = drawn("A title\nand a line"), drawn("A title\nand a line", slide=3)
    assert page.texts == slide.texts == ["A title", "and a line"]
    assert (page.root.get("width"), page.root.get("height")) == ("420", "594")
    assert (slide.root.get("width"), slide.root.get("height")) == ("560", "420")
    assert [text.get("font-weight") for text in slide.all("text")] == ["bold", None]


def test_lines_are_broken_between_words_and_long_words_anywhere() -> None:
    assert list(wrapped("aa bb cc", 3.0)) == ["aa bb ", "cc"]
    assert list(wrapped("a" * 12, 3.0)) == ["aaaaa", "aaaaa", "aa"]
    assert list(wrapped("one\n\ntwo", 9.0)) == ["one", "", "two"]
    assert list(wrapped("日本語日本語", 3.0)) == ["日本語", "日本語"]


def test_nothing_of_a_text_is_lost_by_breaking_it() -> None:
    text = "The quick brown fox, über alle Zäune. " * 20
    assert "".join("".join(wrapped(text, 11.0)).split()) == "".join(text.split())


@pytest.mark.parametrize("text", ["word " * 100_000, "x" * 500_000, "\n" * 10 + "y\n" * 100_000])
def test_a_long_text_ends_with_dots_on_its_first_page(text: str) -> None:
    seen = drawn(text)
    assert len(seen.texts) == 33
    assert seen.texts[-1] == "…"
    assert all(float(line.get("y", "")) < 594 - 30 for line in seen.all("text"))


@pytest.mark.parametrize("text", ["", " ", "\0\x01", "<script>alert(1)</script> & ]]>", "مرحبا", "\u2028\ud7ff"])
def test_any_text_can_be_drawn(text: str) -> None:
    assert drawn(text).root.get("role") == "img"
