"""What a child said on its standard error before it died: the only thing that tells a native reader's abort for lack of memory.

Under a limit of memory an allocation fails. Python raises `MemoryError`; the run-time libraries of Rust and of C++ print one line
and abort, which looks like any crash.
"""

from __future__ import annotations

import os
import re
import threading
from typing import IO, Final

_KEPT: Final = 4096
_READ: Final = 1 << 16
_CLOSING_SECONDS: Final = 5.0
_OUT_OF_MEMORY: Final = re.compile(
    rb"^memory allocation of \d+ bytes failed|^terminate called after throwing an instance of 'std::bad_alloc'",
    re.MULTILINE,
)
"""Rust: `std::alloc::handle_alloc_error`; C++: the terminate handler of libstdc++."""


class LastWords:
    """Passes on what a child writes, as if it had this process' own standard error, and remembers the end of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._end = b""
        self._stream = stream
        self._listener = threading.Thread(target=self._listen, name="guard-last-words", daemon=True)
        self._listener.start()

    def tell_of_memory(self) -> bool:
        """Whether a child that is dead by `SIGABRT` said that it could not have the memory it asked for."""
        self._listener.join(_CLOSING_SECONDS)
        return _OUT_OF_MEMORY.search(self._end) is not None

    def _listen(self) -> None:
        with self._stream as stream:
            while said := os.read(stream.fileno(), _READ):
                self._end = (self._end + said)[-_KEPT:]
                os.write(2, said)
