"""Completes parsed records: typed fields, properties, statistics of fields. Stateless; a repetition gives the same artefacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leanda.changes import messages_of
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.contracts.envelope import Origin
from leanda.contracts.events import Counts, RecordsParsed, RecordsProcessed
from leanda.messaging import Group
from leanda.persistence.artefacts import pack, records_in
from leanda.ports import ArtefactStore, Clock, Publisher
from leanda.statistics import observe, typed

PUBLISH_SECONDS = 10.0


@dataclass(frozen=True)
class Processing:
    """The use case of `processor.on_record_events`.

    Args:
        compute: adds a record's properties.
    """

    compute: Callable[[Record], Record]
    toolkit: str
    artefacts: ArtefactStore
    publisher: Publisher
    clock: Clock

    def process(self, group: Group) -> None:
        for one in group:
            if isinstance(one.data, RecordsParsed):
                self._process(one.data, Origin.of_event(one.event))

    def _process(self, chunk: RecordsParsed, origin: Origin) -> None:
        started = self.clock.now()
        body = self.artefacts.get(chunk.file_id, chunk.run, chunk.chunk, "parsed", chunk.artefact)
        records = [self.compute(typed(record)) for record in records_in(body)]
        where = (chunk.file_id, chunk.run, chunk.chunk)
        artefact = self.artefacts.put(*where, "processed", pack(records))
        statistics = self.artefacts.put(*where, "statistics", pack(observe(records)))
        failed = sum(record.status is RecordStatus.FAILED for record in records)
        processed = RecordsProcessed(
            file_id=chunk.file_id,
            run=chunk.run,
            chunk=chunk.chunk,
            counts=Counts(total=len(records), parsed=len(records) - failed, failed=failed),
            artefact=artefact,
            statistics=statistics,
            toolkit=self.toolkit,
            started_at=started,
            ended_at=self.clock.now(),
        )
        messages = messages_of((processed,), origin, source="processor", at=self.clock.now(), sequence=0)
        self.publisher.publish(messages, timeout=PUBLISH_SECONDS)
