"""The whole pipeline in one process: the real use cases on fakes, the real consumer loop, and a topic that may misbehave.

Deliveries go by a seeded order: shuffled between keys (and, if asked, within them), repeated, in batches.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from cdk.contexts import CONTEXTS
from cdk.contexts.table import Consumer as Deployed
from functions.blobs.following import Follower as Uploads
from functions.blobs.hashing import Hashing
from functions.blobs.sweeping import Sweeping
from functions.blobs.unpacking import Unpacking
from functions.blobs.use_cases import Receiving, Uploading
from functions.files.cascades import Cascades
from functions.files.following import Follower
from functions.files.models import NewFile
from functions.files.ports import UploadRequest
from functions.files.tracking import Tracker, by_run
from functions.files.use_cases import Files
from functions.files.watching import Watchdog
from functions.parsers.handling import Parser, Parsing
from functions.processor.use_cases import Processing
from functions.search.hiding import Hiding
from functions.search.indexing import NodeIndexer, RecordIndexer, by_records, whole_batch
from functions.search.mappings import NODES, RECORDS, definitions, next_alias
from functions.search.rebuilding import Rebuild
from functions.search.reconciling import Comparison, Reconciler
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.registry import REGISTRY
from leanda.errors import Unavailable
from leanda.guard import Guard
from leanda.http.cursors import Cursors
from leanda.messaging.consumer import Budget, Consumer
from leanda.persistence.aggregates import relay
from leanda.ports import Message
from tests.fakes.aggregates import FakeAggregates, FakeTellers
from tests.fakes.artefacts import FakeArtefacts
from tests.fakes.clock import FakeClock
from tests.fakes.files import FakeNodes, FakeRecords, FakeRuns
from tests.fakes.guard import InProcessGuard
from tests.fakes.messaging import FakeDeadLetters, FakePublisher
from tests.fakes.objects import FakeBlobSource, FakeObjects
from tests.fakes.search import InProcessAuthority, InProcessCatalogue, memory_index
from tests.unit.search.generations import MemoryGenerations, MemoryHoldings, MemoryMeter

USER = "11111111-1111-4111-8111-111111111111"


class FakeUploadAggregates(FakeTellers):
    def overdue(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        opened = [doc for key in self.documents if (doc := self.get(key)) and doc["state"] == "Open"]
        due = [doc for doc in opened if doc["lookAt"] < now]
        return sorted(due, key=lambda doc: doc["lookAt"])[:limit]


class FakeBlobAggregates(FakeTellers):
    def sequencers(self, file_id: str) -> list[str]:
        return [doc["sequencer"] for doc in self.documents.values() if doc["fileId"] == file_id and "sequencer" in doc]

    def unhashed(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        waiting = [doc for key in self.documents if (doc := self.get(key)) and "unhashed" in doc and "told" not in doc]
        due = [doc for doc in waiting if doc["unhashed"]["at"] < now]
        return sorted(due, key=lambda doc: doc["unhashed"]["at"])[:limit]


class InProcessBlobs:
    """`Blobs` of the files context, without the hop."""

    def __init__(self, uploading: Uploading) -> None:
        self._uploading = uploading

    def open_upload(self, request: UploadRequest) -> dict[str, Any]:
        return self._uploading.open(
            file_id=request.file_id,
            owner_id=request.owner_id,
            name=request.name,
            size=request.size,
            sha256=request.sha256,
            correlation_id="correlation-1",
        )

    def download_url(self, blob_id: str) -> str:
        return f"http://127.0.0.1/{blob_id}"


@dataclass
class Pipeline:
    """All contexts on fakes. `deliver` moves events until nothing is left."""

    parsers: list[Parser]
    guard: Guard = field(default_factory=InProcessGuard)
    seed: int = 0
    copies: int = 1
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.broker, self.letters, self.artefacts = FakePublisher(), FakeDeadLetters(), FakeArtefacts()
        self.objects = FakeObjects(self.clock)
        self.nodes = FakeNodes(self.broker, self.clock, "files")
        self.runs = FakeRuns(self.broker, self.clock, "files")
        self.records = FakeRecords()
        self.uploads = FakeUploadAggregates(self.broker, self.clock, "blobs")
        self.blobs = FakeBlobAggregates(self.broker, self.clock, "blobs")
        self.uploading = Uploading(self.uploads, self.objects, self.clock)
        self.receiving = Receiving(self.uploads, self.blobs, self.objects, self.clock)
        self.sweeps = FakeAggregates(self.broker, self.clock, "blobs")
        self.sweeping = Sweeping(self.uploading, self.receiving, self.sweeps)
        self.hashing = Hashing(self.blobs, self.objects, self.clock)
        self.notified: list[tuple[str, str, str]] = []
        self.objects.notify = lambda *stored: self.notified.append(stored)
        self.hop, self.source = InProcessBlobs(self.uploading), FakeBlobSource(self.objects, self.blobs)
        self.files = Files(self.nodes, self.runs, self.records, self.hop, Cursors(b"key"), self.clock)
        self.watchdog = Watchdog(self.nodes, self.runs, self.clock)
        self.index = memory_index()
        self.notes = self.index.notes
        self.catalogue, self.holdings = InProcessCatalogue(self.nodes, self.runs), MemoryHoldings(self.index)
        self.generations, self.meter = MemoryGenerations(self.index), MemoryMeter()
        self.authority = InProcessAuthority(self.nodes, self.runs)
        self.reconciler, self.rebuild = self._maintenance()
        self.consumers = self._consumers()
        self._read = 0
        self._offset = 0
        self.death: type[BaseException] = _Never
        self.time_left: Callable[[], float] = lambda: 1000.0
        self.lost: Callable[[Consumer, Event], bool] = lambda consumer, event: False

    def upload(
        self, name: str, body: bytes, *, user: str = USER, process: bool = True, unpack: bool = False, **more: Any
    ) -> str:
        """Announce and upload a file; returns its id. Nothing is delivered yet."""
        wanted = NewFile(name=name, size=len(body), process=process, unpack=unpack, **more)
        origin = Origin(cause=f"request-{len(self.nodes.documents)}", correlation_id="correlation-1", user_id=user)
        made = self.files.create(Viewer(user), wanted, idempotency_key=None, origin=origin)
        file_id = str(made["id"])
        self.receiving.receive(*self.objects.put(f"uploads/{file_id}", body))
        return file_id

    def drop(self, path: str, body: bytes, *, user: str = USER) -> None:
        """Put an object into a user's inbox."""
        self.receiving.receive(*self.objects.put(f"inbox/{user}/{path}", body))

    def deliver(self, rounds: int = 200) -> None:
        """Deliver everything, `copies` times in a shuffled order, and what follows from it, until it is quiet."""
        for _ in range(rounds):
            self._receive()
            fresh = self.broker.sent[self._read :]
            if not fresh:
                return
            self._read = len(self.broker.sent)
            pending = [message for message in fresh for _ in range(self.copies)]
            self.random.shuffle(pending)
            self.deliver_messages(pending)
        raise AssertionError("the pipeline does not come to rest")

    def _receive(self, *, tries: int = 40) -> None:
        """What S3 tells of objects that Leanda stored itself: through a queue, which repeats it until it is acknowledged."""
        while self.notified:
            stored = self.notified[0]
            for _ in range(self.copies):
                for _ in range(tries):
                    try:
                        self.receiving.receive(*stored)
                        break
                    except (self.death, Unavailable):
                        continue
            if stored in self.notified:  # else somebody received it while this one slept
                self.notified.remove(stored)

    def deliver_messages(self, messages: list[Message]) -> None:
        """Deliver exactly these, in batches of one to seven."""
        while messages:
            size = self.random.randint(1, 7)
            batch, messages = messages[:size], messages[size:]
            for consumer, types in self.consumers:
                self.feed(consumer, [one for one in batch if self._wanted(consumer, types, one)])

    def feed(self, consumer: Consumer, messages: list[Message], *, tries: int = 40) -> None:
        """Deliver to one consumer until it has acknowledged all, from the first one on that it did not."""
        for _ in range(tries):
            if not messages:
                return
            event, first = self._msk(messages), self._offset - len(messages) + 1
            try:
                answer = consumer.consume(event, self.time_left)
            except self.death:
                continue  # nothing was acknowledged: all of it comes again
            offsets = [failure["itemIdentifier"]["offset"] for failure in answer["batchItemFailures"]]
            messages = messages[min(offsets) - first :] if offsets else []
        raise AssertionError(f"{consumer.name} never acknowledges {len(messages)} records")

    def wait_out(self) -> None:
        """Deliver, and then let days pass, until the watchdog and the sweep have nothing more to do."""
        self.drain()
        for _ in range(30):
            self.clock.forward(hours=25)
            rest = [self._scheduled(done) for done in (self._watched, self._swept, self._hashed)]
            self.drain()
            if all(rest):
                return
        raise AssertionError("the watchdog and the sweep never come to rest")

    def _watched(self) -> bool:
        return not any(self.watchdog.look_after().values())

    def _swept(self) -> bool:
        counts = self.sweeping.sweep()
        return not any(count for name, count in counts.items() if name != "compared")

    def _hashed(self) -> bool:
        return not any(self.hashing.hash_due().values())

    def drain(self) -> None:
        """Deliver until it is quiet, with the relays."""
        self.deliver()
        for _ in range(20):
            self.clock.forward(seconds=6)
            rest = self._scheduled(lambda: not relay((self.nodes, self.runs, self.uploads, self.blobs)))
            self.deliver()
            if rest:
                return
        raise AssertionError("the outboxes never empty")

    def _scheduled(self, comes_to_rest: Callable[[], bool]) -> bool:
        """What a schedule wakes: whether it had nothing to do. One that dies or fails is woken again the next time."""
        try:
            return comes_to_rest()
        except (self.death, Unavailable):
            return False

    def _wanted(self, consumer: Consumer, types: set[str], message: Message) -> bool:
        event = Event.from_bytes(message.body)
        if event.type not in types:
            return False
        if consumer.name == "search-on-record-events" and "records.parsed" in event.type:
            wanted = (event.data["run"], event.data["chunk"]) == (1, 0)
        elif consumer.name.startswith("parsers-"):
            wanted = event.data["kind"] == consumer.name.split("-")[1] and bool(event.data.get("process", True))
        else:
            wanted = True
        return wanted and not self.lost(consumer, event)

    def _msk(self, messages: list[Message]) -> dict[str, Any]:
        records: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            self._offset += 1
            records.setdefault("all-0", []).append(
                {
                    "topic": "all",
                    "partition": 0,
                    "offset": self._offset,
                    "key": base64.b64encode(message.key.encode()).decode(),
                    "value": base64.b64encode(message.body).decode(),
                }
            )
        return {"records": records}

    def _consumers(self) -> list[tuple[Consumer, set[str]]]:
        follower = Follower(self.nodes, self.runs, Cascades(self.nodes, self.runs, self.clock), self.clock)
        tracker = Tracker(self.nodes, self.runs, self.records, self.artefacts, self.clock)
        processing = Processing("none", self.artefacts, self.broker, self.guard, self.clock)
        uploads = Uploads(self.uploading, Unpacking(self.uploads, self.blobs, self.objects, self.clock), self.blobs)
        records = RecordIndexer(
            index=self.index,
            authority=self.authority,
            artefacts=self.artefacts,
            publisher=self.broker,
            clock=self.clock,
        )
        nodes = NodeIndexer(self.index, self.authority, Hiding(self.notes, self.clock))
        found = [
            self._consumer("files-on-file-events", follower.follow),
            self._consumer("files-on-record-events", tracker.track, group=by_run),
            self._consumer("blobs-on-file-events", uploads.follow),
            self._consumer("processor-on-record-events", processing.process),
            self._consumer("search-on-record-events", records.follow, group=by_records),
            self._consumer("search-on-file-events", nodes.follow, group=whole_batch),
        ]
        for parser in self.parsers:
            name, budget = f"parsers-{parser.kind}", Budget()
            parsing = Parsing(parser, self.source, self.artefacts, self.broker, self.guard, self.clock, budget)
            found.append(self._consumer(f"{name}-on-file-events", parsing.start, budget=budget))
            if f"{name}-on-parser-tasks" in _WANTED:
                found.append(self._consumer(f"{name}-on-parser-tasks", parsing.parse, budget=budget))
        return [(consumer, set(_WANTED[consumer.name])) for consumer in found]

    def _maintenance(self) -> tuple[Reconciler, Rebuild]:
        comparison = Comparison(self.index, self.holdings, self.catalogue, self.authority, self.artefacts, self.clock)
        meter, hiding = self.meter, Hiding(self.notes, self.clock)
        rebuild = Rebuild(
            index=self.index,
            holdings=self.holdings,
            catalogue=self.catalogue,
            artefacts=self.artefacts,
            generations=self.generations,
            notes=self.notes,
            meter=meter,
            clock=self.clock,
            definitions=definitions(local=True),
            comparison=replace(comparison, nodes_alias=next_alias(NODES), records_alias=next_alias(RECORDS)),
            pause=lambda _: None,
        )
        return Reconciler(comparison, self.generations, self.notes, meter, hiding), rebuild

    def _consumer(self, name: str, handle: Callable[..., None], **more: Any) -> Consumer:
        return Consumer(name, handle, self.letters, self.clock, sleep=lambda _: None, **more)


class _Never(BaseException):
    """What nobody raises."""


def _wanted_types() -> Iterator[tuple[str, frozenset[str]]]:
    """The types that each consumer is deployed to get, by its name."""
    for context in CONTEXTS:
        for package, function in context.functions():
            if isinstance(function, Deployed):
                patterns = [one for pattern in function.filters for one in pattern["value"]["type"]]  # type: ignore[index]
                types = {name for name in REGISTRY if any(_fits(name, pattern) for pattern in patterns)}
                handler = function.handler.replace("_", "-")
                yield f"{package.name.replace('/', '-')}-{handler}", frozenset(types)


def _fits(name: str, pattern: str | dict[str, str]) -> bool:
    return name == pattern if isinstance(pattern, str) else name.startswith(pattern["prefix"])


_WANTED: Final = dict(_wanted_types())
