"""Calls that a child under guard is asked to make; some are not meant to end well."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leanda.errors import FileCorrupt
from leanda.guard.isolation import Bounds

LAST_WORDS = {
    "abort in rust": b"memory allocation of 3840064 bytes failed\nnote: run with `RUST_BACKTRACE=1` environment variable\n",
    "abort in c++": b"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n",
    "abort with chatter": b"warning: 'memory allocation of 5 bytes failed' is what Rust says\n" * 1000,
}


def echo(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    for n in range(arguments["times"]):
        yield b"%d:%s" % (n, payload)


def misbehave(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Yields `after` results, then does what `how` says."""
    yield from (b"%d" % n for n in range(arguments["after"]))
    how = arguments["how"]
    if how == "abort":
        os.abort()
    if how in LAST_WORDS:
        os.write(2, LAST_WORDS[how])
        os.abort()
    if how == "abort without memory":
        _ = bytearray(b"x") * (900 << 20)
        os.abort()
    if how == "segfault":
        import ctypes

        ctypes.string_at(0)
    if how == "hang":
        time.sleep(600)
    if how == "spin":
        while True:
            pass
    if how == "memory":
        yield bytes(bytearray(4 << 30))[:1]
    if how == "exit":
        os._exit(3)
    if how == "output":
        yield b"x" * (64 << 20)
    if how == "raise":
        raise FileCorrupt(detail="as asked")
    if how == "panic":
        raise BaseException("a panic")


_KEPT: list[bytearray] = []


def keep(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Takes memory and never gives it back."""
    _KEPT.append(bytearray(arguments["bytes"]))
    yield b"kept"


def bounds(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Seconds of processor time, and bytes, that are left to this call."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    yield b"%d" % (resource.getrlimit(resource.RLIMIT_CPU)[0] - used.ru_utime - used.ru_stime)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    yield b"%d" % (resource.getrlimit(resource.RLIMIT_AS)[0] - pages * resource.getpagesize())
    yield b"%d" % resource.getrlimit(resource.RLIMIT_CORE)[0]


def spin_for(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    until = time.monotonic() + arguments["seconds"]
    while time.monotonic() < until:
        pass
    yield b"done"


def slowly(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    for _ in range(arguments["times"]):
        time.sleep(arguments["seconds"])
        yield b"one more"


def look_around(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """What the child can see and reach."""
    yield "|".join(sorted(os.environ)).encode()
    for attempt in (_parent_environment, _connect, _run, _ring, _others_file):
        try:
            yield attempt().encode()
        except OSError as error:
            yield f"denied {type(error).__name__}".encode()


def pid(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    yield str(os.getpid()).encode()


def _parent_environment() -> str:
    return Path(f"/proc/{os.getppid()}/environ").read_text()


def _connect() -> str:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
    return "connected"


def _run() -> str:
    return subprocess.run(["/bin/true"], check=True).args[0]  # type: ignore[no-any-return]


def _ring() -> str:
    return _call(425, 4, ctypes.create_string_buffer(120))  # io_uring_setup


def _others_file() -> str:
    return _call(438, 0, 0, 0)  # pidfd_getfd


def _call(number: int, *arguments: Any) -> str:
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return f"call {number} let through"


def other_architectures(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Asks for a socket as a program of 32 bits does (`int 0x80`), and as one of x32."""
    # push rbx; mov eax, 359 (socket); mov ebx, AF_INET; mov ecx, SOCK_STREAM; xor edx, edx; int 0x80; pop rbx; ret
    code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as memory:
        memory.write(code)
        begin = ctypes.c_char.from_buffer(memory)
        answer = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(begin))()
        del begin
    yield b"denied" if answer == -errno.EPERM else f"answered {answer}".encode()
    try:
        yield _call(0x40000000 | 41, socket.AF_INET, socket.SOCK_STREAM, 0).encode()
    except PermissionError:
        yield b"denied"


def load_without_memory(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Loads a structure when the toolkit is warm and next to no memory is left."""
    from functions.parsers import toolkit

    assert not toolkit.verdict("CCO")
    Bounds(memory_bytes=1 << 20, cpu_seconds=60).renew()
    yield str(toolkit.verdict(".".join(["C" * 900] * 400))).encode()
