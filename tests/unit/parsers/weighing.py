"""Reads one file as the functions do, in a process of its own, and says what came out and how much that took.

`python -m tests.unit.parsers.weighing KIND FORMAT PATH`. Prints JSON: `verdict` (a code), `records`, `codes`, in bytes the peak
memory of the `planner` (this process) and of the `worker` (the guarded child), and the `processor` time of both in seconds.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from functions.parsers.guarded import Artefact, read_chunk, read_whole
from functions.parsers.reading import _parser
from leanda import limits
from leanda.errors import ParseFailure
from leanda.guard import GuardedChild, Limits
from leanda.parsing.format import WholeFormat
from leanda.parsing.inflate import blocks, compression_of, inflate_head
from leanda.parsing.planner import plan
from leanda.persistence.artefacts import records_in

LIMITS = Limits(item_seconds=120, call_seconds=240)
"""As in the functions, but for time: a busy machine must not decide."""


def main(kind: str, name: str, path: Path) -> None:
    format, guard = _parser(kind).format(name), GuardedChild(LIMITS)
    total, codes, verdict, began = 0, set[str](), "", time.process_time()
    try:
        with path.open("rb") as file:
            first = file.read(limits.HEAD_BYTES)
        compression = compression_of(first)
        if isinstance(format, WholeFormat):
            for result in read_whole(guard, kind, name, str(path)):
                total += 1
                codes |= {issue["code"] for issue in json.loads(result[1:]).get("issues", [])}
        else:
            head = inflate_head(first) if compression else first
            for row in plan(format, blocks(_stored(path), compression), head=head, size=None):
                part = read_chunk(guard, kind, format, row, _range(path, row.offset, row.length), head)
                codes |= _codes(part)
                total += part.total
    except ParseFailure as failure:
        verdict = failure.code
    guard.close()
    told = {"verdict": verdict, "records": total, "codes": sorted(codes)}
    mine, worker = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = sum(used.ru_utime + used.ru_stime for used in (mine, worker)) - began
    weighed = {"planner": _planner_peak(), "worker": worker.ru_maxrss * 1024, "processor": seconds}
    print(json.dumps(told | weighed))


def _codes(part: Artefact) -> set[str]:
    return {issue.code for record in records_in(part.finished()[0]) for issue in record.issues}


def _stored(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(256 * limits.KIB):
            yield block


def _range(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _planner_peak() -> int:
    """What Linux remembers of this program alone: `getrusage` remembers also the one that started it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
