"""A long run: uploads without a pause while every process is killed now and then; in the end nothing may be lost or doubled.

    python -m tests.faults.soak --minutes 30 --seed 7

Killed (SIGKILL) or paused (SIGSTOP): the engines, the Lambda host, the poller, and sandboxes, relays' included. The AWS
endpoints are left alone: on this machine they keep S3 and SQS in memory, and AWS does not forget those. The seed decides
what happens to whom; when exactly it meets what, the machine decides. Exit code 1 if anything was lost, doubled or stuck.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from local import stack
from local.cloud.assembly import read_assembly
from local.stack.assembly import synthesized
from local.stack.layout import StackError
from local.stack.parts import order
from tests.cloud import ROOT, Cloud
from tests.faults.files import EXPECTED
from tests.faults.model import check
from tests.faults.running.load import Load
from tests.faults.running.rest import drain, world_of

HOME = ".leanda/soak"
PARTS = ("kafka", "opensearch", "document-store", "cache", "lambda-host", "poller")
PAUSES = (3.0, 12.0)
"""Seconds between two blows, at least and at most."""
SAMPLE_SECONDS = 5.0
TELL_SECONDS = 30.0
DRAIN_SECONDS = 900.0

console = Console(width=120)


class Blows:
    """What happens to whom, by seed."""

    def __init__(self, cloud: Cloud, seed: int) -> None:
        self.cloud, self.counts = cloud, Counter[str]()
        self._dice, self._stopping = random.Random(seed), threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.failures: list[BaseException] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when everything runs again."""
        self._stopping.set()
        self._thread.join()
        for part in PARTS:
            order(self.cloud.outputs["controlUrl"], part, "start")

    def _work(self) -> None:
        blows: list[Callable[[], str]] = [self._kill_part, self._kill_sandbox, self._pause_sandbox, self._pause_part]
        try:
            while not self._stopping.wait(self._dice.uniform(*PAUSES)):
                blow = self._dice.choices(blows, (3, 5, 2, 1))[0]
                with suppress(ProcessLookupError):  # it ended by itself a moment ago
                    self.counts[blow()] += 1
        except BaseException as error:
            self.failures.append(error)

    def _kill_part(self) -> str:
        part, url = self._dice.choice(PARTS), self.cloud.outputs["controlUrl"]
        order(url, part, "kill")
        self._stopping.wait(self._dice.uniform(0, 8))
        order(url, part, "start")
        return f"{part} killed"

    def _kill_sandbox(self) -> str:
        function, pid = self._sandbox()
        os.killpg(pid, signal.SIGKILL)
        return f"{_kind(function)} killed"

    def _pause_sandbox(self) -> str:
        function, pid = self._sandbox()
        self._pause(lambda number: os.killpg(pid, number))
        return f"{_kind(function)} paused"

    def _pause_part(self) -> str:
        pids = {row["name"]: row["pid"] for row in stack.status(ROOT, options=stack.Options(home=HOME))}
        part = self._dice.choice(("kafka", "opensearch", "document-store", "poller"))
        if not pids.get(part):
            raise ProcessLookupError
        self._pause(lambda number: os.kill(pids[part], number))
        return f"{part} paused"

    def _pause(self, send: Callable[[int], None]) -> None:
        send(signal.SIGSTOP)
        try:
            self._stopping.wait(self._dice.uniform(1, 8))
        finally:
            send(signal.SIGCONT)

    def _sandbox(self) -> tuple[str, int]:
        found = [(name, pid) for name, row in functions_of(self.cloud).items() for pid in row["pids"]]
        if not found:
            raise ProcessLookupError
        return self._dice.choice(found)


