from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from functions.parsers import bounded
from functions.parsers.bounded import Bounded
from leanda.contracts.artefacts import FieldValue, Record
from leanda.errors import FileBomb
from leanda.parsing.format import WritingWholeFormat
from leanda.parsing.records import error, failed
from leanda.persistence.artefacts import json_line


class Pages:
    """A format whose file states, a line each, how long a page's text is; `0` is a page that cannot be read."""

    name, version, empty_is_failure = "pages", "1", True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        for index, line in enumerate(file):
            if int(line):
                yield Record(index=index, type="page", fields=(FieldValue(name="text", value="é" * int(line)),))
            else:
                yield failed("page", index, error("PAGE_UNREADABLE", "The page cannot be read."))


def test_parsed_records_are_written_as_their_lines_and_failed_ones_stay_records() -> None:
    format = Bounded(Pages())
    assert isinstance(format, WritingWholeFormat)
    file = io.BytesIO(b"10\n0\n20\n")
    first, second, third = format.records(file)
    assert list(format.written(file)) == [json_line(first), second, json_line(third)]


def test_records_that_say_far_more_than_the_file_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "GRACE_BYTES", 300)
    with pytest.raises(FileBomb) as bomb:
        list(Bounded(Pages()).written(io.BytesIO(b"10\n10\n1000\n")))
    assert bomb.value.detail == "record 3 passes the bound"
