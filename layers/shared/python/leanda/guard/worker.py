"""The child's side: calls functions by name and hands over what they yield, see `spool`.

python -m leanda.guard.worker MEMORY_BYTES CALL_SECONDS
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from leanda.guard.child import HEADER
from leanda.guard.isolation import Bounds, die_with_parent, forbid_the_outside
from leanda.guard.spool import Spool

Call = Callable[[dict[str, Any], bytes], Iterator[bytes]]


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    die_with_parent()
    requests, pipe, spool = sys.stdin.buffer, os.dup(1), Spool(Path.cwd())
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    bounds = Bounds(memory_bytes=int(sys.argv[1]), cpu_seconds=float(sys.argv[2]))
    isolated = False
    while (request := _read(requests)) is not None:
        payload = _read(requests) or b""
        told = json.loads(request)
        spool.begin()
        try:
            call = _function(told["call"])  # imports may need what is forbidden afterwards
            if not isolated:
                isolated = forbid_the_outside()
            bounds.renew()
            for result in call(told["arguments"], payload):
                # What was finished before a death must reach the parent, so it does not wait in this process' own memory.
                spool.add(HEADER.pack(b"R", len(result)) + result, pipe)
            spool.add(HEADER.pack(b"E", 0), pipe)
        except BaseException as error:  # a panic of a native library is a BaseException
            spool.add(_failure(error), pipe)
        spool.flush(pipe)


@cache
def _function(path: str) -> Call:
    module, _, name = path.partition(":")
    found: Call = getattr(importlib.import_module(module), name)
    return found


def _read(stream: BinaryIO) -> bytes | None:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return stream.read(HEADER.unpack(header)[1])


def _failure(error: BaseException) -> bytes:
    told = {
        "kind": type(error).__name__,
        "code": getattr(error, "code", None) if isinstance(getattr(error, "code", None), str) else None,
        "message": str(getattr(error, "message", error))[:1000],
        "detail": getattr(error, "detail", None),
    }
    body = json.dumps(told, default=str).encode()
    return HEADER.pack(b"F", len(body)) + body


if __name__ == "__main__":
    main()
