"""The parent's side: one reusable worker process, results streamed in order, so that a death names the guilty item itself.

Wire format, both ways: a kind (one byte), a length (four bytes, big endian), the body. Requests: `C` (JSON: function, arguments,
limits), then `P` (payload). Answers: `R` per result, then `E`; or `F` (JSON: module, class, code, message, detail) for an error.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

from leanda.guard.isolation import forbid_reading_this_process, processor_clock, starved_of

HEADER: Final = struct.Struct(">cI")
_READ: Final = 1 << 18
_MARGIN_SECONDS: Final = 0.5
STARVED_TIMES: Final = 6
"""A child that gets next to no processor time is waited for up to this many times longer: that is not its record's fault."""


class Death(StrEnum):
    """How a child ended; the values are the stable codes that records carry."""

    CRASHED = "PARSER_CRASHED"
    TIMED_OUT = "PARSER_TIMEOUT"
    MEMORY = "PARSER_MEMORY"
    OUTPUT = "PARSER_OUTPUT"


SENTENCES: Final = {
    Death.CRASHED: "The program that reads this crashed on it.",
    Death.TIMED_OUT: "Reading this took longer than is allowed.",
    Death.MEMORY: "Reading this needed more memory than is allowed.",
    Death.OUTPUT: "Reading this gave more than is allowed.",
}


class ChildDied(Exception):
    """The child ended while it worked on an item; everything yielded before is good."""

    def __init__(self, death: Death, detail: str) -> None:
        self.death, self.detail = death, detail
        super().__init__(f"{death}: {detail}")


class CallFailed(Exception):
    """The called function raised. Attributes tell what, in words that crossed a process boundary."""

    def __init__(self, kind: str, code: str | None, message: str, detail: str | None) -> None:
        self.kind, self.code, self.message, self.detail = kind, code, message, detail
        super().__init__(f"{kind}: {message}")


@dataclass(frozen=True)
class Limits:
    """What one call may use.

    Attributes:
        item_seconds: time from one result to the next; on a machine that is too busy, the child's processor time.
        call_seconds: wall time of the whole call.
        memory_bytes: address space on top of what the idle child has.
        output_bytes: size of one result.
    """

    item_seconds: float = 10.0
    call_seconds: float = 120.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 32 << 20


class Guard(Protocol):
    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        """Results of `call` (`package.module:function`, taking arguments and payload) in order.

        Raises:
            ChildDied: while working on the item after the last one yielded.
            CallFailed: the function raised.
        """
        ...


class GuardedChild:
    """`Guard` with a real process, started on first use and reused until it dies."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        process = self._running()
        request = {"call": call, "arguments": arguments, "limits": asdict(self._limits)}
        ended = False
        try:
            self._send(process, json.dumps(request).encode(), payload)
            for kind, body in self._frames(process):
                if kind == b"R":
                    yield body
                elif kind == b"E":
                    ended = True
                    return
                else:
                    ended = True
                    raise _failure(body)
        finally:
            if not ended:  # it died, or nobody reads on: what it would still say must not meet the next call
                self.close()

    def close(self) -> None:
        """End the child and remove its scratch folder."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.cleanup()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        forbid_reading_this_process()
        self._scratch = tempfile.TemporaryDirectory(prefix="guard-")
        folder = self._scratch.name
        environment = {  # nothing of the parent's: its role keys stay with it
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": folder,
            "TMPDIR": folder,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path and Path(path).is_dir()),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "leanda.guard.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=environment,
            close_fds=True,
        )
        return self._process

    def _send(self, process: subprocess.Popen[bytes], request: bytes, payload: bytes) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(HEADER.pack(b"C", len(request)) + request)
            process.stdin.write(HEADER.pack(b"P", len(payload)))
            process.stdin.write(payload)
            process.stdin.flush()
        except BrokenPipeError as error:
            raise _died(process) from error

    def _frames(self, process: subprocess.Popen[bytes]) -> Iterator[tuple[bytes, bytes]]:
        assert process.stdout is not None
        descriptor, buffer = process.stdout.fileno(), bytearray()
        call_until = time.monotonic() + self._limits.call_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            item = _Item(process.pid, self._limits.item_seconds)
            position = 0
            while True:
                while len(buffer) - position >= HEADER.size:
                    kind, length = HEADER.unpack_from(buffer, position)
                    if length > self._limits.output_bytes:
                        raise ChildDied(Death.OUTPUT, f"{length} bytes")
                    if len(buffer) - position - HEADER.size < length:
                        break
                    start = position + HEADER.size
                    yield kind, bytes(buffer[start : start + length])
                    position = start + length
                    item = _Item(process.pid, self._limits.item_seconds)
                del buffer[:position]
                position = 0
                # Whoever looks late, because this process was paused, first takes what has come meanwhile.
                while not selector.select(max(0.0, min(item.until, call_until) - time.monotonic())):
                    if time.monotonic() >= call_until or not item.goes_on():
                        raise ChildDied(Death.TIMED_OUT, f"no result within {self._limits.item_seconds:g} s")
                read = os.read(descriptor, _READ)
                if not read:
                    raise _died(process)
                buffer += read


class _Item:
    """The time of one item: so many seconds, and longer where the machine is too busy to let the child work for so long."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self._seconds = pid, seconds
        self._since, self._began = processor_clock(pid), time.monotonic()
        self.until = self._began + seconds + _MARGIN_SECONDS

    def goes_on(self) -> bool:
        """Whether the child is to be waited for once more."""
        if self.until - self._began > STARVED_TIMES * self._seconds or not starved_of(
            self._pid, self._since, self._seconds
        ):
            return False
        self.until = time.monotonic() + max(_MARGIN_SECONDS, self._seconds / 10)
        return True


def _died(process: subprocess.Popen[bytes]) -> ChildDied:
    status = process.wait()
    if status == -signal.SIGXCPU:
        return ChildDied(Death.TIMED_OUT, "processor time used up")
    reason = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return ChildDied(Death.CRASHED, reason)


def _failure(body: bytes) -> Exception:
    told = json.loads(body)
    if told["kind"] == "MemoryError":
        return ChildDied(Death.MEMORY, told["message"] or "out of memory")
    return CallFailed(told["kind"], told.get("code"), told["message"], told.get("detail"))
