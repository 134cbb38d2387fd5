"""What a child has finished, in memory that outlives it: many results go through the pipe at once, and none is lost when it dies.

A file of the child's scratch folder, mapped by both processes: a header, then a buffer. Bytes of answers are numbered from 0 in
each call; the header says which number the buffer's first byte has (`start`), how many are in it (`filled`), and when the last
result was finished, on two clocks. The child fills the buffer and writes it to the pipe when the next result has no room;
`filled` grows only behind a whole result, so what the parent finds after a death is whole. Sending a result by itself, as a
pipe alone would need, wakes the parent for each one, which costs as much as reading a small record.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct("<QQdd")
_NUMBER: Final = struct.Struct("<Q")
_TIMES: Final = struct.Struct("<dd")
_FILLED: Final = struct.Struct("<Qdd")
_START_AT, _FILLED_AT, _TIMES_AT = 0, 8, 16
CAPACITY: Final = 1 << 16
"""As much as a pipe of Linux takes without waiting for its reader (pipe(7), "Pipe capacity")."""
NAME: Final = "answers"


class Finished(NamedTuple):
    """When an answer was finished: by `time.monotonic`, which all processes share, and in the child's processor seconds."""

    at: float
    processor: float


class Spool:
    """One side's view. The parent makes and resets it, the child writes."""

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        path = folder / NAME
        if make:
            path.write_bytes(bytes(_HEADER.size + CAPACITY))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _HEADER.size + CAPACITY)
        self._filled = 0

    def reset(self, processor: float = 0.0) -> None:
        """Before a call, by the parent: nothing is finished yet, and the child has used so many processor seconds."""
        _HEADER.pack_into(self._map, 0, 0, 0, time.monotonic(), processor)
        self._filled = 0

    def begin(self) -> None:
        """At the beginning of a call, by the child."""
        self._filled = 0

    def add(self, answer: bytes, pipe: int) -> None:
        """Keep a whole answer; what was kept before is written to the pipe if there is no room."""
        if self._filled + len(answer) > CAPACITY:
            self.flush(pipe)
            if len(answer) > CAPACITY:
                _write(pipe, answer)
                self._sent(len(answer))
                return
        at = _HEADER.size + self._filled
        self._filled += len(answer)
        self._map[at : _HEADER.size + self._filled] = answer
        _FILLED.pack_into(self._map, _FILLED_AT, self._filled, time.monotonic(), time.process_time())

    def flush(self, pipe: int) -> None:
        """Write what is kept to the pipe. Whatever moment a death picks, no byte is lost and none comes twice."""
        if not self._filled:
            return
        sent, self._filled = self._filled, 0
        with memoryview(self._map) as view:
            _write(pipe, view[_HEADER.size : _HEADER.size + sent])
        _NUMBER.pack_into(self._map, _FILLED_AT, 0)
        self._sent(sent)

    def last_result(self) -> Finished:
        """When the last answer was finished, or the call began."""
        return Finished._make(_TIMES.unpack_from(self._map, _TIMES_AT))

    def rest(self, received: int) -> bytes:
        """What a child that is dead had finished, behind the first `received` bytes of its answers."""
        start, filled, *_ = _HEADER.unpack_from(self._map, 0)
        skip = received - start
        if not 0 <= skip <= filled <= CAPACITY:
            return b""
        return self._map[_HEADER.size + skip : _HEADER.size + filled]

    def close(self) -> None:
        self._map.close()

    def _sent(self, count: int) -> None:
        (start,) = _NUMBER.unpack_from(self._map, _START_AT)
        _NUMBER.pack_into(self._map, _START_AT, start + count)
        _TIMES.pack_into(self._map, _TIMES_AT, time.monotonic(), time.process_time())


def _write(pipe: int, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(pipe, left) :]
