"""Binary arrays of mzML: base64, zlib, 32 and 64 bits, MS-Numpress.

Martens et al., "mzML - a community standard for mass spectrometry data", Molecular & Cellular Proteomics 10 (2011)
R110.000133; accessions: PSI-MS vocabulary, "binary data type" and "binary data compression type". MS-Numpress: Teleman et
al., Molecular & Cellular Proteomics 13 (2014) 1537, with the byte layout of its reference implementation.
"""

from __future__ import annotations

import binascii
import math
import struct
import sys
import zlib
from array import array
from typing import Final

from functions.parsers.spectra.formats.points import MAX_POINTS, numbers
from functions.parsers.spectra.formats.text import Unreadable
from leanda import limits

_TYPES: Final = {"MS:1000523": "d", "MS:1000521": "f", "MS:1000519": "i", "MS:1000522": "q"}
_ZLIB: Final = frozenset({"MS:1000574", "MS:1002746", "MS:1002747", "MS:1002748"})
_LINEAR: Final = frozenset({"MS:1002312", "MS:1002746"})
_PIC: Final = frozenset({"MS:1002313", "MS:1002747"})
_SLOF: Final = frozenset({"MS:1002314", "MS:1002748"})
_NONE: Final = "MS:1000576"
# Compressions of the vocabulary that are not read: truncation, delta prediction, zstd, byte shuffling.
_OTHERS: Final = frozenset(
    {
        "MS:1003088",
        "MS:1003089",
        "MS:1003090",
        "MS:1003780",
        "MS:1003781",
        "MS:1003782",
        "MS:1003783",
        "MS:1003784",
        "MS:1003785",
    }
)
COMPRESSIONS: Final = _ZLIB | _LINEAR | _PIC | _SLOF | _OTHERS | {_NONE}
_LEAST_INFLATED: Final = limits.MIB


def decoded(text: str, accessions: set[str]) -> tuple[array[float], bool]:
    """The numbers of a `binary` element, and whether they are stored with 32 bits.

    Args:
        text: its base64.
        accessions: those of the array's cvParams: what the numbers are and how they are packed.

    Raises:
        Unreadable: the text is no base64, it is packed in another way, or it does not hold what it says.
    """
    if unknown := accessions & _OTHERS:
        raise Unreadable("ARRAY_ENCODING_UNKNOWN", f"Arrays packed as {', '.join(sorted(unknown))} are not read.")
    try:
        raw = binascii.a2b_base64(text)
    except (binascii.Error, ValueError) as problem:
        raise Unreadable("ARRAY_CORRUPT", f"The array is no base64: {problem}.") from problem
    if accessions & _ZLIB:
        raw = _inflated(raw)
    if accessions & (_LINEAR | _PIC | _SLOF):
        try:
            return _numpress(raw, accessions), False
        except (struct.error, IndexError, OverflowError, ZeroDivisionError) as problem:
            raise Unreadable("ARRAY_CORRUPT", f"The array is no MS-Numpress: {problem}.") from problem
    code = next((_TYPES[accession] for accession in accessions if accession in _TYPES), None)
    if code is None:
        raise Unreadable("ARRAY_ENCODING_UNKNOWN", "The array does not say of which type its numbers are.")
    stored: array[float] = array(code)
    if len(raw) % stored.itemsize:
        raise Unreadable("ARRAY_CORRUPT", f"{len(raw):,} bytes are no whole numbers of {stored.itemsize} bytes.")
    if len(raw) // stored.itemsize > MAX_POINTS:
        raise Unreadable("SPECTRUM_TOO_LARGE", f"The array has more than {MAX_POINTS:,} numbers.")
    stored.frombytes(raw)
    if sys.byteorder == "big":
        stored.byteswap()
    return (stored if code == "d" else numbers(stored)), code == "f"


def _inflated(raw: bytes) -> bytes:
    if not raw:
        return raw
    most = max(_LEAST_INFLATED, limits.MAX_INFLATE_RATIO * len(raw))
    engine = zlib.decompressobj()
    try:
        inflated = engine.decompress(raw, most)
    except zlib.error as problem:
        raise Unreadable("ARRAY_CORRUPT", f"The array is no zlib stream: {problem}.") from problem
    if engine.unconsumed_tail:
        message = f"The array unpacks to more than {limits.MAX_INFLATE_RATIO} times its size."
        raise Unreadable("ARRAY_BOMB", message)
    if not engine.eof:
        raise Unreadable("ARRAY_CORRUPT", "The array's zlib stream is cut off.")
    return inflated


def _numpress(raw: bytes, accessions: set[str]) -> array[float]:
    if accessions & _SLOF:
        return _slof(raw)
    return _linear(raw) if accessions & _LINEAR else _pic(raw)


def _slof(raw: bytes) -> array[float]:
    """Short logged floats: exp(n / scale) − 1, two bytes each."""
    if not raw:
        return numbers()
    (scale,) = struct.unpack_from(">d", raw)
    count = (len(raw) - 8) // 2
    stored = struct.unpack_from(f"<{count}H", raw, 8)
    return numbers(math.exp(value / scale) - 1 for value in stored)


def _linear(raw: bytes) -> array[float]:
    """Fixed point numbers as the error of a linear prediction from the two before."""
    values = numbers()
    if not raw:
        return values
    (scale,) = struct.unpack_from(">d", raw)
    if len(raw) == 8:
        return values
    before = struct.unpack_from("<i", raw, 8)[0]
    values.append(before / scale)
    if len(raw) == 12:
        return values
    now = struct.unpack_from("<i", raw, 12)[0]
    values.append(now / scale)
    for error in _half_bytes(raw, 16):
        before, now = now, 2 * now - before + error
        values.append(now / scale)
    return values


def _pic(raw: bytes) -> array[float]:
    """Positive integers, cut to the half bytes they need."""
    return numbers(_half_bytes(raw, 0))


def _half_bytes(raw: bytes, start: int) -> list[int]:
    """Integers of 32 bits; the first half byte says how many of the leading ones are left out (0 … 8 zeros, 9 … 15 ones)."""
    halves = raw[start:].hex()
    found: list[int] = []
    at, end = 0, len(halves)
    while at < end:
        head = int(halves[at], 16)
        at += 1
        if at == end and head == 0:
            break  # The last half byte fills up the byte.
        stored = 8 - head if head <= 8 else 16 - head
        if at + stored > end:
            raise IndexError("an integer is cut off")
        value = int(halves[at : at + stored][::-1] or "0", 16)
        if head > 8:
            value |= -1 << (4 * stored)
        at += stored
        found.append(value - (1 << 32) if value >= 1 << 31 else value)
        if len(found) > MAX_POINTS:
            raise Unreadable("SPECTRUM_TOO_LARGE", f"The array has more than {MAX_POINTS:,} numbers.")
    return found
