"""Artefacts in memory and in S3 do the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from leanda.contracts.artefacts import FieldValue, Record, Structure
from leanda.errors import NotFound, Unavailable
from leanda.persistence.artefacts import S3ArtefactStore, json_line, pack, records_in, row_line, rows_in
from tests.fakes.artefacts import FakeArtefacts

BUCKET = "leanda-test-artefacts"
MANY = 1_200
"""More than S3 lists, or removes, at once."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3ArtefactStore]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield S3ArtefactStore(client, BUCKET)


@pytest.fixture(params=["memory", "s3"])
def artefacts(request: pytest.FixtureRequest) -> Any:
    return FakeArtefacts() if request.param == "memory" else request.getfixturevalue("s3")


def test_what_was_put_is_there_by_its_content(artefacts: Any) -> None:
    sha = artefacts.put("f", 1, 0, "parsed", b"body")
    assert artefacts.put("f", 1, 0, "parsed", b"body") == sha
    assert artefacts.get("f", 1, 0, "parsed", sha) == b"body"
    with pytest.raises(NotFound):
        artefacts.get("f", 1, 0, "processed", sha)


def test_exactly_one_run_of_one_file_is_removed(artefacts: Any) -> None:
    kept = [
        (place, artefacts.put(*place, b"kept"))
        for place in (("f", 2, 0, "parsed"), ("f", 11, 0, "parsed"), ("ff", 1, 0, "parsed"))
    ]
    gone = [artefacts.put("f", 1, n, "parsed", b"gone") for n in range(MANY)]
    assert artefacts.remove("f", 1) == MANY
    assert artefacts.remove("f", 1) == 0
    with pytest.raises(NotFound):
        artefacts.get("f", 1, 7, "parsed", gone[7])
    assert all(artefacts.get(*place, sha) == b"kept" for place, sha in kept)


def test_a_bucket_that_does_not_answer_is_waited_for(s3: S3ArtefactStore) -> None:
    with pytest.raises(Unavailable):
        S3ArtefactStore(s3._client, "leanda-test-nowhere").remove("f", 1)


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
