"""A drawing that needs little of a large file: it begins with what is here, and begins again when what it lacked has come.

The guarded child reaches nothing outside, so it cannot fetch what it reads. `PartialFile` (in the child) notes what is not here;
`drawn_from_parts` (in the parent) fetches that. Drawings read a few places of a file: its directories, then one picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Final

from functions.parsers.pictures.domain import NotDrawable
from leanda import limits
from leanda.errors import LeandaError
from leanda.ports import BlobSource

BLOCK: Final = 256 * limits.KIB
"""The unit of fetching. A request costs as much time as a megabyte, and directories are small."""
MAX_BLOCKS: Final = 1024
"""Fetched for one picture: 256 MiB."""
MAX_ROUNDS: Final = 200
MAX_AT_ONCE: Final = 64 * limits.MIB
"""Who asks for more at once wants the whole file, and does not get it."""
_MOST_AHEAD: Final = 32
"""Blocks that are fetched at once where one is read after the other."""


class BytesMissing(LeandaError):
    """From the child to its parent alone; `detail` names the first and the last block."""

    code, summary = "PICTURE_BYTES_MISSING", "A part of the file that the picture needs is not here yet."

    @classmethod
    def of(cls, blocks: range) -> BytesMissing:
        return cls(detail=f"{blocks.start} {blocks.stop}")

    @staticmethod
    def blocks(detail: str) -> range:
        start, stop = map(int, detail.split())
        return range(start, stop)


class PartialFile(io.RawIOBase):
    """A file on disk of which some blocks hold what they should.

    Attributes:
        missing: the blocks that were asked for last and are not here. Libraries hide errors of reading, so this is to be looked at
            whatever became of the drawing.
    """

    def __init__(self, path: Path, here: Sequence[int]) -> None:
        self._file = path.open("rb", buffering=0)
        self._size, self._position, self._here = path.stat().st_size, 0, frozenset(here)
        self.missing: range | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        read = self.read(len(memoryview(buffer)))
        memoryview(buffer)[: len(read)] = read
        return len(read)

    def read(self, size: int | None = -1, /) -> bytes:
        """See `io.RawIOBase`; no memory is taken for what is not here.

        Raises:
            BytesMissing: some of it is not here.
            OSError: it is more than `MAX_AT_ONCE`.
        """
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        self._need(wanted)
        self._file.seek(self._position)
        read = self._file.read(wanted) or b""
        self._position += len(read)
        return read

    def close(self) -> None:
        self._file.close()
        super().close()

    def _need(self, size: int) -> None:
        if size > MAX_AT_ONCE:
            raise OSError("only a part of the file is here")
        if not size:
            return
        last = (self._position + size - 1) // BLOCK
        lacking = [block for block in range(self._position // BLOCK, last + 1) if block not in self._here]
        if lacking:
            self.missing = range(lacking[0], lacking[-1] + 1)
            raise BytesMissing.of(self.missing)


def drawn_from_parts(
    blobs: BlobSource, blob_id: str, size: int, file: IO[bytes], draw: Callable[[list[int]], bytes]
) -> bytes:
    """The picture that `draw` makes of the blocks it is told to be in `file`, or asks for more of.

    Args:
        draw: raises `BytesMissing` for what it lacks.

    Raises:
        NotDrawable: too much of the file would be needed; or what `draw` raises.
    """
    file.truncate(size)
    here, wanted, count = set[int](), range(1), -(-size // BLOCK)
    for _ in range(MAX_ROUNDS):
        _fetch(blobs, blob_id, wanted, file)
        here.update(wanted)
        try:
            return draw(sorted(here))
        except BytesMissing as missing:
            lacking = BytesMissing.blocks(missing.detail or "")
        ahead = min(2 * len(wanted), _MOST_AHEAD) if lacking.start == wanted.stop else 1
        wanted = range(lacking.start, min(count, max(lacking.stop, lacking.start + ahead)))
        if not wanted or len(here) + len(wanted) > MAX_BLOCKS:
            break
    raise NotDrawable(
        "The picture needs too much of the file.", detail=f"{len(here)} blocks of {BLOCK} bytes were read"
    )


def _fetch(blobs: BlobSource, blob_id: str, blocks: range, file: IO[bytes]) -> None:
    file.seek(blocks.start * BLOCK)
    for content in blobs.blocks(blob_id, offset=blocks.start * BLOCK, length=len(blocks) * BLOCK):
        file.write(content)
    file.flush()
