"""One file through the workers that read it, in this process and its guarded child: planner, chunks, then their properties.

    python -m bench.worker parse  KIND FORMAT PATH FOLDER CHUNKS
    python -m bench.worker process KIND FORMAT PATH FOLDER CHUNKS

Everything is the product's own but what lies outside of a function: the original is a file that is read by range, artefacts are
files of FOLDER, and events stay here. Prints a line of JSON with the peaks of resident memory in MB, of this process and its child.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.parsers.handling import Parser, Parsing
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import ChunksPlanned, FileCreated, ParseChunk, ParseFailed, RecordsParsed
from leanda.contracts.registry import data_of, event_of
from leanda.discovery.blobs import BLOCK
from leanda.guard import GuardedChild, Limits
from leanda.messaging import Received
from leanda.messaging.records import KafkaRecord
from leanda.ports import Message, SystemClock

PARSED = "parsed.ndjson"
FILE_ID = "3f1c2f43-6a0e-4f39-9d52-5a39c4a0c001"


@dataclass(frozen=True)
class RangedFile:
    """`BlobSource` of one file."""

    path: Path

    def blocks(self, blob_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:  # noqa: ARG002
        left = self.path.stat().st_size if length is None else length
        with self.path.open("rb") as file:
            file.seek(offset)
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block


@dataclass(frozen=True)
class Folder:
    """`ArtefactStore` of one run in a folder."""

    path: Path

    def put(self, file_id: str, run: int, chunk: int, stage: str, body: bytes) -> str:  # noqa: ARG002
        sha = hashlib.sha256(body).hexdigest()
        (self.path / f"{chunk}-{stage}-{sha}").write_bytes(body)
        return sha

    def get(self, file_id: str, run: int, chunk: int, stage: str, sha: str) -> bytes:  # noqa: ARG002
        return (self.path / f"{chunk}-{stage}-{sha}").read_bytes()


@dataclass
class Told:
    """`Publisher` that keeps what the next step needs."""

    tasks: list[Event] = field(default_factory=list)
    parsed: list[Event] = field(default_factory=list)
    planned: int = 0
    failure: str | None = None

    def publish(self, messages: Sequence[Message], *, timeout: float) -> None:  # noqa: ARG002
        for message in messages:
            event = Event.from_bytes(message.body)
            data = data_of(event)
            if isinstance(data, ParseChunk):
                self.tasks.append(event)
            elif isinstance(data, RecordsParsed):
                self.parsed.append(event)
            elif isinstance(data, ChunksPlanned):
                self.planned += len(data.chunks)
            elif isinstance(data, ParseFailed):
                self.failure = data.code


def received(event: Event) -> list[Received]:
    return [Received(KafkaRecord("bench", 0, 0, event.subject, event.to_bytes()), event, data_of(event))]


def parse(kind: str, format: str, path: Path, folder: Path, chunks: int, peaks: Peaks) -> dict[str, Any]:
    """Plan all of the file and parse some of its chunks, evenly chosen: the first and the last among them."""
    parser: Parser = importlib.import_module(f"functions.parsers.{kind}.parser").parser()
    told, clock = Told(), SystemClock()
    guard = GuardedChild(Limits(item_seconds=10, memory_bytes=1 << 30))  # as in functions/parsers/building.py
    parsing = Parsing(parser, RangedFile(path), Folder(folder), told, guard, clock)
    request = FileCreated(
        file_id=FILE_ID,
        run=1,
        blob_id="blob",
        kind=kind,
        format=format,
        size=path.stat().st_size,
        name=path.name,
        revision=1,
    )
    event = event_of(request, Origin(cause="bench", correlation_id="bench"), source="files", at=clock.now(), sequence=0)
    began = time.process_time()
    parsing.start(received(event))
    planning = time.process_time() - began
    peaks.look()
    for task in evenly(told.tasks, chunks):
        parsing.parse(received(task))
        peaks.look()
    guard.close()
    (folder / PARSED).write_bytes(b"\n".join(event.to_bytes() for event in told.parsed))
    return {"chunks": told.planned, "planning": planning, "failure": told.failure}


def process(folder: Path, peaks: Peaks) -> dict[str, Any]:
    """Complete the chunks that were parsed."""
    from functions.processor.use_cases import Processing
    from leanda.structures import TOOLKIT

    guard = GuardedChild(Limits(item_seconds=15, call_seconds=150, memory_bytes=1 << 30))  # as in functions/processor
    processing = Processing(TOOLKIT, Folder(folder), Told(), guard, SystemClock())
    events = [Event.from_bytes(line) for line in (folder / PARSED).read_bytes().splitlines()]
    for event in events:
        processing.process(received(event))
        peaks.look()
    guard.close()
    return {"records": sum(event.data["counts"]["total"] for event in events), "read": len(events)}


class Peaks:
    """The kernel's own high-water marks of resident memory (`VmHWM`), which a look every now and then cannot miss."""

    def __init__(self) -> None:
        self.child = 0

    @property
    def own(self) -> int:
        return _peak(os.getpid())

    def look(self) -> None:
        """To be called while the child that did the work still runs."""
        for task in Path("/proc/self/task").iterdir():
            for child in (task / "children").read_text().split():
                self.child = max(self.child, _peak(int(child)))


def evenly[T](items: list[T], count: int) -> list[T]:
    """At most `count` of the items at even distances, the first and the last among them."""
    if len(items) <= count:
        return items
    return [items[round(n * (len(items) - 1) / (count - 1))] for n in range(count)]


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def main() -> None:
    stage, kind, format, path, folder, chunks = sys.argv[1:]
    peaks = Peaks()
    if stage == "parse":
        found = parse(kind, format, Path(path), Path(folder), int(chunks), peaks)
    else:
        found = process(Path(folder), peaks)
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    found |= {
        "own": peaks.own / 1e6,
        "child": peaks.child / 1e6,
        "cpu": sum(one.ru_utime + one.ru_stime for one in used),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
