"""Big files through a running cloud: memory beside that of small files, and when the first record is found.

    python -m bench.big_files --mb 500 --kinds sdf,csv

Each file is written to the disk record by record, sent in parts by the client, and read by the pipeline in chunks. Memory is the
proportional set size: of a function's largest environment, its guarded child included, and of the cloud's other processes; looked
at every half second, the greatest counts. Any format of `bench.generated` is a kind.
Aims: memory of a function for a big file at most 1.15 times that for a small one; the first record found within 3 % of the time
that all take.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.generated import FILES
from leanda_client import CognitoTokens, File, LeandaClient
from local import stack
from local.cloud.memory import resident_bytes

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = stack.Options(home=".leanda/big", persist=False)
WORKERS = ("parsers-", "processor-", "files-", "search-", "history-")
OTHERS = ("aws-endpoints", "document-store", "kafka", "opensearch", "poller")
SMALL_MB = 5
LOOK_SECONDS = 0.5
WAIT_SECONDS = 6 * 3600.0
console = Console(width=120)


@dataclass(frozen=True)
class Passed:
    """How a file went through: seconds from the end of its upload, and the greatest memory of each part in MB."""

    records: int
    first: float
    total: float
    peaks: dict[str, float]


class Watch:
    """Looks at the memory of the functions that do the work, and of everything else of the cloud."""

    def __init__(self, host_url: str) -> None:
        self._url = host_url

    @contextmanager
    def peaks(self) -> Iterator[dict[str, float]]:
        """Within the block, the greatest memory in MB of each function's largest environment and of each other part."""
        peaks, stopping = defaultdict[str, float](float), threading.Event()

        def look() -> None:
            while not stopping.wait(LOOK_SECONDS):
                with suppress(httpx.HTTPError, ValueError):
                    for name, held in self._looks():
                        peaks[name] = max(peaks[name], held / 1e6)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield peaks
        finally:
            stopping.set()
            thread.join()

    def _looks(self) -> Iterator[tuple[str, int]]:
        functions = httpx.get(self._url, timeout=30, trust_env=False).json()["functions"]
        for name, row in functions.items():
            short = name.split("-", 2)[2]
            if short.startswith(WORKERS):
                for pid in row["pids"]:
                    yield short, resident_bytes(pid, above=0)
        for part in stack.status(ROOT, options=OPTIONS):
            if part["name"] in OTHERS and part["pid"]:
                yield part["name"], resident_bytes(part["pid"], above=0)


def passed(client: LeandaClient, watch: Watch, path: Path) -> Passed:
    """Send a file and wait until all of it can be found."""
    began = time.perf_counter()

    def changed(file: File) -> None:
        counts = [file.get(name, 0) for name in ("totalRecords", "parsedRecords", "indexedRecords")]
        told.update(f"{path.name}: {file['status']}, {counts} records, {time.perf_counter() - began:.0f} s")

    with watch.peaks() as peaks, console.status(f"sending {path.name}") as told:
        file_id = client.upload(path)["id"]
        began = time.perf_counter()
        first = _first_found(client, file_id) - began
        file = client.wait(file_id, timeout=WAIT_SECONDS, changed=changed)
        total = time.perf_counter() - began
    if not file["status"].startswith("Processed"):
        raise RuntimeError(f"{path.name} ended {file['status']}: {file.get('failure')}")
    return Passed(file["totalRecords"], first, total, dict(peaks))


def _first_found(client: LeandaClient, file_id: str) -> float:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if client.search_page("", file_id=file_id, type="record", limit=1)["total"]:
            return time.perf_counter()
        time.sleep(0.2)
    raise RuntimeError("nothing was found")


def _tell(kind: str, small: Passed, big: Passed, mb: float) -> None:
    shown = Table("part", f"{SMALL_MB} MB file", f"{mb:g} MB file", "ratio", title=f"{kind}: greatest memory, MB")
    for names in (sorted(set(small.peaks) - set(OTHERS)), OTHERS):
        for name in names:
            before, after = small.peaks.get(name, 0.0), big.peaks.get(name, 0.0)
            if before and after:
                shown.add_row(name, f"{before:.0f}", f"{after:.0f}", f"{after / before:.2f}")
        shown.add_section()
    console.print(shown)
    console.print(
        f"{kind}, {mb:g} MB: {big.records:,} records; the first was found after {big.first:.1f} s, all after {big.total:.1f} s: "
        f"{big.first / big.total:.1%} (aim ≤ 3 %); the {SMALL_MB} MB file took {small.total:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="big_files", description=__doc__)
    parser.add_argument("--mb", type=float, default=500)
    parser.add_argument("--kinds", default="sdf,csv")
    asked = parser.parse_args()
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the cloud is stopped then, too
    stack.down(ROOT, say=console.print, options=OPTIONS)
    # Events of a run that was broken off would look for objects that the AWS endpoints have forgotten.
    shutil.rmtree(ROOT / OPTIONS.home, ignore_errors=True)
    outputs = stack.up(ROOT, say=console.print, options=OPTIONS)
    tokens = CognitoTokens(
        outputs["awsEndpointUrl"], outputs["userPoolClientId"], outputs["demoUser"], outputs["demoPassword"]
    )
    try:
        with LeandaClient(outputs["apiUrl"], tokens) as client, tempfile.TemporaryDirectory() as folder:
            watch = Watch(outputs["lambdaHostUrl"])
            for kind in asked.kinds.split(","):
                small, big = Path(folder, f"small.{kind}"), Path(folder, f"big.{kind}")
                FILES[kind].write(small, SMALL_MB * 1_000_000)
                FILES[kind].write(big, int(asked.mb * 1e6))
                passed(client, watch, small)  # every environment is warm, and knows its libraries
                free = shutil.disk_usage(ROOT).free
                _tell(kind, passed(client, watch, small), passed(client, watch, big), asked.mb)
                console.print(f"disk used meanwhile: {(free - shutil.disk_usage(ROOT).free) / 1e6:,.0f} MB")
                big.unlink()
    finally:
        stack.down(ROOT, say=console.print, options=OPTIONS)


if __name__ == "__main__":
    main()
