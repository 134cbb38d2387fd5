"""From bytes to text, and to issues and failed records: what formats that are sequences of records need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from leanda import limits
from leanda.contracts.artefacts import FieldValue, Issue, Record, RecordStatus, Severity

BOM: Final = b"\xef\xbb\xbf"
BOM_DROPPED: Final = Issue(
    code="BOM_DROPPED",
    severity=Severity.INFORMATION,
    message="A UTF-8 byte-order mark stood before the text; it was left out.",
)


def decode(raw: bytes) -> tuple[str, tuple[Issue, ...]]:
    """Text of bytes whose encoding no header states.

    UTF-8 if it is valid UTF-8, else Windows-1252 (what laboratory software on Windows writes), else Latin-1, which
    takes every byte. The two guesses come with an Information issue.
    """
    try:
        return raw.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    try:
        text, encoding = raw.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, encoding = raw.decode("latin-1"), "Latin-1"
    return text, (information("ENCODING_ASSUMED", f"The text is not UTF-8; it was read as {encoding}."),)


def error(code: str, message: str, place: str | None = None) -> Issue:
    return Issue(code=code, severity=Severity.ERROR, message=message, place=place)


def warning(code: str, message: str, place: str | None = None) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, message=message, place=place)


def information(code: str, message: str, place: str | None = None) -> Issue:
    return Issue(code=code, severity=Severity.INFORMATION, message=message, place=place)


def line_place(number: int) -> str:
    """The place of a line: counted from the record's own first one, because nobody who reads a chunk knows the file's."""
    return f"line {number} of the record"


def refused(issues: tuple[Issue, ...]) -> bool:
    """Whether one of the issues makes the record a failed one."""
    return any(issue.severity is Severity.ERROR for issue in issues)


def failed(
    type: str, index: int, *issues: Issue, name: str | None = None, fields: tuple[FieldValue, ...] = ()
) -> Record:
    """A record that could not be read: it keeps its place in the file and says why and where.

    An error that names no place of its own is one of the whole record; its number, from 1, is the place.
    """
    placed = tuple(
        issue.model_copy(update={"place": f"record {index + 1}"})
        if issue.severity is Severity.ERROR and issue.place is None
        else issue
        for issue in issues
    )
    return Record(index=index, type=type, status=RecordStatus.FAILED, name=name, fields=fields, issues=placed)


def too_large(what: str, size: int, place: str | None = None, *, most: int = limits.MAX_RECORD_BYTES) -> Issue:
    """The error of a record, or what makes one up, that has more bytes than are accepted."""
    return error("RECORD_TOO_LARGE", f"The {what} has {size:,} bytes; {most:,} are accepted.", place)


def guarded[T](type: str, read: Callable[[bytes, int], T], raw: bytes, index: int) -> T | Record:
    """A record, failed if reading it raises: whatever a record holds, its neighbours must not pay for it.

    Raises:
        MemoryError: that is for whoever set the limit, and names the reason better than a failed record could.
    """
    try:
        return read(raw, index)
    except MemoryError:
        raise
    except Exception as defect:
        message = f"Reading the record ended unexpectedly: {defect.__class__.__name__}: {defect}"
        return failed(type, index, error("RECORD_UNREADABLE", message))


def one_by_one[T](
    type: str, read: Callable[[bytes, int], T], data: bytes, ends: Iterable[int], first_index: int
) -> Iterator[T | Record]:
    """A record, `guarded`, for each end in a byte range; it begins where the one before it ends.

    Args:
        ends: offsets in `data`, ascending.
        first_index: index of the first record.
    """
    start = 0
    for index, end in enumerate(ends, first_index):
        yield guarded(type, read, data[start:end], index)
        start = end
