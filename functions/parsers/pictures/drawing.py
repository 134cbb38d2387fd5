"""What runs in the guarded child: one picture a call, by the name of its drawing.

Arguments: `drawing`; with a record's text as payload its `properties`, else `path`, `format` and `index` of an original's page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from functions.parsers.pictures.drawings.svg import safe


def draw(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """The picture: an SVG that `drawings.svg.safe` has looked through, or a PNG.

    Raises:
        LeandaError: it cannot be drawn; code and message say why.
    """
    name = arguments["drawing"]
    if name in _OF_TEXT:
        yield safe(_OF_TEXT[name](payload.decode(), arguments["properties"]))
    else:
        yield _OF_ORIGINAL[name](arguments)


# Each needs a native library of its own, which is imported when it is drawn with.


def _molecule(text: str, _: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import structure

    return structure.molecule(text)


def _reaction(text: str, _: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import structure

    return structure.reaction(text)


def _crystal(text: str, properties: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import crystal

    return crystal.cell(text, properties)


def _spectrum(text: str, properties: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import spectrum

    return spectrum.plot(text, properties)


def _geometry(text: str, properties: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import geometry

    return geometry.balls(text, properties)


def _text(text: str, properties: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import text_page

    return text_page.text_page(text, properties)


def _page(arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import page

    return page.pdf_page(Path(arguments["path"]), arguments["index"])


def _preview(arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import page

    with Path(arguments["path"]).open("rb") as file:
        return page.office_preview(file)


def _image(arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import raster

    with Path(arguments["path"]).open("rb") as file:
        return raster.thumbnail(file, frame=arguments["index"])


def _plane(arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import planes

    return planes.plane(Path(arguments["path"]), arguments["format"], arguments["index"])


_OF_TEXT: Final[dict[str, Callable[[str, dict[str, Any]], bytes]]] = {
    "molecule": _molecule,
    "reaction": _reaction,
    "crystal": _crystal,
    "spectrum": _spectrum,
    "geometry": _geometry,
    "text": _text,
}
_OF_ORIGINAL: Final[dict[str, Callable[[dict[str, Any]], bytes]]] = {
    "page": _page,
    "preview": _preview,
    "image": _image,
    "plane": _plane,
}
