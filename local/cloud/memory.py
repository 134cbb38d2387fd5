"""How much memory a process tree holds, cheaply enough to ask several times a second."""

from pathlib import Path

_PROC = Path("/proc")


def resident_bytes(pid: int, *, above: int) -> int:
    """Resident memory of a process and its descendants; 0 where /proc does not tell (macOS) or the process is gone.

    Resident sets count shared pages once per process, so a forked child makes the sum too high. Only when that sum is over
    `above` is the exact, slower figure (proportional set size) read and returned.
    """
    pids = _tree(pid)
    rough = sum(_field(process, "status", "VmRSS:") for process in pids)
    return rough if rough <= above else sum(_field(process, "smaps_rollup", "Pss:") for process in pids)


def _tree(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for task in _PROC.glob(f"{process}/task/*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _field(pid: int, file: str, name: str) -> int:
    """A "Name:  123 kB" line of a /proc file, in bytes."""
    try:
        for line in (_PROC / str(pid) / file).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass
    return 0
