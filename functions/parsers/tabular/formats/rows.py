"""Where the rows of a delimited text end, found in its bytes.

What a quote means, and a broken one, says `leanda.parsing.quotes`. A line end is LF, CRLF or CR. Blank lines are no rows.
Delimiter, quote and line end are ASCII, and in every encoding that is read here (see `dialect`) an ASCII byte of that
meaning is never a part of another character, so bytes can be searched without decoding them; UTF-16 is first reduced to
one byte per code unit.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from leanda import limits
from leanda.parsing.quotes import Rest, row_pattern

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_PLAIN_ROW: Final = re.compile(rb"[^\r\n]++(?:\r\n|\n|\r)")
_ANY_CONTENT: Final = re.compile(rb"[^\r\n]")


@functools.cache
def _row(delimiter: bytes, rest: Rest) -> re.Pattern[bytes]:
    return re.compile(row_pattern(delimiter.decode("ascii"), rest).encode("ascii"))


def row_ends(
    blocks: Iterable[bytes],
    delimiter: bytes,
    *,
    longest: int = limits.MAX_RECORD_BYTES,
    scan_bytes: int = 64 * limits.KIB,
) -> Iterator[int]:
    """End offset (exclusive, line end included) of every row that is not blank.

    A row longer than `longest` ends at the first line end from there on. A quoted cell that is still open there is broken,
    and so is one that is open at the end of the file.

    Args:
        blocks: the text in an encoding that keeps ASCII, or reduced by `code_units`.
        delimiter: one byte.
        longest: permitted length of a row.
        scan_bytes: blocks are joined up to this size before they are searched; it has no influence on the result.
    """
    return _Scan(delimiter, longest, scan_bytes).ends(blocks)


class _Scan:
    """A pass over blocks: what has been found is yielded, an unfinished row is carried over to the next block."""

    def __init__(self, delimiter: bytes, longest: int, scan_bytes: int) -> None:
        self._delimiter = delimiter
        self._longest = longest
        self._scan_bytes = scan_bytes
        self._base = 0  # Offset of the buffer in the text.
        self._skipping = False  # Inside a row that is longer than allowed, looking for its line end.

    def ends(self, blocks: Iterable[bytes]) -> Iterator[int]:
        pending: list[bytes] = []
        size = carried = 0
        for block in blocks:
            pending.append(block)
            size += len(block)
            # Looking again at an unfinished row only when twice as much is there keeps the whole pass linear.
            if size >= max(self._scan_bytes, min(2 * carried, self._longest + self._scan_bytes)):
                buffer = b"".join(pending)
                # A CR at the end may be half of a CRLF.
                ends, rest = self._scan(buffer, len(buffer) - buffer.endswith(b"\r"), "unknown")
                yield from ends
                pending = [buffer[rest:]]
                size = carried = len(pending[0])
        buffer = b"".join(pending)
        ends, rest = self._scan(buffer, len(buffer), "none")
        yield from ends
        if self._skipping or _ANY_CONTENT.search(buffer, rest):
            yield self._base + len(buffer) - rest

    def _scan(self, buffer: bytes, stop: int, behind: Rest) -> tuple[list[int], int]:
        """Row ends in the text, and where in the buffer the unfinished rest starts."""
        found: list[int] = []
        at = 0
        while True:
            if self._skipping:
                line_end = _LINE_END.search(buffer, at, stop)
                if line_end is None:
                    at = stop
                    break
                self._skipping = False
                at = line_end.end()
                found.append(at)
            at = self._whole_rows(buffer, at, stop, behind, found)
            start = self._first_content(buffer, at, stop)
            if start is None or stop - start <= self._longest:
                break
            # Either unfinished or finished too late; what follows is decided by the offset alone, never by block sizes.
            limit = start + self._longest
            row = _row(self._delimiter, "cut").match(buffer, at, limit)
            if row is not None:
                at = row.end()
                found.append(at)
                continue
            at = limit
            self._skipping = True
        base = self._base
        self._base += at
        return [base + end for end in found], at

    def _whole_rows(self, buffer: bytes, at: int, stop: int, behind: Rest, found: list[int]) -> int:
        """Collect the rows that end before `stop` and are not too long; the end of the last of them."""
        if buffer.find(b'"', at, stop) < 0 and stop - at <= self._longest:
            last_line_end = max(buffer.rfind(b"\n", at, stop), buffer.rfind(b"\r", at, stop)) + 1
            found.extend([row.end() for row in _PLAIN_ROW.finditer(buffer, at, last_line_end)])
            return max(at, last_line_end)
        match, longest = _row(self._delimiter, behind).match, self._longest
        while (row := match(buffer, at, stop)) is not None:
            end = row.end()
            if end - at > longest:
                start = self._first_content(buffer, at, stop)
                if start is not None and end - start > longest:
                    break
            found.append(end)
            at = end
        return at

    @staticmethod
    def _first_content(buffer: bytes, at: int, stop: int) -> int | None:
        content = _ANY_CONTENT.search(buffer, at, stop)
        return content.start() if content else None
