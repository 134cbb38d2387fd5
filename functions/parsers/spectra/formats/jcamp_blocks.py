"""Blocks and labels of JCAMP-DX: where a spectrum starts and ends, and which labelled data records it has.

McDonald and Wilks, Applied Spectroscopy 42 (1988) 151 (JCAMP-DX 4.24): section 3 (labels and comments) and 4 (LINK
blocks); Lampen et al., Applied Spectroscopy 53 (1999) 1031 and Davies and Lampen, Applied Spectroscopy 47 (1993) 1093
(NTUPLES, JCAMP-DX 5); Gasteiger et al., Applied Spectroscopy 45 (1991) 4 (structures, JCAMP-CS).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from functions.parsers.spectra.formats.text import Unreadable

MAX_LABELS: Final = 20_000

_LABEL: Final = re.compile(rb"[\r\n](?:\xef\xbb\xbf)?[ \t]{0,20}##([^=\r\n]{0,120})=")
_SEPARATORS: Final = rb"[ \t_/-]{0,4}"
_MAKING_BLOCKS: Final = re.compile(
    rb"[\r\n](?:\xef\xbb\xbf)?[ \t]{0,20}##("
    + rb"|".join(
        _SEPARATORS + _SEPARATORS.join(bytes([letter]) for letter in label) + _SEPARATORS
        for label in (b"TITLE", b"END", b"BLOCKS", b"DATATYPE", b"JCAMPCS")
    )
    + rb")=",
    re.IGNORECASE,
)
"""The labels that make blocks, found without looking at the others."""
_FIRST_LABEL: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]{0,20}##([^=\r\n]{0,120})=")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_IGNORED: Final = re.compile(rb"[\s_/-]")
_VALUE: Final = 100
"""Bytes looked at behind a label, for its value or the end of its line."""
_CARRIED: Final = 300
"""Bytes kept from one block of the file to the next, should it cut a label or what is looked at behind it."""


def normalised(label: bytes) -> bytes:
    """A label as it is compared: capitals, without blanks, dashes, slashes and underlines (4.24, section 3.1.1)."""
    return _IGNORED.sub(b"", label).upper()


def ends(blocks: Iterable[bytes]) -> Iterator[int]:
    """End offset of each spectrum of a file given in blocks of any size.

    A spectrum is a block, from `##TITLE=` to the line `##END=`, that is neither a LINK block nor a structure (JCAMP-CS).
    What stands between two of them (the head of a LINK block, a structure) belongs to the one that follows, at the
    file's end to the last one. A block without end counts, too. It does not matter where reading starts: the same
    blocks are found in any range that starts behind the end of one.
    """
    scanner = _Scanner()
    buffer, base = b"\n", -1  # The file begins as a line does.
    held: int | None = None  # The last end found; only structures may follow it.
    for block in blocks:
        buffer += block
        for end in scanner.scan(buffer, len(buffer) - _CARRIED):
            if held is not None:
                yield held
            held = base + end
        done = max(scanner.position, len(buffer) - _CARRIED, 0)
        base, buffer, scanner.position = base + done, buffer[done:], 0
    for end in scanner.scan(buffer, len(buffer)):
        if held is not None:
            yield held
        held = base + end
    if scanner.open_block:
        if held is not None:
            yield held
        held = base + len(buffer)
    if held is not None:
        yield base + len(buffer)


class _Scanner:
    """Follows the labels that make blocks.

    Attributes:
        open_block: whether a `##TITLE=` waits for its `##END=` or for a block inside of it.
        position: up to where the buffer is scanned.
    """

    def __init__(self) -> None:
        self.open_block = self._no_spectrum = False
        self.position = 0

    def scan(self, buffer: bytes, safe: int) -> Iterator[int]:
        """Ends of spectra whose last label starts before `safe`, as positions in the buffer."""
        for match in _MAKING_BLOCKS.finditer(buffer, self.position):
            if match.start() >= safe:
                return
            self.position = match.end()
            label = normalised(match[1])
            if label == b"TITLE":
                if self.open_block and not self._no_spectrum:
                    yield match.start() + 1
                self.open_block, self._no_spectrum = True, False
            elif label in (b"JCAMPCS", b"BLOCKS"):
                self._no_spectrum = True
            elif label == b"DATATYPE":
                self._no_spectrum |= is_link(buffer[match.end() : match.end() + _VALUE])
            elif label == b"END":
                closes_spectrum = self.open_block and not self._no_spectrum
                self.open_block = self._no_spectrum = False
                if closes_spectrum:
                    line_end = _LINE_END.search(buffer, match.end(), match.end() + _VALUE)
                    yield line_end.end() if line_end else min(match.end() + _VALUE, len(buffer))


def is_link(value: bytes) -> bool:
    """Whether the value of a DATA TYPE, of which the beginning is enough, says LINK."""
    lines = value[:_VALUE].split(b"$$")[0].split(None, 1)
    return bool(lines) and normalised(lines[0]) == b"LINK"


@dataclass(frozen=True)
class Label:
    """A labelled data record: its label as written and normalised, and where its value stands in the data."""

    name: str
    key: str
    at: int
    start: int
    end: int


@dataclass(frozen=True)
class Block:
    """One block of a range: its labels, in order. `closed` is False when its `##END=` is missing."""

    labels: tuple[Label, ...]
    closed: bool

    @property
    def start(self) -> int:
        return self.labels[0].at

    @property
    def end(self) -> int:
        return self.labels[-1].end

    def get(self, *keys: str) -> Label | None:
        """The first label of the first key that the block has."""
        return next((label for key in keys for label in self.labels if label.key == key), None)


def blocks_of(data: bytes) -> Iterator[Block]:
    """The blocks of a range, in the order in which they start; a LINK block ends where the first of its blocks starts."""
    found: list[Label] = []
    for label in _labels(data):
        if label.key == "TITLE":
            if found:
                yield Block(tuple(found), closed=False)
            found = [label]
        elif label.key == "END":
            if found:
                yield Block((*found, label), closed=True)
            found = []
        elif found:
            found.append(label)
            if len(found) > MAX_LABELS:
                raise Unreadable("TOO_MANY_LABELS", f"The block has more than {MAX_LABELS:,} labels.")
    if found:
        yield Block(tuple(found), closed=False)


def _labels(data: bytes) -> Iterator[Label]:
    first = _FIRST_LABEL.match(data)
    before: re.Match[bytes] | None = None
    for match in chain([first] if first else [], _LABEL.finditer(data)):
        if before:
            yield _label(before, match.start())
        before = match
    if before:
        yield _label(before, len(data))


def _label(match: re.Match[bytes], end: int) -> Label:
    name, key = match[1].decode("latin-1").strip(), normalised(match[1]).decode("latin-1")
    return Label(name, key, match.start(1) - 2, match.end(), end)
