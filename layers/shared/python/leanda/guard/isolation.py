"""What the kernel can forbid a process. Linux only; elsewhere, and where a kernel refuses, the call changes nothing."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import time
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_SIGKILL: Final = 9
_CPUCLOCK_SCHED: Final = 2

# System calls that reach out of the process, by machine: socket, connect, execve, execveat, ptrace, process_vm_readv and _writev;
# and the same on both: io_uring_setup, _enter and _register (which do many of the others), pidfd_getfd.
_ON_ALL: Final = (425, 426, 427, 438)
_FORBIDDEN: Final = {
    "x86_64": (41, 42, 59, 322, 101, 310, 311, *_ON_ALL),
    "aarch64": (198, 203, 221, 281, 117, 270, 271, *_ON_ALL),
}
_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Classic BPF, from linux/filter.h and linux/seccomp.h.
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_NOT_BELOW: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_ERRNO_EPERM: Final = 0x00050001
_NR_OFFSET, _ARCH_OFFSET = 0, 4
_X32: Final = 0x40000000
"""From here on numbers are those of x32, which names the same calls once more; there are none on other machines."""


def forbid_reading_this_process() -> None:
    """Other processes of the same user may no longer read this one's memory and environment (where the role's keys are)."""
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent() -> None:
    """Be killed when the parent ends, however it ends."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def forbid_the_outside() -> bool:
    """No sockets, no other programs, no looking into other processes, from now on; whether the kernel agreed."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _FORBIDDEN:
        return False
    numbers = _FORBIDDEN[machine]
    # Calls of another architecture (32 bits on a 64-bit machine) have numbers of their own: nobody needs them, none is let through.
    tests = [(_JUMP_NOT_BELOW, _X32), *((_JUMP_EQUAL, number) for number in numbers)]
    program = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_JUMP_EQUAL, 0, len(tests) + 2, _AUDIT_ARCH[machine]),
        (_LOAD, 0, 0, _NR_OFFSET),
    ]
    program += [(test, len(tests) - place, 0, number) for place, (test, number) in enumerate(tests)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO_EPERM)]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    instructions = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions))
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1) and _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filter_)


class Bounds:
    """What each piece of work of this process may use, on top of what it has used before.

    Setting a limit, and asking what may be set, costs as much as reading a small file, so it is done where something changed.
    """

    def __init__(self, *, memory_bytes: int, cpu_seconds: float) -> None:
        self._memory_bytes, self._cpu_seconds = memory_bytes, cpu_seconds
        self._hard = {kind: resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS)}
        self._set_before: dict[int, int] = {}
        self._page = resource.getpagesize()
        self._statm = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else None
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def renew(self) -> None:
        """Before a piece of work."""
        self._set(resource.RLIMIT_CPU, int(time.process_time() + self._cpu_seconds) + 1)
        self._set(resource.RLIMIT_AS, self._address_space() + self._memory_bytes)

    def _set(self, kind: int, value: int) -> None:
        if self._set_before.get(kind) == value:
            return
        hard = self._hard[kind]
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
        self._set_before[kind] = value

    def _address_space(self) -> int:
        if self._statm is None:
            return 1 << 40
        return int(os.pread(self._statm, 64, 0).split(None, 1)[0]) * self._page


def starved_of(pid: int, since: float, seconds: float) -> bool:
    """Whether a child wants to work but did not get so much processor time since its clock (`processor_clock`) said `since`.

    One that sleeps waits for something that will not come. Where the kernel does not tell, nobody is starved.
    """
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            state = file.read().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state in "RD" and processor_clock(pid) - since < seconds


def processor_clock(pid: int) -> float:
    """Processor seconds that a child has used; 0.0 where the kernel does not tell. Cheap enough for every record."""
    if sys.platform != "linux":
        return 0.0
    try:
        # clock_getcpuclockid(3) of Linux: the id of a process's clock is made of its own.
        return time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
    except OSError:
        return 0.0


def _prctl(option: int, *arguments: int | bytes) -> bool:
    if sys.platform != "linux":
        return False
    given = [ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_ulong(a) for a in arguments]
    padding = [ctypes.c_ulong(0)] * (4 - len(given))
    return bool(ctypes.CDLL(None, use_errno=True).prctl(option, *given, *padding) == 0)
