"""What an mzML file says before its first spectrum: encoding, groups of parameters, instrument, time of the run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree as ET

from functions.parsers.spectra.formats.text import MAX_FIELDS
from leanda.errors import FormatMismatch, ParseFailure

_ROOT: Final = re.compile(rb"<(?:indexedmzML|mzML)[\s>]")
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_RUN: Final = re.compile(rb"<run(\s[^<>]*)>")
_START_TIME: Final = re.compile(rb"startTimeStamp\s*=\s*[\"']([^\"']{1,40})[\"']")
_NO_MODEL: Final = frozenset({"", "MS:1000031", "MS:1000032", "MS:1000496", "MS:1000529"})
"""Accessions of what stands beside an instrument's model: user's parameters, "instrument model" for any, customization, attribute,
serial number."""
_ASCII_ENCODINGS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"})


class XmlEntitiesRefused(ParseFailure):
    code, summary = "XML_ENTITIES_REFUSED", "The XML declares a document type or entities; such files are not read."


@dataclass(frozen=True)
class Parameter:
    """A cvParam or userParam."""

    name: str
    value: str = ""
    accession: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Head:
    """The beginning of an mzML file.

    Attributes:
        groups: parameters of each referenceableParamGroup, by its id.
        instrument: the first instrument's model.
        started: when the run started, as stated.
    """

    encoding: str = "utf-8"
    groups: dict[str, tuple[Parameter, ...]] = field(default_factory=dict)
    instrument: str | None = None
    started: str | None = None


@lru_cache(maxsize=4)
def head_of(head: bytes) -> Head:
    """The head, read from the file's first bytes; what lies beyond them is not known.

    Raises:
        FormatMismatch: it is no mzML.
        XmlEntitiesRefused: it has a document type.
    """
    root = _ROOT.search(head)
    if _DOCTYPE.search(head):
        raise XmlEntitiesRefused
    if root is None:
        raise FormatMismatch(detail="no mzML element at the beginning")
    stated = _ENCODING.search(head[:400])
    encoding = stated[1].decode("ascii").lower() if stated else "utf-8"
    if encoding not in _ASCII_ENCODINGS:
        raise FormatMismatch(detail=f"mzML in {encoding} is not read")
    groups: dict[str, tuple[Parameter, ...]] = {}
    for group in _elements(head, encoding, "referenceableParamGroup"):
        groups[group.get("id", "")] = tuple(parameters(group))
    instruments = [
        parameter.name
        for configuration in _elements(head, encoding, "instrumentConfiguration")
        for parameter in resolved(configuration, groups)
        if parameter.accession not in _NO_MODEL
    ]
    run = _RUN.search(head)
    started = _START_TIME.search(run[1]) if run else None
    return Head(
        encoding=encoding,
        groups=groups,
        instrument=instruments[0] if instruments else None,
        started=started[1].decode("latin-1") if started else None,
    )


def parse(raw: bytes, encoding: str) -> ET.Element:
    """An element that is cut out of its document.

    Raises:
        ET.ParseError: it is not well-formed.
    """
    text = raw.decode(encoding, errors="replace")
    # A cut-out element has lost the declaration of the one prefix that mzML uses.
    root = ET.fromstring(f'<cut xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{text}</cut>')  # noqa: S314
    return root[0]


def parameters(element: ET.Element) -> list[Parameter]:
    """The parameters that stand directly in an element."""
    return [
        Parameter(child.get("name", ""), child.get("value", ""), child.get("accession", ""), child.get("unitName", ""))
        for child in element
        if child.tag in ("cvParam", "userParam")
    ]


def resolved(element: ET.Element, groups: dict[str, tuple[Parameter, ...]]) -> list[Parameter]:
    """The element's parameters after those of the groups it refers to; no more than a record can show."""
    found: list[Parameter] = []
    for child in element:
        if child.tag == "referenceableParamGroupRef":
            found += groups.get(child.get("ref", ""), ())
        if len(found) > MAX_FIELDS:
            return found
    return found + parameters(element)


def _elements(head: bytes, encoding: str, tag: str) -> list[ET.Element]:
    """The elements of the first list of such elements, which is an element of their name and `List`."""
    name = f"{tag}List".encode()
    # One expression for both ends would look for the second behind each first one, of which there may be thousands.
    start = re.search(rb"<" + name + rb"[\s>]", head)
    end = re.compile(rb"</" + name + rb"\s*+>").search(head, start.end()) if start else None
    if start is None or end is None:
        return []
    try:
        return parse(head[start.start() : end.end()], encoding).findall(tag)
    except (ET.ParseError, IndexError):
        return []
