"""Memory of those who read and complete records, for big files beside small ones of the same content.

    python -m bench.memory --mb 500 --formats sdf,csv --chunks 6

Each file is generated on the disk and goes through `bench.worker`: the planner looks through all of it; of its chunks some are read
and completed (the first, the last, and others at even distances), the same number for both sizes. A worker's memory is the sum of
two peaks that the kernel keeps, of the process and of its guarded child, whether they were reached at the same time or not.
Aim: at most 1.15 times that for the small file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.generated import FILES, Generated, Workbook

ROOT = Path(__file__).resolve().parents[1]
SMALL_MB = 5
console = Console(width=120)


@dataclass(frozen=True)
class Measured:
    """One file: chunks in all, why it failed if it did, and memory in MB of the parser and of the processor."""

    chunks: int
    failure: str | None
    planning: float
    parser: float
    processor: float


def measured(file: Generated | Workbook, mb: float, chunks: int) -> Measured:
    """Generate a file of this size and take it through the workers."""
    with tempfile.TemporaryDirectory() as folder:
        path, artefacts = Path(folder, "file"), Path(folder, "artefacts")
        artefacts.mkdir()
        file.write(path, int(mb * 1e6))
        parsed = _worker("parse", file, path, artefacts, chunks)
        processed = _worker("process", file, path, artefacts, chunks)
    return Measured(
        chunks=parsed["chunks"],
        failure=parsed["failure"],
        planning=parsed["planning"],
        parser=parsed["own"] + parsed["child"],
        processor=processed["own"] + processed["child"],
    )


def _worker(stage: str, file: Generated | Workbook, path: Path, artefacts: Path, chunks: int) -> dict[str, Any]:
    """In a process of its own, so that the peaks are those of one file."""
    given = [stage, file.kind, file.format, str(path), str(artefacts), str(chunks)]
    said = subprocess.run([sys.executable, "-m", "bench.worker", *given], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])  # what it logs comes before
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="memory", description=__doc__)
    parser.add_argument("--mb", type=float, default=500)
    parser.add_argument("--formats", default=",".join(FILES))
    parser.add_argument("--chunks", type=int, default=6)
    asked = parser.parse_args()
    console.print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    shown = Table(title=f"Memory in MB: {SMALL_MB} MB file, {asked.mb:g} MB file, ratio (aim ≤ 1.15)")
    for title in ("format", "chunks", "planning, s CPU", "parser", "processor"):
        shown.add_column(title, justify="left" if title == "format" else "right")
    with console.status("") as told:
        for name in asked.formats.split(","):
            told.update(f"{name}, {SMALL_MB} MB")
            small = measured(FILES[name], SMALL_MB, asked.chunks)
            told.update(f"{name}, {asked.mb:g} MB")
            big = measured(FILES[name], asked.mb, asked.chunks)
            shown.add_row(
                name,
                f"{small.chunks} → {big.chunks}",
                f"{big.planning:.1f}",
                _ratio(small.parser, big.parser),
                big.failure or _ratio(small.processor, big.processor),
            )
            console.print(f"{name}: {_ratio(small.parser, big.parser)}; {_ratio(small.processor, big.processor)}")
    console.print(shown)


def _ratio(before: float, after: float) -> str:
    return f"{before:.0f} → {after:.0f}: {after / before:.2f}"


if __name__ == "__main__":
    main()
