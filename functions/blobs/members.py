"""The bytes of a member of a ZIP archive, out of its compressed data. Pure and streaming; APPNOTE.TXT 4.4.4 to 4.4.9."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from functions.blobs.domain import MemberCorrupt

STORED: Final = 0
DEFLATED: Final = 8
BLOCK_BYTES: Final = 1 << 20


def content(data: Iterable[bytes], *, method: int, size: int, crc32: int) -> Iterator[bytes]:
    """What a member's data hold, in blocks of bounded size; never more than was promised.

    Raises:
        MemberCorrupt: they do not hold exactly `size` bytes of that checksum; told at the latest behind the last block.
    """
    got, check = 0, 0
    for block in data if method == STORED else _inflated(data):
        got += len(block)
        if got > size:
            raise MemberCorrupt(detail=f"more than the {size} bytes that were promised")
        check = zlib.crc32(block, check)
        yield block
    if got != size:
        raise MemberCorrupt(detail=f"{got} bytes of {size}")
    if check != crc32:
        raise MemberCorrupt(detail=f"CRC-32 {check:08x}, not {crc32:08x}")


def _inflated(data: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for block in data:
            rest = block
            while rest and not stream.eof:
                inflated = stream.decompress(rest, BLOCK_BYTES)
                rest = stream.unconsumed_tail
                if inflated:
                    yield inflated
        if tail := stream.flush():
            yield tail
    except zlib.error as error:
        raise MemberCorrupt(detail=str(error)) from error
    if not stream.eof:
        raise MemberCorrupt(detail="the compressed data end early")
