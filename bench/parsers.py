"""`make bench-parsers`: each reader against a bare loop of its library, and what the guarded child and a second core do to it.

For every format, on the same files, in one run, the parts interleaved:
- the reader: what runs in a parser's Lambda, from bytes to lines of the artefact (`functions.parsers.reading`), in this process;
- the bare loop (`bench.bare`), whose values are thrown away; and the same with each record written as JSON, which is what the
  reader gives too;
- the guarded child: the same reader through `leanda.guard`, processor time of both processes;
- two guarded children with a half of the work each, against one child with both halves: time on the clock, so only a machine
  that does nothing else can show it;
- memory: the most that a fresh child held after reading the files once.

    python -m bench.parsers --write        also writes the table into docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import cold
from bench.bare import LOOPS
from bench.parser_cases import NAMES, Case, cases, missing
from functions.parsers import reading
from leanda import limits
from leanda.guard import GuardedChild, Limits
from leanda.parsing.format import WholeFormat
from leanda.parsing.inflate import blocks, compression_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- parsers: written by `make bench-parsers ARGS=--write` -->", "<!-- parsers: end -->"
COLUMNS = (
    "format", "files", "ms a file", "records/s", "MB/s", "÷ bare, as JSON", "÷ bare, values only", "library",
    "guarded ÷ in process", TWO := "two ÷ one", "peak, MB",
)  # fmt: skip
MIB = 1 << 20


@dataclass
class Row:
    """Seconds of one pass over a case's files, the best of several."""

    case: Case
    records: int = 0
    best: dict[str, float] = field(default_factory=dict)
    two: float | None = None
    peak: int = 0

    @property
    def name(self) -> str:
        return self.case.name

    def cells(self) -> tuple[str, ...]:
        reader = self.best["reader"]
        return (
            self.name,
            self.case.origin,
            f"{1e3 * reader / len(self.case.files):,.2f}",
            f"{self.records / reader:,.0f}",
            f"{self.case.size / 1e6 / reader:,.1f}",
            self._ratio("json"),
            self._ratio("bare"),
            LOOPS[self.case.format][0] if "bare" in self.best else "",
            f"{reader / self.best['guarded']:.2f}",
            f"{self.two:.2f}" if self.two else "",
            f"{self.peak / MIB:,.0f}",
        )

    def _ratio(self, part: str) -> str:
        return f"{self.best[part] / self.best['reader']:.2f}" if part in self.best else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.parsers", description="Readers against bare loops.")
    parser.add_argument("--only", default="", help="formats, with commas")
    parser.add_argument("--seconds", type=float, default=0.2, help="processor time of one measurement")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip-two", action="store_true", help="leave out what only an idle machine can show")
    parser.add_argument("--write", action="store_true", help="write the table into docs/performance.md")
    arguments = parser.parse_args()
    console = Console(width=170)
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    machine += f"; {handing_over()}"
    console.print(machine)
    rows: list[Row] = []
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for case in cases(Path(folder), set(filter(None, arguments.only.split(",")))):
                row = measured(case, arguments.seconds, arguments.repeats)
                if not arguments.skip_two:
                    row.two = two_against_one(case, max(1, round(5 * arguments.seconds / row.best["guarded"])))
                rows.append(row)
                console.print(" · ".join(row.cells()), highlight=False)
    finally:  # whoever interrupts it has what there is
        table = Table(*COLUMNS, title="Readers against bare loops of their libraries")
        for row in rows:
            table.add_row(*row.cells())
        console.print(table)
        if arguments.write:
            write(rows, machine)
    if left := missing():
        console.print(f"Without sample files: {', '.join(left)}")


def measured(case: Case, seconds: float, repeats: int) -> Row:
    """All parts of a case in turn, several times, each for about so long; the best of each counts."""
    guard = GuardedChild(Limits(item_seconds=60, memory_bytes=2 << 30))
    row = Row(case)
    row.records = sum(1 + result.count(b"\n") for result in guarded(guard, case))
    row.peak = _peak(guard)
    parts: dict[str, Callable[[], Iterator[Any]]] = {
        "reader": partial(in_process, case),
        "guarded": partial(guarded, guard, case),
    }
    if case.format in LOOPS and _readable(case):
        parts |= {"bare": partial(bare, case), "json": partial(bare_as_json, case)}
    times = {}
    for name, part in parts.items():
        _drain(part())
        times[name] = max(1, round(seconds / max(_cost(part, 1, guard), 1e-6)))
    for _ in range(repeats):
        for name, part in parts.items():
            cost = _cost(part, times[name], guard) / times[name]
            row.best[name] = min(cost, row.best.get(name, cost))
    guard.close()
    return row


