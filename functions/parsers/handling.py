"""What every parser does with its events: plan a file, parse a chunk, tell the verdict. A parser adds its formats, nothing else.

A parser owns nothing: it reads bytes through discovery, writes artefacts, publishes, and acknowledges. A repetition writes the
same artefacts and publishes the same event ids.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain

from functions.parsers.guarded import Artefact, read_chunk, read_whole
from leanda import limits
from leanda.changes import messages_of
from leanda.contracts.envelope import Origin
from leanda.contracts.events import (
    ChunkRow,
    ChunksPlanned,
    EventData,
    ParseChunk,
    ParseFailed,
    RecordsParsed,
    RunRequest,
)
from leanda.errors import FileEmpty, FormatMismatch, LeandaError, NoRecords, ParseFailure
from leanda.guard import Guard
from leanda.messaging import Group
from leanda.parsing.format import Format, WholeFormat
from leanda.parsing.inflate import Compression, blocks, compression_of, inflate_head
from leanda.parsing.planner import cut, plan
from leanda.ports import ArtefactStore, BlobSource, Clock, Publisher

PUBLISH_SECONDS = 10.0


WHOLE_BYTES = 512 * limits.MIB
"""Files that are read with random access may have at most this size, uncompressed: they must fit the function's disk."""


class FileTooLargeToRead(ParseFailure):
    code, summary = (
        "FILE_TOO_LARGE_TO_READ",
        f"A file of this format is read up to {WHOLE_BYTES} bytes only; it is kept.",
    )


class PlanBroken(LeandaError):
    """A defect of ours, never of the file: planning and reading a chunk must find the same records."""

    code, summary = "PLAN_BROKEN", "The chunk does not hold the records that were planned."


@dataclass(frozen=True)
class Parser:
    """One parser: its kind and its formats by name. Without formats (`generic`) a file is good and has no records."""

    kind: str
    formats: Mapping[str, Format | WholeFormat]

    @property
    def name(self) -> str:
        return f"leanda-{self.kind}"

    def format(self, name: str) -> Format | WholeFormat:
        try:
            return self.formats[name]
        except KeyError as error:
            raise FormatMismatch(detail=f"{self.name} does not read {name}") from error


@dataclass(frozen=True)
class Parsing:
    """The use cases of a parser's two handlers."""

    parser: Parser
    blobs: BlobSource
    artefacts: ArtefactStore
    publisher: Publisher
    guard: Guard
    clock: Clock

    def start(self, group: Group) -> None:
        """Plan a file: announce its chunks; small ones are parsed at once, the others become tasks."""
        for one in group:
            if isinstance(one.data, RunRequest):
                self._start(one.data, Origin.of_event(one.event))

    def parse(self, group: Group) -> None:
        """Parse one chunk."""
        for one in group:
            if isinstance(one.data, ParseChunk):
                self._parse_task(one.data, Origin.of_event(one.event))

    def _start(self, request: RunRequest, origin: Origin) -> None:
        started = self.clock.now()
        try:
            rows, events = self._planned(request)
        except ParseFailure as failure:
            known = self.parser.formats.get(request.format)
            verdict = ParseFailed(
                file_id=request.file_id,
                run=request.run,
                code=failure.code,
                message=failure.message,
                detail=failure.detail,
                parser=self.parser.name,
                version=known.version if known else "1",
                started_at=started,
                ended_at=self.clock.now(),
            )
            self._publish((verdict,), origin)
            return
        announced = ChunksPlanned(file_id=request.file_id, run=request.run, chunks=tuple(rows))
        self._publish((announced, *events), origin)

    def _planned(self, request: RunRequest) -> tuple[list[ChunkRow], list[EventData]]:
        if request.size == 0:
            raise FileEmpty
        if not self.parser.formats:
            return [], []
        format = self.parser.format(request.format)
        opened = _Opened(self.blobs.blocks(request.blob_id))
        if isinstance(format, WholeFormat):
            return self._whole(request, format, opened)
        if opened.compression is None and request.size > limits.PARSE_AT_ONCE_BYTES:
            rows = list(plan(format, opened.blocks, head=opened.head, size=request.size))
            if len(rows) > 1:
                return rows, [self._task(request, row) for row in rows]
            data = (
                b"".join(self.blobs.blocks(request.blob_id, offset=rows[0].offset, length=rows[0].length))
                if rows
                else b""
            )
            return rows, [self._parsed(request, format, row, data, opened.head) for row in rows]
        size = None if opened.compression else request.size
        return self._cut(request, format, opened, size)

    def _cut(
        self, request: RunRequest, format: Format, opened: _Opened, size: int | None
    ) -> tuple[list[ChunkRow], list[EventData]]:
        """Small or compressed input: chunks are cut in the same pass. What one invocation cannot do becomes tasks,
        which find a compressed file's bytes in artefacts, because a range of it cannot be read."""
        rows: list[ChunkRow] = []
        events: list[EventData] = []
        parsed_bytes = 0
        for row, data in cut(format, opened.blocks, head=opened.head, size=size):
            parsed_bytes += len(data)
            if not rows or parsed_bytes <= limits.PARSE_AT_ONCE_BYTES:
                rows.append(row)
                events.append(self._parsed(request, format, row, data, opened.head))
                continue
            sha = self.artefacts.put(request.file_id, request.run, row.n, "input", data)
            rows.append(row.model_copy(update={"input_sha": sha}))
            events.append(self._task(request, rows[-1]))
        return rows, events

    def _whole(
        self, request: RunRequest, format: WholeFormat, opened: _Opened
    ) -> tuple[list[ChunkRow], list[EventData]]:
        """A file that is read with random access: all of it, now, on disk when it is large."""
        rows: list[ChunkRow] = []
        events: list[EventData] = []
        with tempfile.NamedTemporaryFile() as file:
            for block in opened.blocks:
                file.write(block)
                if file.tell() > WHOLE_BYTES:
                    raise FileTooLargeToRead
            file.flush()
            results = read_whole(self.guard, self.parser.kind, format.name, file.name)
            first = 0
            for n, some in enumerate(batched(results, limits.CHUNK_RECORDS, strict=False)):
                started = self.clock.now()
                artefact = Artefact()
                for result in some:
                    artefact.add(result)
                row = ChunkRow(n=n, offset=0, length=0, first_index=first, count=len(some))
                first += len(some)
                rows.append(row)
                events.append(self._announced(request, format, row, artefact, started))
        if not rows and format.empty_is_failure:
            raise NoRecords
        return rows, events

    def _task(self, request: RunRequest, row: ChunkRow) -> ParseChunk:
        return ParseChunk(
            file_id=request.file_id,
            run=request.run,
            chunk=row.n,
            blob_id=request.blob_id,
            kind=request.kind,
            format=request.format,
            row=row,
        )

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
        self._publish((self._parsed(task, format, row, data, head),), origin)

    def _parsed(
        self, asked: RunRequest | ParseChunk, format: Format, row: ChunkRow, data: bytes, head: bytes
    ) -> RecordsParsed:
        started = self.clock.now()
        artefact = read_chunk(self.guard, self.parser.kind, format, row, data, head)
        return self._announced(asked, format, row, artefact, started)

    def _announced(
        self,
        asked: RunRequest | ParseChunk,
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
