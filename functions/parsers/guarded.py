"""Reading under guard: a record that kills its reader fails alone; its neighbours are read by the next child."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from leanda.contracts.artefacts import Issue, Record, RecordStatus, Severity
from leanda.contracts.events import ChunkRow, Counts
from leanda.errors import ParseFailure
from leanda.guard import CallFailed, ChildDied, Guard
from leanda.guard.child import SENTENCES
from leanda.observability import logger
from leanda.parsing.format import Format, WritingFormat
from leanda.persistence.artefacts import PackedLines, json_line

CHUNK_SECONDS: Final = 600.0
"""Time that one chunk may cost in all. The largest chunk of the largest file needs less than half of it on one whole processor."""
LOST_SECONDS: Final = 120.0
"""Of that, what may be lost to records that kill their reader: only hostile files come here."""
GAVE_UP: Final = "PARSER_GAVE_UP"
"""The code of records that were not reached in that time."""


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
        """A result: one record, or several good ones, a line each."""
        self._lines.add(result[1:])
        self.total += 1 + result.count(b"\n")
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


def read_chunk(
    guard: Guard,
    kind: str,
    format: Format,
    row: ChunkRow,
    data: bytes,
    head: bytes,
    *,
    seconds: float = CHUNK_SECONDS,
    now: Callable[[], float] = time.monotonic,
) -> Artefact:
    """All records of a chunk, in at most so many seconds and what one more record takes.

    Raises:
        ParseFailure: the format's verdict on the file.
    """
    artefact, offset, until, lost = Artefact(), 0, now() + seconds, 0.0
    ends: list[int] | None = None
    together = isinstance(format, WritingFormat) and format.together
    while True:
        arguments: dict[str, Any] = {
            "kind": kind,
            "format": format.name,
            "head": len(head),
            "firstIndex": row.first_index + artefact.total,
            "together": together,
        }
        last = now()
        try:
            for result in guard.stream("functions.parsers.reading:read_chunk", arguments, head + data[offset:]):
                artefact.add(result)
                last = now()
                if last > until:
                    break
            else:
                return artefact
        except CallFailed as failed:
            raise _verdict(failed) from failed
        except ChildDied as died:
            if together:  # which of the records that would have come together is seen when they come one by one
                together, ends = False, _ends(format, row, data, head)
                offset = ends[artefact.total - 1] if artefact.total else 0
                continue
            lost += now() - last
            guilty = row.first_index + artefact.total
            logger.warning("a record killed its reader", code=str(died.death), detail=died.detail, record=guilty)
            artefact.add_failed(guilty, str(died.death), SENTENCES[died.death])
        if ends is None:
            ends = _ends(format, row, data, head)
        if artefact.total >= len(ends):
            return artefact
        if last > until or lost > LOST_SECONDS or (row.count is not None and len(ends) != row.count):
            for index in range(row.first_index + artefact.total, row.first_index + (row.count or len(ends))):
                artefact.add_failed(
                    index, GAVE_UP, "Reading this chunk was given up: others took all the time there is."
                )
            return artefact
        offset = ends[artefact.total - 1]


def _ends(format: Format, row: ChunkRow, data: bytes, head: bytes) -> list[int]:
    return list(format.boundaries([data], head=head, first_index=row.first_index))


def read_whole(guard: Guard, kind: str, format_name: str, path: str, *, together: bool = False) -> Iterator[bytes]:
    """The records of a whole file as results, each one record.

    What was read before the reader died is kept; a failed record stands where it ended and says that nothing after it was read.
    Its parts point at each other, so there is no place behind the guilty one where another reader could begin.

    Args:
        together: let good records come several at a time; after a death all are read again one by one, to know how far it came.

    Raises:
        ParseFailure: the format's verdict, or the death of its reader before the first record.
    """
    arguments, read = {"kind": kind, "format": format_name, "path": path, "together": together}, 0
    try:
        for result in guard.stream("functions.parsers.reading:read_whole", arguments, b""):
            if b"\n" not in result:
                yield result
                read += 1
                continue
            for line in result[1:].split(b"\n"):
                yield b"0" + line
                read += 1
    except CallFailed as failed:
        raise _verdict(failed) from failed
    except ChildDied as died:
        if together:
            yield from islice(read_whole(guard, kind, format_name, path), read, None)
            return
        if not read:
            raise ReaderDied(died) from died
        logger.warning("a file killed its reader", code=str(died.death), detail=died.detail, record=read)
        yield failed_record(read, str(died.death), f"{SENTENCES[died.death]} What comes after this place was not read.")


def _verdict(failed: CallFailed) -> Exception:
    """A verdict has a code; anything else is a defect of ours and stays one."""
    return ReaderRefused(failed) if failed.code else RuntimeError(str(failed))
