"""Looks into drawings: elements by name, texts with their places."""

from __future__ import annotations

from xml.etree import ElementTree

from functions.parsers.pictures.drawings.svg import safe

SVG = "{http://www.w3.org/2000/svg}"


class Seen:
    """An SVG that passed the look through."""

    def __init__(self, drawing: bytes) -> None:
        self.root = ElementTree.fromstring(safe(drawing))

    def all(self, name: str) -> list[ElementTree.Element]:
        return list(self.root.iter(SVG + name))

    def count(self, name: str) -> int:
        return len(self.all(name))

    @property
    def texts(self) -> list[str]:
        return [element.text or "" for element in self.all("text")]

    def place(self, text: str) -> tuple[float, float]:
        (found,) = [element for element in self.all("text") if element.text == text]
        return float(found.get("x", "")), float(found.get("y", ""))
