"""SVG: a small writer for our own drawings, and a look through every drawing before it leaves.

SVG 1.1 (second edition). A drawing is shown in browsers, so nothing in it may run, load or link: what is not on the lists below
does not pass, whoever drew it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_ELEMENTS: Final = frozenset({"svg", "path", "rect", "circle", "line", "polygon", "text"})
_ATTRIBUTES: Final = re.compile(
    r"xmlns|role|aria-label|width|height|viewBox|d|x|y|[xy][12]|c[xy]|r|points|transform|text-anchor"
    r"|font-(?:family|size|weight|style)|fill|stroke(?:-width|-linecap|-linejoin|-dasharray)?"
)


class DrawingUnsafe(Exception):
    """A defect of whoever drew it: the drawing holds what no drawing needs, and nobody gets to see it."""


def safe(drawing: bytes) -> bytes:
    """The drawing as it is, if it holds nothing but shapes and text.

    Raises:
        DrawingUnsafe: it has a document type, a script, a link to somewhere else, or anything that is not on the lists.
    """
    parser = expat.ParserCreate(namespace_separator=None)
    parser.StartElementHandler = _check
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    try:
        parser.Parse(drawing, True)
    except expat.ExpatError as error:
        raise DrawingUnsafe(f"no XML: {error}") from error
    return drawing


def _check(name: str, attributes: dict[str, str]) -> None:
    if name not in _ELEMENTS:
        raise DrawingUnsafe(f"element {name}")
    for attribute, value in attributes.items():
        if not _ATTRIBUTES.fullmatch(attribute):
            raise DrawingUnsafe(f"attribute {attribute}")
        if "url(" in value.lower() and attribute != "aria-label":
            raise DrawingUnsafe(f"{attribute} leads to somewhere else")


def _refuse_doctype(*_: object) -> None:
    raise DrawingUnsafe("a document type")


def _refuse_instruction(*_: object) -> None:
    raise DrawingUnsafe("a processing instruction")


def number(value: float) -> str:
    """A coordinate in pixels, to a hundredth, as short as it can be written."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@dataclass
class Canvas:
    """A drawing while it is made: white, `width` × `height` pixels, y downwards."""

    width: int
    height: int
    _parts: list[str] = field(default_factory=list)

    def add(self, element: str, **attributes: object) -> None:
        """An empty element; names of attributes with underscores for hyphens, numbers as `number` writes them."""
        self._parts.append(f"<{element}{_written(attributes)}/>")

    def text(self, content: str, **attributes: object) -> None:
        """A line of text. Whatever it holds stays text."""
        self._parts.append(f"<text{_written(attributes)}>{escape(_printable(content))}</text>")

    def finished(self, label: str) -> bytes:
        """The document.

        Args:
            label: what is seen, for those who do not see it.
        """
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        described = f'role="img" aria-label={quoteattr(_printable(label))}'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {described} font-family="Helvetica, Arial, sans-serif">'
        ground = f'<rect width="{self.width}" height="{self.height}" fill="#fff"/>'
        return "\n".join([head, ground, *self._parts, "</svg>\n"]).encode()


def _written(attributes: dict[str, object]) -> str:
    return "".join(
        f" {name.replace('_', '-')}={quoteattr(number(value) if isinstance(value, int | float) else _printable(str(value)))}"
        for name, value in attributes.items()
    )


def _printable(text: str) -> str:
    """Without characters that XML 1.0 does not know (section 2.2)."""
    return "".join(
        c for c in text if c in "\t\n" or ("\x20" <= c <= "\ud7ff") or ("\ue000" <= c <= "\ufffd") or c > "\uffff"
    )
