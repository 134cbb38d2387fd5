"""The parent's side: one reusable worker process, results streamed in order, so that a death names the guilty item itself.

Wire format, both ways: a kind (one byte), a length (four bytes, big endian), the body. Requests: `C` (JSON: function, arguments),
then `P` (payload). Answers: `R` per result, then `E`; or `F` (JSON: module, class, code, message, detail) for an error.
Answers come many at a time; those that a child had finished when it died are in its `spool`.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final, Protocol

from leanda.guard.isolation import forbid_reading_this_process, processor_clock, starved_of
from leanda.guard.last_words import LastWords
from leanda.guard.spool import Spool

HEADER: Final = struct.Struct(">cI")
_READ: Final = 1 << 18
_PIPE_BYTES: Final = 1 << 20
"""As much as anybody may ask for (pipe(7), "/proc/sys/fs/pipe-max-size"); with 64 KiB the sides wait for each other."""
_MARGIN_SECONDS: Final = 0.5
MOST_OF_MEMORY: Final = 0.75
"""Of the memory that it may have, a child that aborts without a word (PDFium) with more than this died for want of more."""
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
        self._inbox = bytearray(_READ)  # reused, because one as large for each read costs more than reading
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._spool: Spool | None = None
        self._words: LastWords | None = None

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        process = self._running()
        ended = False
        try:
            self._send(process, json.dumps({"call": call, "arguments": arguments}).encode(), payload)
            for answers in self._answers(process):
                yield from answers.results
                if answers.end is not None:
                    ended = True
                    if answers.end[0] == b"F":
                        raise _failure(answers.end[1])
                    return
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
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()
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
        self._spool = Spool(Path(folder), make=True)
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
            [
                sys.executable,
                "-m",
                "leanda.guard.worker",
                str(self._limits.memory_bytes),
                str(self._limits.call_seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
            close_fds=True,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            _widen(pipe)
        assert self._process.stderr is not None
        self._words = LastWords(self._process.stderr)
        return self._process

    def _send(self, process: subprocess.Popen[bytes], request: bytes, payload: bytes) -> None:
        assert process.stdin is not None
        assert self._spool is not None
        self._spool.reset(processor_clock(process.pid))
        try:
            process.stdin.write(HEADER.pack(b"C", len(request)) + request + HEADER.pack(b"P", len(payload)))
            process.stdin.write(payload)
            process.stdin.flush()
        except BrokenPipeError as error:
            raise self._died(process) from error

    def _answers(self, process: subprocess.Popen[bytes]) -> Iterator[_Answers]:
        """Answers as they come. Whatever ends the child, those that it had finished come first."""
        assert process.stdout is not None
        assert self._spool is not None
        descriptor, buffer, received = process.stdout.fileno(), bytearray(), 0
        inbox = memoryview(self._inbox)
        arrival = select.poll()
        arrival.register(descriptor, select.POLLIN)
        call_until = time.monotonic() + self._limits.call_seconds
        item = _Item(process.pid, self._spool, self._limits.item_seconds)
        timed_out: ChildDied | None = None
        while True:
            left = max(0.0, min(item.until(), call_until) - time.monotonic())
            # Whoever looks late, because this process was paused, first takes what has come meanwhile.
            if timed_out is None and not arrival.poll(math.ceil(left * 1000)):
                if time.monotonic() >= call_until or not item.goes_on():
                    timed_out = ChildDied(Death.TIMED_OUT, f"no result within {self._limits.item_seconds:g} s")
                    process.kill()
                continue
            read = os.readv(descriptor, (inbox,))
            received += read
            buffer += inbox[:read] if read else self._spool.rest(received)
            answers = _taken(buffer, self._limits.output_bytes)
            yield answers
            if answers.too_long:
                raise ChildDied(Death.OUTPUT, f"{answers.too_long} bytes")
            if not read:
                raise timed_out or self._died(process)
            item = _Item(process.pid, self._spool, self._limits.item_seconds)

    def _died(self, process: subprocess.Popen[bytes]) -> ChildDied:
        status, peak = _ended(process)
        if status == -signal.SIGXCPU:
            return ChildDied(Death.TIMED_OUT, "processor time used up")
        if status == -signal.SIGABRT and self._words and self._words.tell_of_memory():
            return ChildDied(Death.MEMORY, "a native library could not have the memory it asked for")
        if status == -signal.SIGABRT and peak > MOST_OF_MEMORY * self._limits.memory_bytes:
            return ChildDied(Death.MEMORY, f"a native library gave up when {peak} bytes were in use")
        reason = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        return ChildDied(Death.CRASHED, reason)


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """How a child ended, as `Popen.returncode` says it, and how many bytes of memory it had at most; 0 where nobody knows.

    The kernel takes what this process had when it started the child for the child's, so less than that says nothing.
    """
    if process.returncode is None:
        with suppress(ChildProcessError):
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return process.returncode, used.ru_maxrss * 1024 if used.ru_maxrss > ours else 0
    return process.wait(), 0


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold more, where the kernel can and agrees; it works all the same."""
    if pipe is not None and sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@dataclass(slots=True)
class _Answers:
    """Whole answers: results, and what follows them (`E` or `F`, with its body), or the length of one that is too long."""

    results: list[bytes]
    end: tuple[bytes, bytes] | None = None
    too_long: int = 0


def _taken(buffer: bytearray, most: int) -> _Answers:
    """The whole answers at the beginning of a buffer; they are taken out of it."""
    answers, position, size = _Answers([]), 0, len(buffer)
    add, unpack, width = answers.results.append, HEADER.unpack_from, HEADER.size
    with memoryview(buffer) as view:
        while size - position >= width:
            kind, length = unpack(buffer, position)
            if length > most:
                answers.too_long = length
                break
            start = position + width
            if size - start < length:
                break
            position = start + length
            if kind != b"R":
                answers.end = (kind, bytes(view[start:position]))
                break
            add(bytes(view[start:position]))
    del buffer[:position]
    return answers


class _Item:
    """The time of one item: so many seconds, and longer where the machine is too busy to let the child work for so long.

    It begins when the parent begins to wait, or when the child finished a result meanwhile without a need to send it.
    """

    def __init__(self, pid: int, spool: Spool, seconds: float) -> None:
        self._pid, self._spool, self._seconds = pid, spool, seconds
        self._waiting_since = self._more_until = time.monotonic()

    def until(self) -> float:
        return max(self._began() + self._seconds + _MARGIN_SECONDS, self._more_until)

    def goes_on(self) -> bool:
        """Whether the child is to be waited for once more."""
        now, began = time.monotonic(), self._began()
        if now < began + self._seconds + _MARGIN_SECONDS:
            return True
        if now - began > STARVED_TIMES * self._seconds:
            return False
        self._more_until = now + max(_MARGIN_SECONDS, self._seconds / 10)
        return starved_of(self._pid, self._spool.last_result().processor, self._seconds)

    def _began(self) -> float:
        return max(self._waiting_since, self._spool.last_result().at)


def _failure(body: bytes) -> Exception:
    told = json.loads(body)
    if told["kind"] == "MemoryError":
        return ChildDied(Death.MEMORY, told["message"] or "out of memory")
    return CallFailed(told["kind"], told.get("code"), told["message"], told.get("detail"))
