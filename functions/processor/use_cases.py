"""Completes parsed records: typed fields, properties, statistics of fields. Stateless; a repetition gives the same artefacts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from functions.processor.completing import result
from leanda.changes import messages_of
from leanda.contracts.artefacts import Issue, Row, Severity
from leanda.contracts.envelope import Origin
from leanda.contracts.events import Counts, RecordsParsed, RecordsProcessed
from leanda.errors import LeandaError
from leanda.guard import ChildDied, Death, Guard
from leanda.messaging import Group
from leanda.persistence.artefacts import PackedLines, rows_in
from leanda.ports import ArtefactStore, Clock, Publisher
from leanda.statistics import typed

PUBLISH_SECONDS: Final = 10.0
CHUNK_SECONDS: Final = 600.0
"""Time that the properties of one chunk may cost; records that are not reached by then stay without, with a warning."""
LOST_SECONDS: Final = 180.0
"""Of that, what may be lost to structures that kill the toolkit."""
NOT_COMPUTED: Final = {
    "PARSER_TIMEOUT": "The properties were not computed: it took longer than is allowed.",
    "PARSER_MEMORY": "The properties were not computed: it needed more memory than is allowed.",
    "PARSER_OUTPUT": "The properties were not computed: they are larger than is allowed.",
    "PARSER_CRASHED": "The properties were not computed: the toolkit crashed on this structure.",
}


class ChunkChanged(LeandaError):
    """A defect of ours: the processed chunk does not hold the records of the parsed one."""

    code, summary = "CHUNK_CHANGED", "The processed chunk does not hold the records that were parsed."


@dataclass(frozen=True)
class Processing:
    """The use case of `processor.on_record_events`."""

    toolkit: str
    artefacts: ArtefactStore
    publisher: Publisher
    guard: Guard
    clock: Clock
    seconds: Callable[[], float] = time.monotonic

    def process(self, group: Group) -> None:
        for one in group:
            if isinstance(one.data, RecordsParsed):
                self._process(one.data, Origin.of_event(one.event))

    def _process(self, chunk: RecordsParsed, origin: Origin) -> None:
        started = self.clock.now()
        body = self.artefacts.get(chunk.file_id, chunk.run, chunk.chunk, "parsed", chunk.artefact)
        done = self._completed(body)
        if (done.total, done.failed) != (chunk.counts.total, chunk.counts.failed):
            raise ChunkChanged(detail=f"{chunk.counts} became {done.total}, {done.failed} failed")
        where = (chunk.file_id, chunk.run, chunk.chunk)
        artefact = self.artefacts.put(*where, "processed", done.records.finished())
        statistics = self.artefacts.put(*where, "statistics", done.statistics.finished())
        processed = RecordsProcessed(
            file_id=chunk.file_id,
            run=chunk.run,
            chunk=chunk.chunk,
            counts=Counts(total=done.total, parsed=done.total - done.failed, failed=done.failed),
            artefact=artefact,
            statistics=statistics,
            toolkit=self.toolkit,
            started_at=started,
            ended_at=self.clock.now(),
        )
        messages = messages_of((processed,), origin, source="processor", at=self.clock.now(), sequence=0)
        self.publisher.publish(messages, timeout=PUBLISH_SECONDS)

    def _completed(self, body: bytes) -> _Completed:
        """Every record, by as many children as it takes: one that kills its child stays, without properties."""
        done, without, until, lost = _Completed(), list[int](), self.seconds() + CHUNK_SECONDS, 0.0
        while True:
            last, reason, rest = self.seconds(), str(Death.TIMED_OUT), None
            arguments = {"skip": done.total, "without": without}
            try:
                for each in self.guard.stream("functions.processor.completing:complete", arguments, body):
                    done.add(each)
                    last = self.seconds()
                    if last > until and not done.has_statistics:
                        break
                else:
                    return done
            except ChildDied as died:
                lost += self.seconds() - last
                reason = str(died.death)
                rest = done.total + 1 if lost <= LOST_SECONDS else None
                if done.has_statistics or done.total == sum(1 for _ in rows_in(body)):
                    raise  # no record is to blame
            for record in islice(rows_in(body), done.total, rest):
                without.append(done.total)
                done.add(_without_properties(typed(record), reason))
            if rest is None:
                until = math.inf  # only the statistics are left


@dataclass
class _Completed:
    """Artefacts of a chunk while they are made."""

    total: int = 0
    failed: int = 0
    has_statistics: bool = False
    records: PackedLines = field(default_factory=PackedLines)
    statistics: PackedLines = field(default_factory=PackedLines)

    def add(self, result: bytes) -> None:
        flag, line = result[:1], result[1:]
        if flag == b".":
            return
        if flag == b"S":
            self.statistics.add(line)
            self.has_statistics = True
            return
        self.total += 1
        self.failed += flag == b"1"
        self.records.add(line)


def _without_properties(record: Row, code: str) -> bytes:
    place = f"record {record['index'] + 1}"
    issue = Issue(code=code, severity=Severity.WARNING, message=NOT_COMPUTED[code], place=place)
    return result({**record, "issues": [*record["issues"], issue.to_json_dict()]})
