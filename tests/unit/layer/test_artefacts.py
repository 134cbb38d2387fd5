"""Bodies of artefacts: a record is written the same as a model and as plain values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leanda.contracts.artefacts import FieldValue, Record, Structure
from leanda.persistence.artefacts import json_line, pack, records_in, row_line, rows_in

# Any text that may be in a line: a record with half of a surrogate pair is none.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.one_of(TEXTS, st.integers(), st.floats(allow_infinity=False, allow_nan=False), st.booleans())
PROPERTIES = st.dictionaries(TEXTS, st.recursive(VALUES | st.none(), lambda some: st.lists(some, max_size=3)))
RECORDS = st.builds(
    Record,
    index=st.integers(0, 10**9),
    type=TEXTS,
    name=st.none() | TEXTS,
    structure=st.none() | st.builds(Structure, media_type=TEXTS, text=TEXTS),
    fields=st.lists(st.builds(FieldValue, name=TEXTS, value=VALUES | st.none()), max_size=4).map(tuple),
    properties=PROPERTIES,
    toolkit=st.none() | TEXTS,
)


@given(RECORDS)
def test_a_record_read_as_plain_values_is_written_as_its_model_is(record: Record) -> None:
    body = pack([record])
    (row,), (same,) = rows_in(body), records_in(body)
    assert row == same.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert row_line(row) == json_line(record)


def test_a_number_that_json_has_not_is_written_as_in_a_model() -> None:
    record = Record(index=0, type="molecule", properties={"logP": float("inf")})
    (row,) = rows_in(pack([Record(index=0, type="molecule")]))
    assert row_line({**row, "properties": record.properties}) == json_line(record)
