"""What was there before the golden samples arrived: files, bytes and artefacts that the samples speak of.

Causes come before effects: a run is never heard of before the bytes that started it. So each consumer begins in a world in
which the causes have happened, and within it the samples may come in any order and as often as they like.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cdk.contexts.table import Consumer as Row
from functions.files import domain
from functions.parsers.reading import _parser
from functions.search.hiding import Hiding
from functions.search.indexing import NodeIndexer, RecordIndexer, whole_batch
from functions.search.mappings import definitions
from leanda.contracts.artefacts import FieldStatistics, Record, RecordStatus
from leanda.contracts.envelope import Event
from leanda.contracts.events import (
    BlobStored,
    Counts,
    FileDeleted,
    FileReprocessRequested,
    ParseChunk,
    RecordsParsed,
    RecordsProcessed,
    RunAdvanced,
    RunState,
)
from leanda.contracts.registry import data_of
from leanda.messaging.consumer import Consumer
from leanda.persistence.artefacts import pack
from tests.fakes.messaging import FakePublisher
from tests.fakes.pipeline import Pipeline
from tests.unit.search.fakes import MemoryAuthority, MemoryIndex, facts
from tools.generate.lambda_events import fitting, msk_event
from tools.generate.samples import artefact_sample, sample

METHANE = (
    "methane\n  sample\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\nM  END\n"
)


def body_of[T](model: type[T]) -> T:
    """The body of a type's golden sample."""
    data = data_of(sample(model.TYPE))  # type: ignore[attr-defined]
    assert isinstance(data, model)
    return data


@dataclass
class World:
    """A consumer on fakes, and how to look at what it left."""

    consumer: Consumer
    letters: list[Any]
    state: Callable[[], Any]
    broker: FakePublisher = field(default_factory=FakePublisher)
    kind: str = ""

    def first(self, row: Row) -> Event:
        """The first fitting sample."""
        return _fitting_original(fitting(row)[0], self.kind)

    def deliver(self, row: Row, *, copies: int, seed: int) -> None:
        """All fitting samples, `copies` times, shuffled by `seed` (0: as they are), in batches of one to five."""
        chance = random.Random(seed)
        events = [_fitting_original(event, self.kind) for event in fitting(row) for _ in range(copies)]
        if seed:
            chance.shuffle(events)
        while events:
            size = chance.randint(1, 5)
            batch, events = events[:size], events[size:]
            answer = self.consumer.consume(msk_event(row.topic, batch), lambda: 1000.0)
            assert answer == {"batchItemFailures": []}

    def outcome(self) -> Any:
        """The state, and what was announced; each announcement once, as the log keeps it."""
        told = {message.event_id: Event.from_bytes(message.body) for message in self.broker.sent}
        # How many steps a run announces on its way depends on what is handled together; where it ends does not.
        announced = {key: event.model_dump() for key, event in told.items() if event.type != RunAdvanced.TYPE}
        return {"state": self.state(), "announced": announced}


def world_of(package: str, handler: str) -> World:
    """The world of one consumer of the CDK tables."""
    name = f"{package.replace('/', '-')}-{handler.replace('_', '-')}"
    if package == "search":
        return _search(handler)
    kind = package.partition("/")[2]
    cloud = Pipeline([_parser(kind)] if kind else [])
    by_name = {consumer.name: consumer for consumer, _ in cloud.consumers}
    assert name in by_name, (
        f"there is no {name} in tests/fakes/pipeline.py; give it one, so that the samples can be delivered"
    )
    _bytes(cloud, kind)
    if package == "files":
        _stored(cloud, by_name["files-on-file-events"])
        _table(cloud)
    _artefacts(cloud)
    return World(by_name[name], cloud.letters.letters, lambda: _documents(cloud), cloud.broker, kind)


def _documents(cloud: Pipeline) -> Any:
    """All documents without what counts writes: how often a document was written is nobody's business."""
    kept = [cloud.nodes.documents, cloud.runs.documents, cloud.records.documents]
    hidden = {"revision", "announced", "outbox"}
    shown = [{key: {n: v for n, v in doc.items() if n not in hidden} for key, doc in docs.items()} for docs in kept]
    # Bytes of artefacts are named by their digest, so the names say whether the content is the same.
    return [*shown, sorted(cloud.artefacts.bodies)]


def _stored(cloud: Pipeline, consumer: Consumer) -> None:
    """The sample file has its bytes and its first run."""
    event = sample(BlobStored.TYPE)
    consumer.consume(msk_event(BlobStored.TOPIC, [event]), lambda: 1000.0)
    assert data_of(event).file_id in cloud.nodes.documents
    cloud.broker.sent.clear()