class Memory:
    """Resident memory of every part, again and again."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.samples = cloud, defaultdict[str, list[float]](list)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(SAMPLE_SECONDS):
            for row in stack.status(ROOT, options=stack.Options(home=HOME)):
                self._sample(row["name"], row["pid"])
            with suppress(httpx.HTTPError):
                for name, row in functions_of(self.cloud).items():
                    for pid in row["pids"]:
                        self._sample(f"sandbox {_kind(name)}", pid)

    def _sample(self, name: str, pid: int | None) -> None:
        with suppress(psutil.Error):
            if pid:
                self.samples[name].append(psutil.Process(pid).memory_info().rss / 1e6)

    def table(self) -> Table:
        """Medians of the second and of the last quarter: the first is warming up."""
        shown = Table("part", "samples", "early, MB", "late, MB", "late ÷ early", title="Resident memory")
        for name, found in sorted(self.samples.items()):
            quarter = len(found) // 4
            if quarter < 5:
                continue
            early, late = statistics.median(found[quarter : 2 * quarter]), statistics.median(found[-quarter:])
            shown.add_row(name, str(len(found)), f"{early:.0f}", f"{late:.0f}", f"{late / early:.2f}")
        return shown


def functions_of(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """What the Lambda host says of each function; nothing while there is no host."""
    try:
        answer = httpx.get(cloud.outputs["lambdaHostUrl"], timeout=10, trust_env=False)
    except httpx.HTTPError:
        return {}
    found: dict[str, dict[str, Any]] = answer.json()["functions"]
    return found


def _kind(function: str) -> str:
    """The function without its environment: `files-relay`."""
    return function.split("-", 2)[2]


def soak(cloud: Cloud, *, minutes: float, seed: int) -> bool:
    """Run it and print what came of it; whether all was kept."""
    person, began = cloud.person("soak"), time.monotonic()
    blows, memory = Blows(cloud, seed), Memory(cloud)
    with Load(person, seed, pause=1.0) as load:
        memory.start()
        blows.start()
        while (gone := time.monotonic() - began) < minutes * 60 and not blows.failures:
            time.sleep(min(TELL_SECONDS, minutes * 60 - gone))
            console.print(
                f"{gone / 60:5.1f} min: {len(load.accepted)} files accepted, {load.refused} tries refused, "
                f"{blows.counts.total()} blows"
            )
        blows.stop()
    memory.stop()
    console.print(f"{len(load.accepted)} files were accepted. Waiting for the rest …")
    drained = time.monotonic()
    verdict = "0 lost, 0 doubled, nothing stuck, index = store"
    try:
        if blows.failures:
            raise AssertionError(f"the blows failed: {blows.failures[0]}")
        drain(cloud, load.accepted, seconds=DRAIN_SECONDS)
        check(world_of(cloud, person.id), load.accepted, EXPECTED)
        kept = True
    except BaseException as error:  # the verdict, whatever it was
        verdict, kept = f"NOT KEPT: {error}"[:3000], False
    _tell(blows, memory, len(load.accepted), load.refused, time.monotonic() - drained)
    console.print(verdict, style="green" if kept else "red", markup=False)
    return kept


def _tell(blows: Blows, memory: Memory, accepted: int, refused: int, drained: float) -> None:
    shown = Table("what", "count", title="Blows")
    for what, count in sorted(blows.counts.items()):
        shown.add_row(what, str(count))
    console.print(shown)
    console.print(memory.table())
    console.print(f"{accepted} files accepted, {refused} tries refused and repeated, at rest after {drained:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1_000_000))
    asked = parser.parse_args()
    options = stack.Options(home=HOME, persist=False, chaos_seed=asked.seed)
    shutil.rmtree(ROOT / HOME, ignore_errors=True)
    console.print(
        f"--minutes {asked.minutes:g} --seed {asked.seed}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    folder = synthesized(ROOT)
    try:
        outputs = stack.up(ROOT, say=console.print, options=options)
        cloud = Cloud(outputs, read_assembly(folder), asked.seed)
        kept = soak(cloud, minutes=asked.minutes, seed=asked.seed)
        cloud.close()
    except StackError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    finally:
        stack.down(ROOT, say=console.print, options=options)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
