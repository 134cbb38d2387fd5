"""What runs in the guarded child: one picture a call, by the name of its drawing.

Arguments: `drawing`; with a record's text as payload its `properties`, else `path`, `format` and `index` of an original's page, and
where the file is there in parts only, which blocks are `here`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from functions.parsers.pictures.drawings.svg import safe
from functions.parsers.pictures.partial import BytesMissing, PartialFile


def draw(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """The picture: an SVG that `drawings.svg.safe` has looked through, or a PNG.

    Raises:
        LeandaError: it cannot be drawn; code and message say why. `BytesMissing`: not from what is here.
    """
    name = arguments["drawing"]
    if name in _OF_TEXT:
        yield safe(_OF_TEXT[name](payload.decode(), arguments["properties"]))
    elif "here" in arguments:
        yield _of_parts(_OF_ORIGINAL[name], arguments)
    else:
        with Path(arguments["path"]).open("rb") as file:
            yield _OF_ORIGINAL[name](file, arguments)


def _of_parts(draw: Callable[[BinaryIO, dict[str, Any]], bytes], arguments: dict[str, Any]) -> bytes:
    with PartialFile(Path(arguments["path"]), arguments["here"]) as file:
        try:
            picture = draw(cast("BinaryIO", file), arguments)
        except Exception as error:
            if file.missing:
                raise BytesMissing.of(file.missing) from error
            raise
        if file.missing:  # and the library made something of what it had
            raise BytesMissing.of(file.missing)
        return picture


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


def _page(_: BinaryIO, arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import page

    return page.pdf_page(Path(arguments["path"]), arguments["index"])


def _preview(file: BinaryIO, _: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import page

    return page.office_preview(file)


def _image(file: BinaryIO, arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import raster

    return raster.thumbnail(file, frame=arguments["index"])


def _plane(file: BinaryIO, arguments: dict[str, Any]) -> bytes:
    from functions.parsers.pictures.drawings import planes

    return planes.plane(file, arguments["format"], arguments["index"])


_OF_TEXT: Final[dict[str, Callable[[str, dict[str, Any]], bytes]]] = {
    "molecule": _molecule,
    "reaction": _reaction,
    "crystal": _crystal,
    "spectrum": _spectrum,
    "geometry": _geometry,
    "text": _text,
}
_OF_ORIGINAL: Final[dict[str, Callable[[BinaryIO, dict[str, Any]], bytes]]] = {
    "page": _page,
    "preview": _preview,
    "image": _image,
    "plane": _plane,
}