def _table(cloud: Pipeline) -> None:
    """The file that the samples read again, move, delete and restore: processed, one chunk."""
    told, now = body_of(FileDeleted), cloud.clock.now()
    node, _ = domain.announced_file(
        told.file_id, owner_id=told.owner_id, parent=None, name="solubility.csv", size=9344, process=True, at=now
    )
    run = told.run or 1
    node |= {
        "status": "Processed",
        "activeRun": run,
        "latestRun": {"run": run, "state": "Finished"},
        "blob": {"blobId": "b"},
    }
    cloud.nodes.documents[told.file_id] = node | {"outbox": []}
    stored = {"counts": Counts(total=96, parsed=96).to_json_dict(), "artefact": "a" * 64}
    cloud.runs.documents[f"{told.file_id}:{run}"] = {
        "_id": f"{told.file_id}:{run}", "fileId": told.file_id, "run": run, "state": RunState.FINISHED.value, "revision": 3,
        "chunks": {"0": {"stored": stored}}, "plan": {}, "outbox": [],
    }  # fmt: skip


ORIGINALS = {
    "tabular": b"n,comment\n1,one\n2,two\n",
    "reaction": b"$RXN\n\n  sample\n\n  1  1\n$MOL\n" + METHANE.encode() + b"$MOL\n" + METHANE.encode(),
    "crystal": b"data_sample\n_cell_length_a 5.0\n_cell_length_b 5.0\n_cell_length_c 5.0\n_chemical_name_common sample\n",
    "spectra": b"##TITLE=sample\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n"
    b"##FIRSTX=1\n##LASTX=3\n##NPOINTS=3\n##XFACTOR=1\n##YFACTOR=1\n##XYDATA=(X++(Y..Y))\n1 1 2 3\n##END=\n",
    "geometry": b"2\nsample\nO 0 0 0\nH 0 0 0.97\n",
}
"""A small original for each kind whose files are cut into chunks; the samples themselves are about an SDF."""


def _fitting_original(event: Event, kind: str) -> Event:
    """The event as it would be for the small original of a kind: its size, and one chunk that holds all of it."""
    if kind not in ORIGINALS:
        return event
    changed: dict[str, Any] = {"size": len(ORIGINALS[kind])} if "size" in event.data else {}
    if "row" in event.data:
        changed["row"] = {"n": 0, "offset": 0, "length": len(ORIGINALS[kind]), "firstIndex": 0}
    return event.model_copy(update={"data": event.data | changed})


def _bytes(cloud: Pipeline, kind: str) -> None:
    """The originals that the samples speak of; the large SDF is cut exactly as they say."""
    stored, row = body_of(BlobStored), body_of(ParseChunk).row
    again = body_of(FileReprocessRequested)
    large = _molecules(row.count or 1, row.length) + _molecules(25, stored.size - row.length)
    for file_id, blob_id, content in (
        (stored.file_id, stored.blob_id, large),
        (again.file_id, again.blob_id, _molecules(24, again.size)),
    ):
        key = f"uploads/{file_id}"
        cloud.objects.versions[key, "v1"] = ORIGINALS.get(kind, content)
        cloud.blobs.documents[blob_id] = {"_id": blob_id, "key": key, "versionId": "v1", "revision": 0, "outbox": []}


def _molecules(count: int, length: int) -> bytes:
    """So many molecules, which together have exactly `length` bytes."""
    start, end = f"{METHANE}> <Comment>\n", "\n\n$$$$\n"
    sizes = [length // count] * count
    sizes[-1] += length - sum(sizes)
    return "".join(start + "x" * (size - len(start) - len(end)) + end for size in sizes).encode()


def _artefacts(cloud: Pipeline) -> None:
    """The artefacts that the samples name. Their digests were chosen by hand, so the bodies are put under those names."""
    parsed, processed = body_of(RecordsParsed), body_of(RecordsProcessed)
    for event, stage, digest in (
        (parsed, "parsed", parsed.artefact),
        (processed, "processed", processed.artefact),
    ):
        failed = event.counts.failed
        records = [
            Record(index=n, type="row", status=RecordStatus.FAILED if n < failed else RecordStatus.PARSED)
            for n in range(event.counts.total)
        ]
        cloud.artefacts.bodies[event.file_id, event.run, event.chunk, stage, digest] = pack(records)
    statistics = FieldStatistics.model_validate(artefact_sample("field-statistics"))
    where = (processed.file_id, processed.run, processed.chunk, "statistics", processed.statistics)
    cloud.artefacts.bodies[where] = pack([statistics])


def _search(handler: str) -> World:
    cloud, index = Pipeline([]), MemoryIndex()
    for definition in definitions(local=True):
        index.ensure(definition)
    _artefacts(cloud)
    owners = {body_of(BlobStored).file_id, body_of(FileDeleted).file_id}
    authority = MemoryAuthority(*(facts(file_id) for file_id in sorted(owners)))
    indexer: NodeIndexer | RecordIndexer
    if handler == "on_file_events":
        indexer = NodeIndexer(index, authority, Hiding(index.notes, cloud.clock))
    else:
        indexer = RecordIndexer(index, authority, cloud.artefacts, cloud.broker, cloud.clock)
    consumer = Consumer(
        f"search-{handler}", indexer.follow, cloud.letters, cloud.clock, whole_batch, sleep=lambda _: None
    )
    return World(
        consumer, cloud.letters.letters, lambda: copy.deepcopy((index.documents, index.notes.documents())), cloud.broker
    )
