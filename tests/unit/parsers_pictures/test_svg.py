"""What our drawings may hold, and that nothing else passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.pictures import drawing
from functions.parsers.pictures.drawings.svg import Canvas, DrawingUnsafe, number, safe
from tests.unit.parsers_pictures.drawn import Seen

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">'


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect width="1" onload="alert(1)"/>',
        '<text onclick="alert(1)">x</text>',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        '<image href="http://example.org/x.png"/>',
        '<use href="#x"/>',
        "<style>@import url(http://example.org)</style>",
        '<rect style="fill:url(http://example.org)"/>',
        '<rect fill="url(http://example.org/#x)"/>',
        '<rect fill="URL (http://example.org)"/>'.replace("URL (", "URL("),
        "<foreignObject/>",
        '<animate attributeName="x"/>',
        '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
        "<?xml-stylesheet href='x'?>",
        "<rect",
    ],
)
def test_what_runs_loads_or_links_does_not_pass(inside: str) -> None:
    with pytest.raises(DrawingUnsafe):
        safe(f"{HEAD}{inside}</svg>".encode())


def test_a_document_type_does_not_pass() -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + HEAD + "<text>&b;</text></svg>"
    with pytest.raises(DrawingUnsafe):
        safe(bomb.encode())


def test_every_drawing_is_looked_through_before_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drawing._OF_TEXT, "molecule", lambda text, _: f"{HEAD}{text}</svg>".encode())
    arguments = {"drawing": "molecule", "properties": {}}
    assert list(drawing.draw(arguments, b'<rect x="1"/>')) == [f'{HEAD}<rect x="1"/></svg>'.encode()]
    with pytest.raises(DrawingUnsafe):
        list(drawing.draw(arguments, b"<script/>"))


def test_shapes_and_text_pass_as_they_are() -> None:
    drawing = f'{HEAD}<path d="M0 0" stroke="#222"/><text x="1" y="2" font-size="3">x</text></svg>'.encode()
    assert safe(drawing) is drawing


@given(st.text())
def test_whatever_a_text_holds_stays_text(content: str) -> None:
    canvas = Canvas(10, 10)
    canvas.text(content, x=1, y=2, fill=content)
    seen = Seen(canvas.finished(content).replace(b"url(", b""))
    assert {element.tag.rpartition("}")[2] for element in seen.root.iter()} == {"svg", "rect", "text"}


def test_a_text_is_the_same_when_it_is_read_again() -> None:
    canvas = Canvas(10, 10)
    canvas.text("</text><script>&amp;\"'\x00\ud800", x=1)
    assert Seen(canvas.finished('a "label" & more')).texts == ["</text><script>&amp;\"'"]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (-0.001, "0"), (1.5, "1.5"), (1.239, "1.24"), (100, "100"), (-3, "-3")]
)
def test_coordinates_are_short(value: float, text: str) -> None:
    assert number(value) == text
