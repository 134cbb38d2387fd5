"""The first sight of a document that brings no preview along: its text as it would begin a page, or fill a slide.

What stands where, fonts and pictures are not known here, so nothing of it is pretended: one letter size, one column.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from functions.parsers.pictures.drawings.svg import Canvas

_PAGE: Final = (420, 594, 11, 40)
"""Width, height, letters and margin in pixels: A4 upright."""
_SLIDE: Final = (560, 420, 18, 36)
_LEADING: Final = 1.4
_NARROW: Final = frozenset("iljtfrI.,:;'!|()[]/\\- ")
_BROAD: Final = frozenset("mwMW@%")
_TAB: Final = "    "


def text_page(text: str, properties: dict[str, Any]) -> bytes:
    """The SVG of the beginning of a text.

    Args:
        properties: of the record; `slide` tells a slide from a document.
    """
    width, height, size, margin = _SLIDE if "slide" in properties else _PAGE
    canvas = Canvas(width, height)
    canvas.add("rect", x=0.5, y=0.5, width=width - 1, height=height - 1, fill="none", stroke="#bbb")
    room = int((height - 2 * margin) / (size * _LEADING))
    lines = list(islice(wrapped(text.lstrip()[: room * width], (width - 2 * margin) / size), room + 1))
    if len(lines) > room:
        lines[room - 1 :] = ["…"]
    for number, line in enumerate(lines, 1):
        weight = {"font_weight": "bold"} if number == 1 and "slide" in properties else {}
        canvas.text(line, x=margin, y=margin + number * size * _LEADING, font_size=size, fill="#333", **weight)
    return canvas.finished(f"Text: {lines[0] if lines else ''}"[:200])


def wrapped(text: str, room: float) -> Iterator[str]:
    """Lines of at most `room` times the letters' size, broken between words where that is possible."""
    for paragraph in text.expandtabs(len(_TAB)).split("\n"):
        line, used = "", 0.0
        for word in paragraph.split(" "):
            wide = sum(map(_width, word))
            if line and used + wide > room:
                yield line
                line, used = "", 0.0
            for letter in word:
                if used + _width(letter) > room:
                    yield line
                    line, used = "", 0.0
                line, used = line + letter, used + _width(letter)
            line, used = line + " ", used + _width(" ")
        yield line.rstrip()


def _width(letter: str) -> float:
    """Of Helvetica, about, as a share of the letters' size."""
    if letter in _NARROW:
        return 0.29
    if letter in _BROAD or unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.7 if letter.isupper() else 0.56
