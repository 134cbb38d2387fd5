"""CDX and CDXML drawings written for the tests."""

from __future__ import annotations

import struct
from collections.abc import Sequence

HEADER = b"VjCD0100\x04\x03\x02\x01" + bytes(16)
_ELEMENTS = {"C": 6, "N": 7, "O": 8}
Bonds = Sequence[tuple[int, int]]


def object_(tag: int, number: int, *content: bytes) -> bytes:
    return struct.pack("<HI", tag, number) + b"".join(content) + bytes(2)


def property_(tag: int, value: bytes) -> bytes:
    return struct.pack("<HH", tag, len(value)) + value


def fragment(atoms: str = "CCO", bonds: Bonds = ((1, 2), (2, 3)), *, first: int = 1, inside: bytes = b"") -> bytes:
    """A fragment whose atoms stand in a row; `inside` goes into its first atom."""
    nodes = [
        object_(
            0x8004,
            first + at,
            property_(0x0200, struct.pack("<ii", 0, (first + at) * 100_000)),
            property_(0x0402, struct.pack("<H", _ELEMENTS[atom])),
            inside if at == 0 else b"",
        )
        for at, atom in enumerate(atoms)
    ]
    edges = [
        object_(
            0x8005,
            first + 500 + at,
            property_(0x0604, struct.pack("<I", first + begin - 1)),
            property_(0x0605, struct.pack("<I", first + end - 1)),
        )
        for at, (begin, end) in enumerate(bonds)
    ]
    return object_(0x8003, first + 900, *nodes, *edges)


def cdx(*content: bytes) -> bytes:
    """A drawing with one page."""
    return HEADER + property_(0x0003, b"Leanda") + object_(0x8001, 9999, *content) + bytes(2)


def cdxml_fragment(atoms: str = "CCO", bonds: Bonds = ((1, 2), (2, 3)), *, first: int = 1, inside: str = "") -> str:
    nodes = [
        f'<n id="{first + at}" p="{(first + at) * 20} 50" Element="{_ELEMENTS[atom]}">{inside if at == 0 else ""}</n>'
        for at, atom in enumerate(atoms)
    ]
    edges = [
        f'<b id="{first + 500 + at}" B="{first + begin - 1}" E="{first + end - 1}"/>'
        for at, (begin, end) in enumerate(bonds)
    ]
    return f'<fragment id="{first + 900}">{"".join(nodes)}{"".join(edges)}</fragment>'


DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>\n'
DOCTYPE = '<!DOCTYPE CDXML SYSTEM "cdxml.dtd" >\n'


def cdxml(*content: str, declaration: str = DECLARATION, doctype: str = DOCTYPE) -> str:
    return f'{declaration}{doctype}<CDXML Name="é">\n<page id="9999">{"".join(content)}</page></CDXML>'


SCHEME = (
    cdxml_fragment(first=1001),
    '<arrow id="50" Head3D="300 50 0" Tail3D="200 50 0" ArrowheadHead="Full" ArrowheadType="Solid"/>',
    cdxml_fragment("CC", ((1, 2),), first=2001),
    '<scheme id="60"><step id="61" ReactionStepReactants="1901" ReactionStepProducts="2901" ReactionStepArrows="50"/></scheme>',
)
