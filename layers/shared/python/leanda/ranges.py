"""Byte ranges of what HTTP servers hold. A server may answer a range request with the whole (RFC 9110, section 14.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def range_header(offset: int, length: int | None) -> str:
    """The value of `Range` for `length` bytes (None: all) from `offset` on; the length is not zero."""
    return f"bytes={offset}-" if length is None else f"bytes={offset}-{offset + length - 1}"


def cut(blocks: Iterable[bytes], offset: int, length: int | None) -> Iterator[bytes]:
    """The wanted range of a whole that comes in blocks."""
    end = None if length is None else offset + length
    position = 0
    for block in blocks:
        part = block[max(0, offset - position) : None if end is None else max(0, end - position)]
        position += len(block)
        if part:
            yield part
        if end is not None and position >= end:
            return
