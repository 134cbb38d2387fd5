"""What every parser does with its events: plan a file, parse a chunk, tell the verdict. A parser adds its formats, nothing else.

A parser owns nothing: it reads bytes through discovery, writes artefacts, publishes, and acknowledges. A repetition writes the
same artefacts and publishes the same event ids: the cause of all that planning announces is the request, however often planning
had to go on in another invocation.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Final

from functions.parsers.guarded import CHUNK_SECONDS, Artefact, read_chunk, read_whole
from leanda import limits
from leanda.changes import messages_of
from leanda.contracts.envelope import Origin
from leanda.contracts.events import (
    ChunkRow,
    ChunksPlanned,
    ContinuePlan,
    EventData,
    ParseChunk,
    ParseFailed,
    RecordsParsed,
    RunRequest,
)
from leanda.errors import FileEmpty, FormatMismatch, LeandaError, NoRecords, ParseFailure
from leanda.guard import Guard
from leanda.messaging import Budget, Group
from leanda.parsing import tasks
from leanda.parsing.format import WITH_POSITION, Format, WholeFormat, WritingWholeFormat
from leanda.parsing.inflate import Compression, blocks, compression_of, inflate_head, without_first
from leanda.parsing.planner import Part, cut, parts_of, plan, whole_chunk_records
from leanda.ports import ArtefactStore, BlobSource, Clock, Publisher

PUBLISH_SECONDS: Final = 10.0
AT_ONCE_SECONDS: Final = 120.0
"""The same for a chunk that its planner reads; it is small."""
FETCHING_SECONDS: Final = 30.0
"""What comes to the time of a chunk: its bytes are fetched, its records stored and announced."""
PLANNING_NEEDS_SECONDS: Final = 60.0
"""The next part of a plan may take this long; with less time left planning goes on in another invocation."""

type Planned = tuple[ChunkRow, EventData]


class FileTooLargeToRead(ParseFailure):
    code, summary = "FILE_TOO_LARGE_TO_READ", "The file is larger than files of its format that are read; it is kept."


class PlanBroken(LeandaError):
    """A defect of ours, never of the file: planning and reading a chunk must find the same records."""

    code, summary = "PLAN_BROKEN", "The chunk does not hold the records that were planned."


@dataclass(frozen=True)
class Parser:
    """One parser. Without formats (`generic`) a file is good and has no records.

    Attributes:
        formats: by name.
        whole_bytes: how large a file that is read with random access may be, inflated: it must fit the function's disk.
    """

    kind: str
    formats: Mapping[str, Format | WholeFormat]
    whole_bytes: int = limits.MAX_WHOLE_BYTES

    @property
    def name(self) -> str:
        return f"leanda-{self.kind}"

    def format(self, name: str) -> Format | WholeFormat:
        try:
            return self.formats[name]
        except KeyError as error:
            raise FormatMismatch(detail=f"{self.name} does not read {name}") from error

    def asked(self, request: RunRequest) -> str:
        """The name of the format that a request is read with: the one that tells positions, if that was asked and there is one."""
        with_position = request.format + WITH_POSITION
        return with_position if request.position and with_position in self.formats else request.format


@dataclass(frozen=True)
class Parsing:
    """The use cases of a parser's two handlers."""

    parser: Parser
    blobs: BlobSource
    artefacts: ArtefactStore
    publisher: Publisher
    guard: Guard
    clock: Clock
    budget: Budget = field(default_factory=Budget)

    def start(self, group: Group) -> None:
        """Plan a file: announce its chunks; small ones are parsed at once, the others become tasks."""
        for one in group:
            if (
                isinstance(one.data, RunRequest) and one.data.process
            ):  # a replay hands on what the trigger's filter keeps away
                step = tasks.plan_from_beginning(one.data, self.parser.asked(one.data))
                self._plan(step, tasks.origin_of_tasks(one.event))

    def parse(self, group: Group) -> None:
        """Parse one chunk, or plan on where another invocation had to stop."""
        for one in group:
            if isinstance(one.data, ParseChunk):
                self._parse_task(one.data, Origin.of_event(one.event))
            elif isinstance(one.data, ContinuePlan):
                self._plan(one.data, tasks.origin_of_further_tasks(one.event))

    def _plan(self, step: ContinuePlan, origin: Origin) -> None:
        """Announce the plan from a place on, part by part, until its end or until too little time is left."""
        started = self.clock.now()
        try:
            for part in self._parts(step):
                rows = tuple(row for row, _ in part.chunks)
                announced = ChunksPlanned(
                    file_id=step.file_id, run=step.run, part=part.number, chunks=rows, last=part.last
                )
                events = (announced, *(event for _, event in part.chunks))
                if not part.last and self.budget.left() < PLANNING_NEEDS_SECONDS:
                    further = tasks.plan_further(step, part.number + 1, rows[-1])
                    self._publish((*events, further), origin)
                    return
                self._publish(events, origin)
        except ParseFailure as failure:
            known = self.parser.formats.get(step.format)
            verdict = ParseFailed(
                file_id=step.file_id,
                run=step.run,
                code=failure.code,
                message=failure.message,
                detail=failure.detail,
                parser=self.parser.name,
                version=known.version if known else "1",
                started_at=started,
                ended_at=self.clock.now(),
            )
            self._publish((verdict,), origin)

    def _parts(self, step: ContinuePlan) -> Iterator[Part[Planned]]:
        """The plan from a place on: chunks with what announces each, its task, or its records if it was parsed at once."""
        if step.size == 0:
            raise FileEmpty
        format = self.parser.format(step.format) if self.parser.formats else None
        if format is None or isinstance(format, WholeFormat):
            chunks = tuple(self._whole(step, format)) if format else ()
            return iter((Part(0, chunks, last=True),))
        opened = _Opened(self.blobs.blocks(step.blob_id))
        if opened.compression is None and step.size > limits.PARSE_AT_ONCE_BYTES:
            return parts_of(self._ranges(step, format, opened), first=step.part)
        return parts_of(self._cut(step, format, opened), first=step.part)

    def _ranges(self, step: ContinuePlan, format: Format, opened: _Opened) -> Iterator[Planned]:
        """A big file whose chunks are read by range: tasks, but for the first chunk, which need not wait for its turn."""
        start = tasks.start_of(step)
        content = self.blobs.blocks(step.blob_id, offset=start.offset) if start.n else opened.blocks
        for row in plan(format, content, head=opened.head, size=step.size, start=start):
            if row.n:
                yield row, tasks.parse_chunk(step, row)
            else:
                data = b"".join(self.blobs.blocks(step.blob_id, offset=row.offset, length=row.length))
                yield self._at_once(step, format, row, data, opened.head)

    def _cut(self, step: ContinuePlan, format: Format, opened: _Opened) -> Iterator[Planned]:
        """Small or compressed input: chunks are cut in the same pass. What one invocation cannot do becomes tasks,
        which find a compressed file's bytes in artefacts, because a range of it cannot be read."""
        start, size = tasks.start_of(step), None if opened.compression else step.size
        # Compressed bytes can be entered at their beginning only; inflating is fast next to what planning does with it.
        content = without_first(opened.blocks, start.offset)
        parsed_bytes = 0
        for row, data in cut(format, content, head=opened.head, size=size, start=start):
            parsed_bytes += len(data)
            if row.n == 0 or (not start.n and parsed_bytes <= limits.PARSE_AT_ONCE_BYTES):
                yield self._at_once(step, format, row, data, opened.head)
                continue
            sha = self.artefacts.put(step.file_id, step.run, row.n, "input", data)
            named = row.model_copy(update={"input_sha": sha})
            yield named, tasks.parse_chunk(step, named)

    def _whole(self, step: ContinuePlan, format: WholeFormat) -> Iterator[Planned]:
        """A file that is read with random access: all of it, now, on disk when it is large."""
        n = first = 0
        with tempfile.NamedTemporaryFile(suffix=f".{format.name}") as file:  # some libraries go by a file's name
            for block in _Opened(self.blobs.blocks(step.blob_id)).blocks:
                file.write(block)
                if file.tell() > self.parser.whole_bytes:
                    most = self.parser.whole_bytes // limits.MIB
                    raise FileTooLargeToRead(f"A file of this format is read up to {most:,} MiB; it is kept.")
            file.flush()
            together = isinstance(format, WritingWholeFormat)
            results = read_whole(self.guard, self.parser.kind, format.name, file.name, together=together)
            while some := tuple(islice(results, whole_chunk_records(n))):
                started = self.clock.now()
                artefact = Artefact()
                for result in some:
                    artefact.add(result)
                row = ChunkRow(n=n, offset=0, length=0, first_index=first, count=len(some), at_once=True)
                yield row, self._announced(step, format, row, artefact, started)
                n, first = n + 1, first + len(some)
        if not n and format.empty_is_failure:
            raise NoRecords

    def _at_once(self, step: ContinuePlan, format: Format, row: ChunkRow, data: bytes, head: bytes) -> Planned:
        return row.model_copy(update={"at_once": True}), self._parsed(step, format, row, data, head, AT_ONCE_SECONDS)

    def _parse_task(self, task: ParseChunk, origin: Origin) -> None:
        format, row = self.parser.format(task.format), task.row
        if isinstance(format, WholeFormat):
            raise PlanBroken(detail=f"{task.format} is never cut into tasks")
        if row.input_sha:
            data = self.artefacts.get(task.file_id, task.run, row.n, "input", row.input_sha)
        else:
            data = b"".join(self.blobs.blocks(task.blob_id, offset=row.offset, length=row.length))
        if row.offset == 0:
            head = data[: limits.HEAD_BYTES]
        else:
            start = b"".join(self.blobs.blocks(task.blob_id, offset=0, length=limits.HEAD_BYTES))
            head = inflate_head(start) if compression_of(start) else start
        self._publish((self._parsed(task, format, row, data, head, CHUNK_SECONDS),), origin)

    def _parsed(
        self,
        asked: ContinuePlan | ParseChunk,
        format: Format,
        row: ChunkRow,
        data: bytes,
        head: bytes,
        seconds: float,
    ) -> RecordsParsed:
        started = self.clock.now()
        artefact = read_chunk(self.guard, self.parser.kind, format, row, data, head, seconds=seconds)
        return self._announced(asked, format, row, artefact, started)

    def _announced(
        self,
        asked: ContinuePlan | ParseChunk,
        format: Format | WholeFormat,
        row: ChunkRow,
        artefact: Artefact,
        started: datetime,
    ) -> RecordsParsed:
        body, counts = artefact.finished()
        if row.count is not None and counts.total != row.count:
            raise PlanBroken(detail=f"chunk {row.n}: {row.count} records planned, {counts.total} read")
        sha = self.artefacts.put(asked.file_id, asked.run, row.n, "parsed", body)
        return RecordsParsed(
            file_id=asked.file_id,
            run=asked.run,
            chunk=row.n,
            counts=counts,
            artefact=sha,
            parser=self.parser.name,
            version=format.version,
            started_at=started,
            ended_at=self.clock.now(),
        )

    def _publish(self, events: tuple[EventData, ...], origin: Origin) -> None:
        source = f"parsers/{self.parser.kind}"
        messages = messages_of(events, origin, source=source, at=self.clock.now(), sequence=0)
        self.publisher.publish(messages, timeout=PUBLISH_SECONDS)


class _Opened:
    """An original, opened: how it is compressed, its first uncompressed bytes, and all of its uncompressed blocks."""

    def __init__(self, source: Iterator[bytes]) -> None:
        first = next(source, b"")
        self.compression: Compression | None = compression_of(first)
        self.head = inflate_head(first) if self.compression else first[: limits.HEAD_BYTES]
        self.blocks: Iterable[bytes] = blocks(chain([first], source), self.compression)
