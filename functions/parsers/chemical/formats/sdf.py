"""SDfile: molfiles (V2000 or V3000) with data items, each closed by a line that starts with `$$$$`.

Format: BIOVIA "CTfile Formats" (2020), chapter "SDfiles (Structure-Data files)".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from functions.parsers import toolkit
from leanda import limits
from leanda.contracts.artefacts import Issue, Record, RecordStatus
from leanda.parsing import ctab
from leanda.parsing.format import WritingFormat, Written, records_of
from leanda.parsing.records import (
    BOM,
    BOM_DROPPED,
    decode,
    error,
    failed,
    information,
    one_by_one,
    refused,
    too_large,
    warning,
)
from leanda.persistence.artefacts import row_line

MOLFILE: Final = "chemical/x-mdl-molfile"

MAX_DATA_ITEMS: Final = 10_000

_DELIMITER: Final = b"$$$$"
_LINE_END: Final = re.compile(rb"[\r\n]")
_NOT_BLANK: Final = re.compile(rb"\S")
_HEADER: Final = re.compile(rb"(?:[^\r\n]*+(?:\r\n|\r|\n)){3}")
_TABLE_END: Final = b"M  END"
_FIRST_ITEM: Final = re.compile(rb"(?<=[\r\n])>[^\r\n]*<")
_HEADER_NUMBER: Final = re.compile(r"\bDT\d+\b")
_ANOTHER_MOLFILE: Final = re.compile(r"^(?:[ 0-9]{6}.{27}.* V[23]000[ \t]*|M  END[ \t]*)$", re.MULTILINE)
"""A counts line with its version, or the end of a molfile."""
_MOLFILE_WORDS: Final = ("M  END", " V2000", " V3000")
_HEADER_IN_VALUE: Final = re.compile(r">\s.*<[^<>]+>")


class SdfFormat:
    """See `leanda.parsing.format.WritingFormat`. An unterminated last record counts if it holds more than blanks."""

    name = "sdf"
    version = "3"
    empty_is_failure = True
    together = False

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        return boundaries(blocks)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        return records_of(self.written(data, first_index=first_index, head=head))

    def written(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Written]:  # noqa: ARG002
        return one_by_one("molecule", _record, data, boundaries([data]), first_index)


FORMAT: WritingFormat = SdfFormat()


def boundaries(blocks: Iterable[bytes]) -> Iterator[int]:
    """End offset of each record of an SDfile given in blocks of any size.

    Searches whole blocks and carries at most four bytes from one to the next: the byte before the place to go on at
    (a delimiter counts only at the beginning of a line) and the beginning of a delimiter that a block's end cuts.
    """
    carry = b"\n"  # The file begins as a line does.
    base, buffer = -1, carry
    in_delimiter = text_seen = False
    for block in blocks:
        base += len(buffer) - len(carry)
        buffer = carry + block
        position = 1
        while True:
            if in_delimiter:
                line_end = _LINE_END.search(buffer, position)
                if line_end is None:
                    position = len(buffer)
                    break
                end = line_end.end()
                if line_end[0] == b"\r":
                    if end == len(buffer):
                        position = end - 1  # The next block tells CR from CR LF.
                        break
                    end += buffer.startswith(b"\n", end)
                yield base + end
                position, in_delimiter, text_seen = end, False, False
            found = buffer.find(_DELIMITER, position)
            if found < 0:
                text_seen = text_seen or _NOT_BLANK.search(buffer, position) is not None
                break
            text_seen = True
            if buffer[found - 1] in b"\r\n":
                position, in_delimiter = found + len(_DELIMITER), True
            else:  # Dollars inside of a line: no delimiter before the next line.
                line_end = _LINE_END.search(buffer, found)
                if line_end is None:
                    position = len(buffer)
                    break
                position = line_end.end()
        carry = buffer[max(position - 1, len(buffer) - len(_DELIMITER)) :]
    if text_seen:
        yield base + len(buffer)


def _record(raw: bytes, index: int) -> Written:
    if len(raw) > limits.MAX_RECORD_BYTES:
        return failed("molecule", index, too_large("record", len(raw)))
    issues: tuple[Issue, ...] = ()
    if raw.startswith(BOM):
        raw, issues = raw[len(BOM) :], (BOM_DROPPED,)
    raw = _without_delimiter(raw)
    if not raw.strip():
        return failed("molecule", index, error("RECORD_EMPTY", "There is nothing between the delimiters."))
    block_end = _block_end(raw)
    block, block_issues = decode(raw[:block_end])
    items, items_issues = decode(raw[block_end:])
    issues += block_issues or items_issues
    lines = raw[:block_end].splitlines()
    name = decode(lines[0])[0].strip() or None
    issues += ctab.check(lines)
    if not refused(issues):
        issues += toolkit.verdict(block)
    fields, item_issues = data_items(items)
    issues += item_issues
    if refused(issues):
        return failed("molecule", index, *issues, name=name)
    # As plain values: thirty data items as models cost as much as finding them in the text.
    record: dict[str, Any] = {"index": index, "type": "molecule", "status": RecordStatus.PARSED}
    if name:
        record["name"] = name
    record["structure"] = {"mediaType": MOLFILE, "text": block}
    record["fields"] = fields
    record["properties"] = {}
    record["issues"] = [issue.to_json_dict() for issue in issues]
    return row_line(record)


def _without_delimiter(raw: bytes) -> bytes:
    """A record without its last line if that is the delimiter."""
    body = raw.rstrip(b"\r\n")
    last = max(body.rfind(b"\n"), body.rfind(b"\r")) + 1
    return raw[:last] if body.startswith(_DELIMITER, last) else raw


def _block_end(raw: bytes) -> int:
    """Where the molfile block ends: behind the line `M  END`, or before the first data item if there is none."""
    header = _HEADER.match(raw)
    at = raw.find(_TABLE_END, header.end()) if header else -1
    while at >= 0 and raw[at - 1] not in b"\r\n":
        at = raw.find(_TABLE_END, at + 1)
    if at >= 0:
        line_end = _LINE_END.search(raw, at)
        if line_end is None:
            return len(raw)
        return line_end.end() + raw.startswith(b"\r\n", line_end.start())
    item = _FIRST_ITEM.search(raw, header.end() if header else 0)
    return item.start() if item else len(raw)


def data_items(text: str) -> tuple[list[dict[str, str]], tuple[Issue, ...]]:
    """Data items in file order, as fields: `name` and `value`, which is text exactly as in the file (several lines joined by a
    line feed).

    A blank line ends a value. Text that follows it without a header belongs to the value before, with the blank lines
    between them: programs write blank lines inside of values, although the format has no place for them. A molfile in
    there is that of the next record: the delimiter before it is missing.
    """
    items: list[tuple[str, list[str]]] = []
    notes: dict[tuple[str, str], Issue] = {}
    value: list[str] | None = None  # Lines of the value that is open.
    blanks: list[str] = []  # Blank lines since it was closed.
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        blank = not line or line.isspace()
        if value is not None and not blank:
            if line[0] != ">" or not _HEADER_IN_VALUE.match(line):
                value.append(line)
                continue
            message = f"No blank line ends the value of {items[-1][0]}."
            notes["DATA_ITEM_OPEN", items[-1][0]] = information("DATA_ITEM_OPEN", message)
        if blank:
            value = None
            blanks.append(line)
            continue
        if line[0] == ">":
            value = []
            items.append((_field_name(line), value))
        elif items:
            name, value = items[-1]
            value.extend((*blanks, line))
            message = f"The value of {name} has a blank line inside."
            notes.setdefault(("DATA_BLANK_LINE", name), warning("DATA_BLANK_LINE", message, _behind_molfile(number)))
        else:
            message = f"Text behind the molecule belongs to no data item: {line[:40]}."
            notes["TEXT_OUTSIDE_DATA", line[:40]] = information("TEXT_OUTSIDE_DATA", message)
        blanks.clear()
        if len(items) > MAX_DATA_ITEMS or len(notes) > MAX_DATA_ITEMS:
            return [], (error("TOO_MANY_FIELDS", f"The record has more than {MAX_DATA_ITEMS:,} data items."),)
    fields = [{"name": name, "value": "\n".join(lines)} for name, lines in items]
    if any(word in text for word in _MOLFILE_WORDS) and (another := _ANOTHER_MOLFILE.search(text)):
        place = _behind_molfile(text.count("\n", 0, another.start()) + 1)
        message = "A molfile stands among the data items: the line $$$$ before it is missing. What follows is not of this molecule."
        notes["DELIMITER_MISSING", ""] = warning("DELIMITER_MISSING", message, place)
    return fields, tuple(notes.values())


def _behind_molfile(line: int) -> str:
    return f"line {line} behind the molfile"


def _field_name(header: str) -> str:
    """Name in a data header: `>  <NAME>`, `> 25 <NAME> (4)`, `> DT12`, or whatever stands there."""
    start, end = header.find("<"), header.rfind(">")
    if 0 < start < end:
        return header[start + 1 : end]
    number = _HEADER_NUMBER.search(header)
    return number[0] if number else header[1:].strip()
