"""The real files of the samples' manifest: each has its kind and ends with the outcome and as many records as its row says."""

from __future__ import annotations

from typing import Final

import pytest

from functions.parsers.reading import _parser
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import ParseFailure
from leanda.parsing.format import Format, WholeFormat
from leanda.parsing.signatures import ROWS, decide
from tests.samples import SampleRow, rows_to_collect, samples_root
from tests.unit.parsers.reading import boundaries, read

BLOCK: Final = 64 * limits.KIB
KIND_OF: Final = {row.format: row.kind for row in ROWS}
GROUPS: Final = {"csv": "tabular", "spreadsheet": "tabular", "image": "image", "microscopy": "microscopy"}
"""What the manifest calls one format and the signature table several."""
NONE_IS_ZERO: Final = {"chemical", "reaction"}
"""Kinds of which the manifest states no number where there is no record; but for drawings."""
LOOKS_LIKE: Final = {"Aspirin.mol": "sdf"}
"""Content beats the name: this one ends with a delimiter of SD files."""
ROWS_OF_PARSERS: Final = [row for row in rows_to_collect() if row.format in GROUPS or row.format in KIND_OF]


def test_the_samples_are_there_and_every_one_but_an_oracle_is_read() -> None:
    samples_root()
    assert {row.format for row in rows_to_collect()} - {row.format for row in ROWS_OF_PARSERS} == {"oracle"}


@pytest.mark.parametrize("row", ROWS_OF_PARSERS, ids=lambda row: row.path)
def test_a_sample_has_the_kind_the_outcome_and_the_records_of_its_row(row: SampleRow) -> None:
    stored, content = row.file.read_bytes(), row.read_bytes()
    kind = decide(stored[: limits.HEAD_BYTES], row.name, len(stored))
    assert kind.compression == ("gzip" if row.name.endswith(".gz") else None)
    if row.format in GROUPS:
        assert kind.kind == GROUPS[row.format]
    else:
        assert (kind.kind, kind.format) == (KIND_OF[row.format], LOOKS_LIKE.get(row.name, row.format))
    form = _parser(kind.kind).format(kind.format)
    outcome, records = ended(form, content)
    if row.expected == "either":
        return
    assert outcome == row.expected
    if row.records is None and kind.kind in NONE_IS_ZERO and not isinstance(form, WholeFormat):
        assert not records
    elif row.records is not None and not (kind.kind == "image" and outcome == "invalid"):
        assert len(records) == row.records


def ended(form: Format | WholeFormat, content: bytes) -> tuple[str, list[Record]]:
    """Valid, partial or invalid as the manifest means it, and the records."""
    try:
        records = read(form, content)
        if not isinstance(form, WholeFormat):
            assert len(boundaries(form, content, BLOCK)) == len(records)
    except ParseFailure:
        return "invalid", []
    good = sum(record.status is RecordStatus.PARSED for record in records)
    if not good and (records or form.empty_is_failure):
        return "invalid", records
    return "valid" if good == len(records) else "partial", records
