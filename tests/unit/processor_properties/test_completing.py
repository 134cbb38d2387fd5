"""Chunks whose time runs out, and structures that kill the toolkit: every record stays, and their statistics count all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from functions.processor.completing import with_properties
from functions.processor.use_cases import CHUNK_SECONDS, LOST_SECONDS, Processing
from leanda.contracts.artefacts import FieldValue, Issue, Record, RecordStatus, Row, Structure
from leanda.contracts.envelope import Origin
from leanda.contracts.events import Counts, RecordsParsed, RecordsProcessed
from leanda.contracts.registry import event_of
from leanda.guard import ChildDied, Death
from leanda.messaging import Received
from leanda.messaging.records import KafkaRecord
from leanda.persistence.artefacts import pack, records_in, statistics_in
from leanda.ports import SystemClock
from tests.fakes.artefacts import FakeArtefacts
from tests.fakes.guard import InProcessGuard
from tests.fakes.messaging import FakePublisher

AT = datetime(2026, 11, 25, tzinfo=UTC)
FILE = "3f1c2f43-6a0e-4f39-9d52-5a39c4a0c001"
RECORDS = 10


class Guard:
    """The real call in this process. It dies on the records of these positions, and each record takes some seconds."""

    def __init__(self, *deadly: int, seconds: float = 0.0) -> None:
        self.deadly, self.each, self.clock, self.calls = set(deadly), seconds, 0.0, 0

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        self.calls += 1
        assert self.calls <= RECORDS + 2, "it goes round in circles"
        positions = count(arguments["skip"])
        for result in InProcessGuard().stream(call, arguments, payload):
            if result[:1] in (b"0", b"1"):
                self.clock += self.each
                if (position := next(positions)) in self.deadly and position not in arguments["without"]:
                    raise ChildDied(Death.CRASHED, "signal SIGSEGV")
            yield result


def completed(guard: Guard) -> tuple[list[Record], Any]:
    """The records and the statistics of their one field after processing."""
    artefacts, publisher = FakeArtefacts(), FakePublisher()
    body = pack(Record(index=n, type="row", fields=(FieldValue(name="number", value=str(n)),)) for n in range(RECORDS))
    chunk = RecordsParsed(
        file_id=FILE,
        run=1,
        chunk=0,
        counts=Counts(total=RECORDS, parsed=RECORDS),
        artefact=artefacts.put(FILE, 1, 0, "parsed", body),
        parser="leanda-tabular",
        version="1",
        started_at=AT,
        ended_at=AT,
    )
    event = event_of(chunk, Origin(cause="test", correlation_id="test"), source="parsers", at=AT, sequence=0)
    received = Received(KafkaRecord("record-events", 0, 0, FILE, event.to_bytes()), event, chunk)
    processing = Processing("Indigo", artefacts, publisher, guard, SystemClock(), seconds=lambda: guard.clock)
    processing.process([received])
    (told,) = publisher.events(RecordsProcessed.TYPE)
    records = records_in(artefacts.get(FILE, 1, 0, "processed", told.data["artefact"]))
    (statistics,) = statistics_in(artefacts.get(FILE, 1, 0, "statistics", told.data["statistics"]))
    return list(records), statistics


def without_properties(records: list[Record]) -> list[int]:
    return [record.index for record in records if any(issue.code.startswith("PARSER_") for issue in record.issues)]


@pytest.mark.parametrize(
    ("guard", "left_out"),
    [
        (Guard(), []),
        (Guard(3, 7), [3, 7]),
        (Guard(0, 9), [0, 9]),
        (Guard(seconds=CHUNK_SECONDS / RECORDS), []),
        (Guard(seconds=CHUNK_SECONDS / 4.5), [5, 6, 7, 8, 9]),
        (Guard(seconds=CHUNK_SECONDS / 9.5), []),
        (Guard(2, 4, 6, 8, seconds=LOST_SECONDS / 2.5), [2, 4, 6, 7, 8, 9]),
    ],
    ids=[
        "good",
        "two die",
        "first and last die",
        "just in time",
        "too slow",
        "too late at its end",
        "too much is lost",
    ],
)
def test_all_records_stay_and_are_counted_whatever_happens_to_some(guard: Guard, left_out: list[int]) -> None:
    records, statistics = completed(guard)
    assert [record.index for record in records] == list(range(RECORDS))
    assert [record.fields[0].value for record in records] == list(range(RECORDS))
    assert without_properties(records) == left_out
    assert (statistics.count, statistics.minimum, statistics.maximum) == (RECORDS, 0, RECORDS - 1)


def molecule(smiles: str, *issues: Issue) -> Row:
    structure = Structure(media_type="chemical/x-daylight-smiles", text=smiles)
    record = Record(index=3, type="molecule", name="x", structure=structure, issues=issues, properties={"given": 1})
    return record.to_json_dict()


def test_a_molecule_gets_properties_beside_those_it_has_and_names_its_toolkit() -> None:
    given = molecule("CCO")
    done = with_properties(given)
    assert done["toolkit"] == "Indigo 1.46.0"
    assert (done["properties"]["given"], done["properties"]["molecularFormula"]) == (1, "C2H6O")
    assert {**done, "properties": {"given": 1}} == {**given, "toolkit": done["toolkit"]}


def test_computing_again_gives_the_same_record() -> None:
    kept = Issue(code="BOM_DROPPED", message="from the parser")
    once = with_properties(molecule("CFC", kept))
    assert [issue["code"] for issue in once["issues"]] == ["BOM_DROPPED", *["PROPERTY_FAILED"] * 3]
    assert with_properties(once) == once


@pytest.mark.parametrize(
    "given",
    [
        Record(index=0, type="molecule", status=RecordStatus.FAILED),
        Record(index=0, type="row"),
        Record(index=0, type="crystal", structure=Structure(media_type="chemical/x-cif", text="data_")),
    ],
)
def test_records_without_a_molecule_stay_as_they_are(given: Record) -> None:
    row = given.to_json_dict()
    assert with_properties(row) is row
