"""Reading under guard: a record that kills its reader fails alone; its neighbours are read by the next child."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from leanda.contracts.artefacts import Issue, Record, RecordStatus, Severity
from leanda.contracts.events import ChunkRow, Counts
from leanda.errors import ParseFailure
from leanda.guard import CallFailed, ChildDied, Guard
from leanda.guard.child import SENTENCES
from leanda.observability import logger
from leanda.parsing.format import Format
from leanda.persistence.artefacts import PackedLines, json_line

CHUNK_SECONDS: Final = 120.0
"""Time that one chunk may cost in all. What is not read by then fails with `PARSER_GAVE_UP`: only hostile files come here."""
GAVE_UP: Final = "PARSER_GAVE_UP"


class ReaderDied(ParseFailure):
    """The whole file killed its reader, so there is no record to blame."""

    def __init__(self, died: ChildDied) -> None:
        super().__init__(SENTENCES[died.death], detail=died.detail)
        self.code = str(died.death)  # type: ignore[misc]  # one class, four codes


class ReaderRefused(ParseFailure):
    """A format's own verdict on the file, brought over from the child."""

    def __init__(self, failed: CallFailed) -> None:
        super().__init__(failed.message, detail=failed.detail)
        self.code = failed.code or ParseFailure.code  # type: ignore[misc]


@dataclass
class Artefact:
    """A body of records while it is made, counted."""

    total: int = 0
    failed: int = 0
    _lines: PackedLines = field(default_factory=PackedLines)

    def add(self, result: bytes) -> None:
        self._lines.add(result[1:])
        self.total += 1
        self.failed += result[:1] == b"1"

    def add_failed(self, index: int, code: str, message: str) -> None:
        self.add(failed_record(index, code, message))

    def finished(self) -> tuple[bytes, Counts]:
        counts = Counts(total=self.total, parsed=self.total - self.failed, failed=self.failed)
        return self._lines.finished(), counts


def failed_record(index: int, code: str, message: str) -> bytes:
    """The result that stands for a record which nobody could read."""
    issue = Issue(code=code, severity=Severity.ERROR, message=message, place=f"record {index + 1}")
    return b"1" + json_line(Record(index=index, type="unknown", status=RecordStatus.FAILED, issues=(issue,)))


def read_chunk(guard: Guard, kind: str, format: Format, row: ChunkRow, data: bytes, head: bytes) -> Artefact:
    """All records of a chunk.

    Raises:
        ParseFailure: the format's verdict on the file.
    """
    artefact, offset, until = Artefact(), 0, time.monotonic() + CHUNK_SECONDS
    ends: list[int] | None = None
    while True:
        arguments: dict[str, Any] = {
            "kind": kind,
            "format": format.name,
            "head": len(head),
            "firstIndex": row.first_index + artefact.total,
        }
        try:
            for result in guard.stream("functions.parsers.reading:read_chunk", arguments, head + data[offset:]):
                artefact.add(result)
            return artefact
        except CallFailed as failed:
            raise _verdict(failed) from failed
        except ChildDied as died:
            guilty = row.first_index + artefact.total
            logger.warning("a record killed its reader", code=str(died.death), detail=died.detail, record=guilty)
            artefact.add_failed(guilty, str(died.death), SENTENCES[died.death])
            if ends is None:
                ends = list(format.boundaries([data], head=head, first_index=row.first_index))
            left = len(ends) - artefact.total
            if left <= 0:
                return artefact
            if time.monotonic() > until or (row.count is not None and len(ends) != row.count):
                for index in range(row.first_index + artefact.total, row.first_index + (row.count or len(ends))):
                    message = (
                        "Reading this chunk was given up, because records before this one took all the time there is."
                    )
                    artefact.add_failed(index, GAVE_UP, message)
                return artefact
            offset = ends[artefact.total - 1]


def read_whole(guard: Guard, kind: str, format_name: str, path: str) -> Iterator[bytes]:
    """The records of a whole file as results.

    What was read before the reader died is kept; a failed record stands where it ended and says that nothing after it was read.
    Its parts point at each other, so there is no place behind the guilty one where another reader could begin.

    Raises:
        ParseFailure: the format's verdict, or the death of its reader before the first record.
    """
    arguments, read = {"kind": kind, "format": format_name, "path": path}, 0
    try:
        for result in guard.stream("functions.parsers.reading:read_whole", arguments, b""):
            yield result
            read += 1
    except CallFailed as failed:
        raise _verdict(failed) from failed
    except ChildDied as died:
        if not read:
            raise ReaderDied(died) from died
        logger.warning("a file killed its reader", code=str(died.death), detail=died.detail, record=read)
        yield failed_record(read, str(died.death), f"{SENTENCES[died.death]} What comes after this place was not read.")


def _verdict(failed: CallFailed) -> Exception:
    """A verdict has a code; anything else is a defect of ours and stays one."""
    return ReaderRefused(failed) if failed.code else RuntimeError(str(failed))
