"""Where the data blocks of a CIF begin and end, found in its bytes.

CIF 1.1 syntax (IUCr, "CIF syntax specification" 1.1, paragraphs 12 to 22): a block starts with a token `data_…`, in any case,
that is neither in a text field, nor in quotes, nor in a comment. A text field starts with a semicolon that is the first
character of a line and ends with the next such one; nothing else spans lines. So one bit and the current line decide, and a
file can be cut without reading its values. A text field that is never closed hides the blocks behind it, as it does from
every reader that follows the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from leanda import limits
from leanda.parsing.records import BOM

_TEXT_FIELD: Final = (b"\n;", b"\r;")
_HEADER: Final = b"data_"
_BLANKS: Final = b" \t\r\n"
_END: Final = {
    ord("'"): re.compile(rb"'(?=[ \t\r\n])|[\r\n]"),
    ord('"'): re.compile(rb'"(?=[ \t\r\n])|[\r\n]'),
    ord("#"): re.compile(rb"[\r\n]"),
}
"""By its first character: where a quotation or a comment ends, at the latest with its line."""
_TOKENS: Final = re.compile(
    rb"(?:[ \t]++"
    rb"|'(?:[^'\r\n]|'(?![ \t\r\n]))*+'(?=[ \t\r\n])"
    rb'|"(?:[^"\r\n]|"(?![ \t\r\n]))*+"(?=[ \t\r\n])'
    rb"|[^ \t'\"#\r\n][^ \t\r\n]*+(?=[ \t]))*+"
)
"""Whole tokens of one line; it stops at a comment, and at a quote that does not end before."""
_NOWHERE: Final = 1 << 62
_OVERLAP: Final = len(b"\ndata")
_LONGEST_LINE: Final = limits.MIB
"""CIF 1.1 permits 2,048 characters. Of a line longer than this only the end is looked at."""


def boundaries(blocks: Iterable[bytes]) -> Iterator[int]:
    """End offset of each data block of a CIF that is given in blocks of any size.

    What stands before the first `data_` belongs to the first data block, comments before a later one to the block before.
    """
    scan = _Scan()
    opened = False
    for block in blocks:
        for start in scan.headers(block):
            if opened:
                yield start
            opened = True
    for start in scan.headers(b"\n", last=True):
        if opened:
            yield start
        opened = True
    if opened:
        yield scan.length


class _Scan:
    """Finds `data_` tokens; carries the current line from one block to the next."""

    def __init__(self) -> None:
        self._buffer = b"\n"  # The file begins as a line does.
        self._base = -1  # Offset of the buffer in the file.
        self._position = 0  # Up to here the buffer has been searched.
        self._checked = 1  # A place on the current line up to which its tokens are known to be whole.
        self._in_text_field = False
        self.length = 0

    def headers(self, block: bytes, *, last: bool = False) -> Iterator[int]:
        """Offsets of block headers that can be told now. The last call gives a line end that is not in the file."""
        self.length += 0 if last else len(block)
        self._buffer += block
        if self._base < 0 and len(self._buffer) <= len(BOM) and not last:
            return
        if self._base < 0 and self._buffer.startswith(BOM, 1):
            self._buffer = b"\n   " + self._buffer[1 + len(BOM) :]
        fields = _Next(self._buffer, _TEXT_FIELD)
        headers = _Next(self._buffer.lower(), (_HEADER,))
        while True:
            field, header = fields.after(self._position), headers.after(self._position)
            if field < header or (self._in_text_field and field < _NOWHERE):
                self._in_text_field = not self._in_text_field
                self._position = self._checked = field + len(_TEXT_FIELD[0])
            elif header < _NOWHERE and not self._in_text_field:
                self._position = header + len(_HEADER)
                if self._buffer[header - 1] in _BLANKS and self._is_token(header):
                    yield self._base + header
            else:
                self._position = max(self._position, len(self._buffer) - _OVERLAP)
                break
        self._drop()

    def _is_token(self, at: int) -> bool:
        """Whether a token starts here, and not the inside of quotes or a comment; moves on where it does not."""
        line = self._line_start(at)
        tokens = _TOKENS.match(self._buffer, line, at)
        self._checked = tokens.end() if tokens else line
        if self._checked == at:
            return True
        if pattern := _END.get(self._buffer[self._checked]):
            end = pattern.search(self._buffer, at)
            if end is None:
                self._position = len(self._buffer)
            elif end[0] in b"\r\n":
                self._position = end.start()
            else:
                self._position = self._checked = end.end()
        return False

    def _line_start(self, at: int) -> int:
        """Where the line with this place starts, or the place on it up to which all is known."""
        checked = self._checked
        return max(self._buffer.rfind(b"\n", checked, at) + 1, self._buffer.rfind(b"\r", checked, at) + 1, checked)

    def _drop(self) -> None:
        """Forget what is no longer needed: all before the current line, and the beginning of a line that is too long."""
        keep = self._position
        if not self._in_text_field:
            keep = max(self._line_start(self._position), self._position - _LONGEST_LINE)
        keep -= 1  # A line or a blank before is what tells a token's beginning.
        if keep > 0:
            self._buffer = self._buffer[keep:]
            self._base += keep
            self._position -= keep
            self._checked = max(self._checked - keep, 0)


class _Next:
    """Where the next of some words stands; each is looked for again only behind its last place.

    Searching plain words one by one runs at memory speed, a regular expression for all of them at a thirtieth of that.
    """

    def __init__(self, buffer: bytes, words: tuple[bytes, ...]) -> None:
        self._buffer = buffer
        self._places = dict.fromkeys(words, -1)

    def after(self, position: int) -> int:
        """The first place from a position on, which never goes back; `_NOWHERE` if there is none."""
        for word, place in self._places.items():
            if place < position:
                found = self._buffer.find(word, position)
                self._places[word] = found if found >= 0 else _NOWHERE
        return min(self._places.values())
