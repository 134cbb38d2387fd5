"""Failed records: why, and always where."""

from __future__ import annotations

import pytest

from leanda.contracts.artefacts import Issue, Record, RecordStatus
from leanda.parsing.records import error, failed, guarded, information, line_place, warning


def places(*issues: Issue) -> list[str | None]:
    return [issue.place for issue in failed("molecule", 4, *issues).issues]


def test_an_error_without_a_place_is_one_of_the_whole_record() -> None:
    assert places(error("A", "a")) == ["record 5"]


def test_a_known_place_stays_and_only_errors_need_one() -> None:
    assert places(error("A", "a", line_place(3)), warning("B", "b"), information("C", "c")) == [
        "line 3 of the record",
        None,
        None,
    ]


@pytest.mark.parametrize("defect", [ValueError("bad"), RecursionError()])
def test_whatever_reading_raises_is_said_of_the_record(defect: Exception) -> None:
    def read(raw: bytes, index: int) -> Record:
        raise defect

    record = guarded("row", read, b"", 0)
    assert (record.status, record.type) == (RecordStatus.FAILED, "row")
    assert [(issue.code, issue.place) for issue in record.issues] == [("RECORD_UNREADABLE", "record 1")]
    assert type(defect).__name__ in record.issues[0].message


def test_memory_that_runs_out_is_for_whoever_limits_it() -> None:
    def read(raw: bytes, index: int) -> Record:
        raise MemoryError

    with pytest.raises(MemoryError):
        guarded("row", read, b"", 0)
