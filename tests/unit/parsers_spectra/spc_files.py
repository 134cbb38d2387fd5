"""SPC files made by hand, byte by byte after SPC.H."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SHORT, CHROMATOGRAM, MULTI, ARBITRARY_Z, LABELS, OWN_X, X = 0x01, 0x02, 0x04, 0x08, 0x20, 0x40, 0x80
FLOATS = 0x80


def header(
    *,
    count: int,
    subfiles: int = 1,
    flags: int = 0,
    exponent: int = FLOATS,
    first: float = 400.0,
    last: float = 800.0,
    experiment: int = 4,
    x_type: int = 1,
    y_type: int = 2,
    memo: bytes = b"a sample",
    labels: bytes = b"",
    log_at: int = 0,
    z_step: float = 0.0,
    order: str = "<",
) -> bytes:
    date = 2024 << 20 | 2 << 16 | 29 << 11 | 23 << 6 | 59
    raw = struct.pack(order + "BBBBI", flags, 0x4B if order == "<" else 0x4C, experiment, exponent, count)
    raw += struct.pack(order + "ddI", first, last, subfiles)
    raw += struct.pack(order + "BBBBI", x_type, y_type, 5, 0, date)
    raw += b"4 cm-1".ljust(9, b"\0") + b"FTS 40".ljust(9, b"\0") + bytes(2 + 32)
    raw += memo.ljust(130, b"\0") + labels.ljust(30, b"\0")
    raw += struct.pack(order + "I", log_at) + bytes(4 + 2 + 2 + 4 + 48)
    raw += struct.pack(order + "f", z_step) + bytes(4 + 4 + 1)
    return raw.ljust(512, b"\0")


def subheader(
    index: int = 0,
    *,
    exponent: int = FLOATS,
    count: int = 0,
    z: float = 0.0,
    z_next: float | None = None,
    order: str = "<",
) -> bytes:
    return struct.pack(
        order + "BBHfffIIf4x", 0, exponent, index, z, z if z_next is None else z_next, 0.0, count, 0, 0.0
    )


def floats(values: Sequence[float], order: str = "<") -> bytes:
    return struct.pack(f"{order}{len(values)}f", *values)


def integers(values: Sequence[int], order: str = "<", code: str = "i") -> bytes:
    return struct.pack(f"{order}{len(values)}{code}", *values)


def log(text: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "IIIII44x", 64 + len(text) + 1, 4096, 64, 0, 0) + text + b"\0"


def single(values: Sequence[float], order: str = "<", **options: object) -> bytes:
    head = header(count=len(values), order=order, **options)  # type: ignore[arg-type]
    return head + subheader(order=order) + floats(values, order)


def own_abscissas(spectra: Sequence[Sequence[tuple[float, int]]], *, directory: bool = True) -> bytes:
    """A multifile of 16-bit ordinates with exponent 16, each subfile with its own abscissas, and a directory."""
    body, entries = b"", b""
    for index, points in enumerate(spectra):
        piece = subheader(index, exponent=16, count=len(points), z=index / 2)
        piece += floats([x for x, _ in points]) + integers([y for _, y in points], code="h")
        entries += struct.pack("<IIf", 512 + len(body), len(piece), index / 2)
        body += piece
    at = 512 + len(body) if directory else 0
    flags = SHORT | MULTI | OWN_X | X
    return header(count=at, subfiles=len(spectra), flags=flags, exponent=16, x_type=9, experiment=9) + body + entries


def old(
    values: Sequence[float],
    *,
    subfiles: int = 1,
    exponent: int = 20,
    flags: int = 0,
    z_type: int = 0,
    labels: bytes = b"",
) -> bytes:
    """The layout of LabCalc: 32-bit ordinates with the high word first, or floating numbers where the exponent says so."""
    flags |= MULTI if subfiles > 1 else 0
    raw = struct.pack("<BBhfffBB", flags, 0x4D, exponent, float(len(values)), 400.0, 800.0, 1, 128)
    raw += struct.pack("<HBBBB", 1993 | z_type << 12, 4, 18, 9, 20) + b"8 cm-1".ljust(8, b"\0") + bytes(4 + 28)
    raw += b"old sample".ljust(130, b"\0") + labels.ljust(30, b"\0")
    assert len(raw) == 224
    for index in range(subfiles):
        raw += subheader(index, exponent=exponent & 0xFF)
        raw += floats(values) if exponent & 0xFF == FLOATS else b"".join(map(_words, map(int, values)))
    return raw


def _words(value: int) -> bytes:
    return struct.pack("<HH", value >> 16 & 0xFFFF, value & 0xFFFF)
