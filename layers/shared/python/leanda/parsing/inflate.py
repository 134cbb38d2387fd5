"""gzip, streaming and bounded. https://www.rfc-editor.org/rfc/rfc1952 section 2.2: a file is a series of members."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from leanda import limits
from leanda.errors import FileBomb, FileCorrupt

type Compression = Literal["gzip"]

GZIP_MAGIC: Final = b"\x1f\x8b"
BLOCK_BYTES: Final = 256 * limits.KIB
"""Largest block that is held inflated at once."""
RATIO_GRACE_BYTES: Final = limits.MIB
"""A member's first bytes are not judged by their ratio: a short run of equal bytes is no bomb."""
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def compression_of(head: bytes) -> Compression | None:
    """How the bytes are compressed, by their magic number; None when they are not."""
    return "gzip" if head.startswith(GZIP_MAGIC) else None


def blocks(source: Iterable[bytes], compression: Compression | None) -> Iterator[bytes]:
    """The uncompressed bytes of a source, in blocks; a source without compression passes through.

    Several members follow each other like in `gzip -d`; what follows the last one and is no member (padding, garbage)
    is ignored. Memory is bounded by one block of the source and `BLOCK_BYTES`.

    Raises:
        FileCorrupt: the stream is damaged, fails its checksum or ends early.
        FileBomb: a member inflates to more than `limits.MAX_INFLATE_RATIO` times its size, or the whole to more than
            `limits.MAX_INFLATED_BYTES`; noticed while inflating.
    """
    if compression is None:
        yield from source
        return
    total = 0
    for block in _members(source):
        total += len(block)
        if total > limits.MAX_INFLATED_BYTES:
            raise FileBomb(detail=f"more than {limits.MAX_INFLATED_BYTES} bytes after inflating")
        yield block


def without_first(blocks: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The blocks from the byte at `count` on."""
    for block in blocks:
        if count < len(block):
            yield block[count:] if count else block
        count -= min(count, len(block))


def inflate_head(compressed_head: bytes, limit: int = limits.HEAD_BYTES) -> bytes:
    """What the beginning of a gzip stream inflates to, up to `limit` bytes. It never raises: what can be read, counts."""
    head = bytearray()
    try:
        for block in _members([compressed_head], largest=limit):
            head += block
            if len(head) >= limit:
                break
    except (FileCorrupt, FileBomb):
        pass  # A head is cut by nature; whoever reads the whole file will find out whether it is damaged.
    return bytes(head[:limit])


def _members(source: Iterable[bytes], largest: int = BLOCK_BYTES) -> Iterator[bytes]:
    member = _Member()
    first = True
    pending = b""  # Bytes between members: too few yet to tell a magic number from garbage.
    for data in source:
        rest = pending + data
        pending = b""
        while rest:
            if not member.started:
                rest = rest if first else rest.lstrip(b"\0")
                if len(rest) < len(GZIP_MAGIC):
                    pending = rest
                    break
                if not rest.startswith(GZIP_MAGIC):
                    if first:
                        raise FileCorrupt(detail="not a gzip stream")
                    return
            yield from member.inflate(rest, largest)
            rest = member.rest
            if member.ended:
                member, first = _Member(), False
    if member.started or first:
        raise FileCorrupt(detail="the gzip stream ends before its end mark")


class _Member:
    """One member of a gzip stream while it is inflated."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_WINDOW)
        self._consumed = 0
        self._produced = 0
        self.started = False
        self.rest = b""

    @property
    def ended(self) -> bool:
        return self._stream.eof

    def inflate(self, data: bytes, largest: int) -> Iterator[bytes]:
        """Inflate all of `data` that belongs to this member; what does not is left in `rest`."""
        self.started = True
        while True:
            try:
                block = self._stream.decompress(data, largest)
            except zlib.error as error:
                raise FileCorrupt(detail=str(error)) from error
            left = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            self._consumed += len(data) - len(left)
            self._produced += len(block)
            self._check_ratio()
            if block:
                yield block
            data = left
            # A full block without an unconsumed tail can still have output waiting inside the stream.
            if self._stream.eof or (not data and len(block) < largest):
                self.rest = data if self._stream.eof else b""
                return

    def _check_ratio(self) -> None:
        allowed = max(RATIO_GRACE_BYTES, self._consumed * limits.MAX_INFLATE_RATIO)
        if self._produced > allowed:
            raise FileBomb(detail=f"{self._consumed} bytes inflate to more than {self._produced - 1} bytes")