def handing_over() -> str:
    """What a guarded child costs beside reading, in processor time of both processes: a call, a result, a megabyte."""
    guard = GuardedChild()

    def microseconds(results: int, size: int, times: int) -> float:
        call = partial(guard.stream, "bench.cold:results", {"results": results, "bytes": size}, b"")
        _drain(call())
        return 1e6 * min(_cost(call, times, guard) for _ in range(5)) / times

    call = microseconds(0, 0, 400)
    result = (microseconds(1000, 100, 20) - call) / 1000
    megabyte = (microseconds(500, 8192, 20) - call - 500 * result) / (500 * 8192 / 1e6)
    guard.close()
    return f"a guarded call costs {call:.0f} µs, a result {result:.1f} µs, a megabyte of results {megabyte:.0f} µs"


def two_against_one(case: Case, times: int) -> float:
    """Time on the clock of one child that reads the files twice as often, divided by that of two children at once."""
    guards = [GuardedChild(Limits(item_seconds=60, memory_bytes=2 << 30)) for _ in range(2)]

    def work(guard: GuardedChild, passes: int) -> None:
        for _ in range(passes):
            _drain(guarded(guard, case))

    for guard in guards:
        work(guard, 1)
    ratios = []
    for _ in range(3):
        began = time.perf_counter()
        work(guards[0], 2 * times)
        one = time.perf_counter() - began
        threads = [threading.Thread(target=work, args=(guard, times)) for guard in guards]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ratios.append(one / (time.perf_counter() - began))
    for guard in guards:
        guard.close()
    return max(ratios)


def in_process(case: Case) -> Iterator[bytes]:
    for call, arguments, payload in _calls(case):
        yield from getattr(cold, call)(arguments, payload)


def guarded(guard: GuardedChild, case: Case) -> Iterator[bytes]:
    for call, arguments, payload in _calls(case):
        yield from guard.stream(f"bench.cold:{call}", arguments, payload)


def bare(case: Case) -> Iterator[dict[str, Any]]:
    _, loop = LOOPS[case.format]
    for file in case.files:
        yield from loop(file)


def bare_as_json(case: Case) -> Iterator[bytes]:
    for values in bare(case):
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def write(rows: list[Row], machine: str) -> None:
    """Put the rows into the table between its marks in the page; those of formats that were not measured now stay.

    So does what only an idle machine can show, where it was left out.
    """
    before, _, rest = PAGE.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    columns, *told = [line[2:-2].split(" | ") for line in table.splitlines() if line.startswith("| ")]
    cells = {one[0]: dict(zip(columns, one, strict=False)) for one in told if set(one[0]) != {"-"}}
    for row in rows:
        measured_now = {column: cell for column, cell in zip(COLUMNS, row.cells(), strict=True) if cell}
        kept = cells.get(row.name, {}).get(TWO, "")
        cells[row.name] = {TWO: kept} | measured_now
    head = [f"Last measured on: {machine}.", "", f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    body = [f"| {' | '.join(cells[name].get(column, '') for column in COLUMNS)} |" for name in NAMES if name in cells]
    PAGE.write_text(before + "\n".join([BEGIN, "", *head, *body, "", END]) + after)


def _calls(case: Case) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """What a parser's handlers ask of the guard for each file, small enough to be one chunk."""
    whole = _is_whole(case.kind, case.format)
    for file in case.files:
        arguments: dict[str, Any] = {"kind": case.kind, "format": case.format, "together": True}
        if whole:
            yield "read_whole", arguments | {"path": str(file)}, b""
            continue
        data = file.read_bytes()
        if compression := compression_of(data):
            data = b"".join(blocks([data], compression))
        head = data[: limits.HEAD_BYTES]
        yield "read_chunk", arguments | {"head": len(head), "firstIndex": 0}, head + data


@cache
def _is_whole(kind: str, format: str) -> bool:
    return isinstance(reading._parser(kind).format(format), WholeFormat)


def _readable(case: Case) -> bool:
    """Whether the library reads these files at all."""
    try:
        _drain(bare(case))
    except Exception as problem:
        print(f"{case.format}: no bare loop, {type(problem).__name__}: {problem}"[:200])
        return False
    return True


def _cost(part: Callable[[], Iterator[Any]], times: int, guard: GuardedChild) -> float:
    """Processor seconds of this process and the child."""
    began = _used(guard)
    for _ in range(times):
        _drain(part())
    return _used(guard) - began


def _used(guard: GuardedChild) -> float:
    child = guard._process
    assert child is not None
    # The clock of another process' time: `clock_getcpuclockid` in the C library, as linux/posix-timers.h makes it.
    return time.process_time() + time.clock_gettime((~child.pid << 3) | 2)


def _peak(guard: GuardedChild) -> int:
    child = guard._process
    assert child is not None
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]  # every process has one


def _drain(items: Iterator[Any]) -> None:
    for _ in items:
        pass


if __name__ == "__main__":
    main()
