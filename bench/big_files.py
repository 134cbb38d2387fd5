"""Big files through a running cloud: memory of the workers beside that of small files, and when the first record is found.

    python -m bench.big_files --mb 500

Each file is written to the disk record by record, sent in parts by the client, and read by the pipeline in chunks. Memory is
the proportional set size of a function's largest environment, its guarded child included, looked at every 0.2 s.
Aims: memory of a big file at most 1.15 times that of a small one; the first record found within 3 % of the time that all take.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bench import molecules
from leanda_client import CognitoTokens, LeandaClient
from local import stack
from local.cloud.memory import resident_bytes

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = stack.Options(home=".leanda/big", persist=False)
WORKERS = ("parsers-", "processor-", "files-on-", "search-on-")
LOOK_SECONDS = 0.2
WAIT_SECONDS = 6 * 3600.0
console = Console(width=120)


@dataclass(frozen=True)
class Passed:
    """How a file went through: seconds from the end of its upload, and the peak of each function in MB."""

    records: int
    first: float
    total: float
    peaks: dict[str, float]


def sdf(path: Path, size: int) -> None:
    """Real molecules, repeated, each with a title of its own."""
    records, _ = molecules.records(1000)
    _write(path, size, (b"molecule %d" % n + record[record.index(b"\n") :] for n, record in _numbered(records)))


def csv(path: Path, size: int) -> None:
    """A table of numbers and words."""
    words = [b"ethanol", b"benzene", b"caffeine", b"aspirin"]
    rows = (
        b"%d,sample %d,%s,%d.%02d,%s\n" % (n, n, word, n % 400, n % 100, b"measured at noon " * 20)
        for n, word in _numbered(words)
    )
    _write(path, size, itertools.chain([b"id,name,substance,weight,notes\n"], rows))


def _numbered(items: list[bytes]) -> Iterator[tuple[int, bytes]]:
    return enumerate(itertools.cycle(items))


def _write(path: Path, size: int, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(next(pieces))


class Workers:
    """Looks at the memory of the functions that do the work."""

    def __init__(self, host_url: str) -> None:
        self._url = host_url

    @contextmanager
    def watched(self) -> Iterator[dict[str, float]]:
        """Within the block, the peak in MB of each function's largest environment."""
        peaks, stopping = defaultdict[str, float](float), threading.Event()

        def look() -> None:
            while not stopping.wait(LOOK_SECONDS):
                with suppress(httpx.HTTPError):
                    functions = httpx.get(self._url, timeout=30, trust_env=False).json()["functions"]
                    for name, row in functions.items():
                        short = name.split("-", 2)[2]
                        if short.startswith(WORKERS):
                            held = (resident_bytes(pid, above=0) / 1e6 for pid in row["pids"])
                            peaks[short] = max(peaks[short], *held, 0.0)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield peaks
        finally:
            stopping.set()
            thread.join()


def passed(client: LeandaClient, workers: Workers, path: Path) -> Passed:
    """Send a file and wait until all of it can be found."""
    with workers.watched() as peaks:
        file_id = client.upload(path)["id"]
        began = time.perf_counter()
        first = _first_found(client, file_id) - began
        file = client.wait(file_id, timeout=WAIT_SECONDS)
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
    shown = Table("function", "5 MB file", f"{mb:g} MB file", "ratio (aim ≤ 1.15)", title=f"{kind}: peak memory, MB")
    for name, before in sorted(small.peaks.items()):
        after = big.peaks.get(name, 0.0)
        if before and after:
            shown.add_row(name, f"{before:.0f}", f"{after:.0f}", f"{after / before:.2f}")
    console.print(shown)
    console.print(
        f"{kind}, {mb:g} MB: {big.records} records; the first was found after {big.first:.1f} s, all after {big.total:.1f} s: "
        f"{big.first / big.total:.1%} (aim ≤ 3 %)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="big_files", description=__doc__)
    parser.add_argument("--mb", type=float, default=500)
    parser.add_argument("--kinds", default="sdf,csv")
    asked = parser.parse_args()
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    makers: dict[str, Any] = {"sdf": sdf, "csv": csv}
    outputs = stack.up(ROOT, say=console.print, options=OPTIONS)
    tokens = CognitoTokens(
        outputs["awsEndpointUrl"], outputs["userPoolClientId"], outputs["demoUser"], outputs["demoPassword"]
    )
    try:
        with LeandaClient(outputs["apiUrl"], tokens) as client, tempfile.TemporaryDirectory() as folder:
            workers = Workers(outputs["lambdaHostUrl"])
            for kind in asked.kinds.split(","):
                small, big = Path(folder, f"small.{kind}"), Path(folder, f"big.{kind}")
                makers[kind](small, 5_000_000)
                makers[kind](big, int(asked.mb * 1e6))
                passed(client, workers, small)  # every environment is warm, and knows its libraries
                _tell(kind, passed(client, workers, small), passed(client, workers, big), asked.mb)
                big.unlink()
    finally:
        stack.down(ROOT, say=console.print, options=OPTIONS)


if __name__ == "__main__":
    main()
