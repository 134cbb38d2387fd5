"""How much slower good files are while there is poison: rounds of each kind by turns, in one run, as ratios.

    python -m tests.faults.throughput --files 12 --molecules 120 --rounds 3 --seed 11

A round uploads SD files and lasts until each is processed and found. Poison is an event that no consumer can read: none; one
in a hundred events; as many in one partition as a partition has of good ones; or one for each file, all in one partition, which
then holds hardly anything else. Ratios above 1 mean that poison cost nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

from rich.console import Console
from rich.table import Table

from leanda.contracts.topics import RECORD_EVENTS
from leanda_client import finished
from local import stack
from local.cloud.assembly import read_assembly
from local.stack.assembly import synthesized
from tests.cloud import ROOT, Cloud
from tests.faults.running.poison import EVENTS_OF_A_FILE, publish_poison
from tests.faults.soak import functions_of
from tests.topics import Topics

HOME = ".leanda/throughput"
GOOD = ROOT / "cli" / "samples" / "molecules.sdf"
CLEAN, HUNDREDTH, PARTITION, FLOOD = "none", "1 in 100 events", "a partition's share", "one for each file"
KINDS = (CLEAN, HUNDREDTH, PARTITION, FLOOD)
FOUND_SECONDS = 600.0
LOOK_SECONDS = 0.5
"""Between two questions about a file: the API's time is the pipeline's."""

console = Console(width=120)


@dataclass(frozen=True)
class Round:
    """What a round took: seconds, and processor seconds of all functions."""

    seconds: float
    processor: float


def measured(
    cloud: Cloud, body: bytes, topics: Topics, files: int, *, poisons: int = 0, partition: int | None = None
) -> Round:
    """Upload, poison meanwhile, and wait until the last file is found. What is left of the poison is waited for after the clock."""
    person = cloud.person("throughput")
    began, used = time.monotonic(), processor_seconds(cloud)

    def work(number: int) -> str:
        if number * poisons // files != (number + 1) * poisons // files:
            publish_poison(topics, partition=partition)
        return person.upload(GOOD.name, body)

    with ThreadPoolExecutor(2) as pool:
        waiting = list(pool.map(work, range(files)))
    while waiting:
        if time.monotonic() - began > FOUND_SECONDS:
            raise TimeoutError(f"{len(waiting)} files are not found")
        if finished(person.client.file(waiting[0])):
            waiting.pop(0)
        else:
            time.sleep(LOOK_SECONDS)
    took = Round(time.monotonic() - began, processor_seconds(cloud) - used)
    topics.settle(seconds=FOUND_SECONDS)
    return took


def processor_seconds(cloud: Cloud) -> float:
    return sum(float(row["cpuSeconds"]) for row in functions_of(cloud).values())


def compare(cloud: Cloud, body: bytes, *, files: int, rounds: int, seed: int) -> Table:
    """All kinds by turns, in an order by seed; the first round of each warms up and does not count."""
    dice, topics, found = random.Random(seed), Topics(cloud), defaultdict[str, list[Round]](list)
    partition, before = seed % RECORD_EVENTS.partitions, topics.length(RECORD_EVENTS.name)
    measured(cloud, body, topics, files)
    share = round((topics.length(RECORD_EVENTS.name) - before) / RECORD_EVENTS.partitions)
    amounts = {CLEAN: 0, HUNDREDTH: max(1, files * EVENTS_OF_A_FILE // 100), PARTITION: share, FLOOD: files}
    for number in range(rounds + 1):
        for kind in dice.sample(KINDS, len(KINDS)):
            where = partition if kind in (PARTITION, FLOOD) else None
            one = measured(cloud, body, topics, files, poisons=amounts[kind], partition=where)
            console.print(
                f"round {number}, {amounts[kind]} of poison ({kind}): "
                f"{one.seconds:.1f} s, {one.processor:.1f} s of processor"
            )
            if number:
                found[kind].append(one)
    shown = Table(
        "poison", "files/s", "÷ clean", "processor, s/file", "clean ÷ it", title=f"{files} files, {rounds} rounds"
    )
    clean = found[CLEAN]
    for kind in KINDS:
        seconds, processor = (median(getattr(one, name) for one in found[kind]) for name in ("seconds", "processor"))
        by_seconds, by_processor = (
            median(getattr(one, name) for one in clean) / value
            for name, value in (("seconds", seconds), ("processor", processor))
        )
        shown.add_row(
            kind, f"{files / seconds:.2f}", f"{by_seconds:.2f}", f"{processor / files:.3f}", f"{by_processor:.2f}"
        )
    return shown


def median(values: Iterator[float]) -> float:
    return statistics.median(list(values))


@contextmanager
def own_cloud(seed: int) -> Iterator[Cloud]:
    """A fresh cloud, gone afterwards. Its poller does not misbehave: that is not what is measured."""
    options = stack.Options(home=HOME, persist=False)
    shutil.rmtree(ROOT / HOME, ignore_errors=True)
    folder = synthesized(ROOT)
    try:
        cloud = Cloud(stack.up(ROOT, say=console.print, options=options), read_assembly(folder), seed)
        yield cloud
        cloud.close()
    finally:
        stack.down(ROOT, say=console.print, options=options)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="throughput", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--molecules", type=int, default=120, help="of each file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1_000_000))
    asked = parser.parse_args()
    console.print(
        f"--files {asked.files} --molecules {asked.molecules} --rounds {asked.rounds} --seed {asked.seed}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    body = b"".join(
        islice(cycle(record + b"$$$$\n" for record in GOOD.read_bytes().split(b"$$$$\n")[:-1]), asked.molecules)
    )
    with own_cloud(asked.seed) as cloud:
        console.print(compare(cloud, body, files=asked.files, rounds=asked.rounds, seed=asked.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
