"""XML from strangers: no document type, no entities, no depth or number of elements that hurts.

Built on expat's own handlers, because they alone see a document type before it acts (Python documentation, "XML security").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from leanda.errors import FileBomb, FileCorrupt, ParseFailure

MAX_DEPTH: Final = 200
MAX_ELEMENTS: Final = 200_000
"""Elements that are kept; those left out do not count."""
MAX_CHARACTERS: Final = 64 * 1024 * 1024
_BLOCK: Final = 64 * 1024

type Seen = Callable[[str, dict[str, str]], None]
type Useful = Callable[[dict[str, str]], bool]


class EntitiesRefused(ParseFailure):
    code, summary = "XML_ENTITIES_REFUSED", "The XML in the file declares a document type; those are not read."


def parse(
    data: str | Iterable[bytes],
    *,
    without: frozenset[str] = frozenset(),
    first_only: frozenset[str] = frozenset(),
    useful: Mapping[str, Useful] | None = None,
    seen: Seen | None = None,
) -> Element:
    """The tree of a document; names are without their namespaces.

    Args:
        data: the document: text, whatever encoding it declares, or blocks of bytes in the encoding it declares.
        without: names of elements that are left out with all that is in them.
        first_only: names of which only the first of a row of equal neighbours is kept.
        useful: names of which only those are kept whose attributes are of use; the others are left out with all that is in them.
        seen: told the name and attributes of everything that is left out.

    Raises:
        EntitiesRefused: there is a document type.
        FileCorrupt: it is not well formed.
        FileBomb: more depth, elements or text than is reasonable.
    """
    if isinstance(data, str):
        return _Reader("utf-8", without, first_only, useful or {}, seen).read([data.encode("utf-8", "replace")])
    return _Reader(None, without, first_only, useful or {}, seen).read(data)


def text_of(element: Element | None, path: str) -> str | None:
    """The text at a path below an element, without blanks around it; None when it is not there or blank."""
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() or None if found is not None else None


class _Reader:
    def __init__(
        self,
        encoding: str | None,
        without: frozenset[str],
        first_only: frozenset[str],
        useful: Mapping[str, Useful],
        seen: Seen | None,
    ) -> None:
        self._without, self._first_only, self._useful, self._seen = without, first_only, useful, seen
        self._last = [""]  # For every open element, the name of its last child.
        self._builder = TreeBuilder()
        self._depth = self._left_out = self._elements = self._characters = 0
        self._parser = expat.ParserCreate(encoding, namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse

    def read(self, blocks: Iterable[bytes]) -> Element:
        try:
            for block in blocks:
                for at in range(0, len(block), _BLOCK):
                    self._parser.Parse(block[at : at + _BLOCK], False)
            self._parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise FileCorrupt("The XML in the file is not well formed.", detail=str(error)) from error
        return self._builder.close()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FileBomb("The XML in the file is nested too deep.", detail=f"more than {MAX_DEPTH} levels")
        name = name.rpartition("}")[2]
        repeated = name == self._last[-1] and name in self._first_only
        useless = name in self._useful and not self._useful[name](attributes)
        if self._left_out or repeated or useless or name in self._without:
            self._left_out += 1
            if self._seen:
                self._seen(name, attributes)
            return
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise FileBomb("The XML in the file has too many elements.", detail=f"more than {MAX_ELEMENTS}")
        self._last[-1] = name
        self._last.append("")
        self._builder.start(name, {key.rpartition("}")[2]: value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._left_out:
            self._left_out -= 1
        else:
            self._last.pop()
            self._builder.end(name.rpartition("}")[2])

    def _text(self, text: str) -> None:
        if self._left_out:
            return
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise FileBomb("The XML in the file has too much text.", detail=f"more than {MAX_CHARACTERS} characters")
        self._builder.data(text)

    def _refuse(self, *declaration: object) -> None:
        raise EntitiesRefused(detail=str(declaration[0])[:100])
