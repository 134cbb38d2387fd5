"""`python -m bench`: where the time goes, as ratios."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import imports, molecules, parsers, rebuilding
from bench.baseline import Loop, toolkit_loop
from bench.cloud import Cloud
from bench.parser_cases import cases

WARMING = 20_000
"""Molecules before those that are measured: enough to start all environments that will run at once, and for the Java engines to
translate what they repeat; until then they need more than twice the processor time."""
SCHEDULED_SECONDS = 75
"""So long after the start each scheduled function has run once: their rate is a minute."""
READERS = {"sdf", "cif", "csv"}
"""Formats of which many records come in one file; `make bench-parsers` has all formats."""
PASS_SECONDS = 0.2
"""Processor time of one measurement of a reader."""

console = Console()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--molecules", type=int, default=10_000)
    parser.add_argument("--latency-files", type=int, default=10)
    parser.add_argument("--skip-imports", action="store_true")
    arguments = parser.parse_args()
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    )
    records, origin = molecules.records(arguments.molecules)
    console.print(f"{len(records)} molecules from {origin}, {sum(map(len, records)) / 1e6:.1f} MB")
    with Cloud() as cloud:
        _pipeline(cloud, records)
        _latency(cloud, records[0], arguments.latency_files)
        _rebuild(cloud)
    _readers()
    if not arguments.skip_imports:
        _imports()


def _pipeline(cloud: Cloud, records: list[bytes]) -> None:
    molfiles = [molecules.molfile(record) for record in records]
    # Starting an environment of a function costs a second of processor once, not a share of each molecule.
    cloud.wait(cloud.upload("warm.sdf", b"".join(islice(cycle(records), WARMING))), pause=1)
    time.sleep(max(0.0, cloud.started + SCHEDULED_SECONDS - time.monotonic()))
    before = toolkit_loop(molfiles[: len(molfiles) // 2])
    start = cloud.usage()
    file_id = cloud.upload("bench.sdf", b"".join(records))
    began = time.perf_counter()
    shown = cloud.wait(file_id, pause=1)  # a question costs the API as much as ten molecules the pipeline
    wall = time.perf_counter() - began
    used = cloud.usage().since(start)
    after = toolkit_loop(molfiles[len(molfiles) // 2 :])
    toolkit = Loop(before.wall + after.wall, before.cpu + after.cpu)
    count = shown["totalRecords"]
    lambdas = sum(used.functions.values())
    table = Table("what", "value", title="Pipeline against the bare toolkit (one run, the loop before and after)")
    table.add_row("toolkit alone, µs CPU a molecule", f"{toolkit.cpu / count * 1e6:.0f}")
    table.add_row("all functions, µs CPU a molecule", f"{lambdas / count * 1e6:.0f}")
    table.add_row("PIPE-EFF (toolkit CPU ÷ CPU of all functions)", f"{toolkit.cpu / lambdas:.2f}")
    table.add_row("wall ratio (bare loop on one core ÷ upload to searchable)", f"{toolkit.wall / wall:.2f}")
    table.add_row("wall, s", f"{wall:.1f}")
    for name, seconds in sorted(used.engines.items()):
        table.add_row(f"{name}, µs CPU a molecule", f"{seconds / count * 1e6:.0f}")
    for name, seconds in sorted(used.functions.items(), key=lambda item: -item[1])[:8]:
        table.add_row(f"  {name}, µs CPU a molecule", f"{seconds / count * 1e6:.0f}")
    console.print(table)


def _latency(cloud: Cloud, record: bytes, times: int) -> None:
    taken = []
    for n in range(times):
        file_id = cloud.upload(f"one-{n}.sdf", record)
        began = time.perf_counter()
        cloud.wait(file_id, pause=0.05)
        taken.append(time.perf_counter() - began)
    table = Table("median", "worst", title="One molecule: seconds from upload to searchable")
    table.add_row(f"{statistics.median(taken):.2f}", f"{max(taken):.2f}")
    console.print(table)


def _rebuild(cloud: Cloud) -> None:
    found = rebuilding.measure(cloud)
    table = Table(
        "what", "value", title="The index built anew, between two bare loops that send the same documents with _bulk"
    )
    table.add_row("documents", str(found.documents))
    table.add_row("rebuild, documents/s", f"{found.rebuild:.0f}")
    table.add_row("bare loop, documents/s", f"{found.bare:.0f}")
    table.add_row("ratio", f"{found.ratio:.2f}")
    console.print(table)


def _readers() -> None:
    table = Table(
        "format", "guarded ÷ in process", "two ÷ one", title="Guarded children: processor time, and two cores"
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for case in cases(Path(folder), READERS):
            row = parsers.measured(case, PASS_SECONDS, repeats=5)
            two = parsers.two_against_one(case, max(1, round(5 * PASS_SECONDS / row.best["guarded"])))
            table.add_row(case.name, f"{row.best['reader'] / row.best['guarded']:.2f}", f"{two:.2f}")
    console.print(table)


def _imports() -> None:
    bare = imports.seconds("pass")
    table = Table(
        "handler", "import, ms", title=f"Imports of a cold start (a bare interpreter takes {bare * 1000:.0f} ms)"
    )
    for module in imports.handlers():
        table.add_row(module, f"{(imports.seconds(f'import {module}') - bare) * 1000:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
