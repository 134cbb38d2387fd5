"""What the document store's errors mean: wait and try again, or a defect; never that something is stored that may not be."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from leanda.errors import Unavailable
from leanda.persistence.client import insert_new, store_errors

DUPLICATE, STEPPED_DOWN, TOO_LARGE = 11000, 189, 10334
NOT_REPLICATED = {"code": 64, "errmsg": "waiting for replication timed out"}


def bulk(*codes: int, concern: bool = False) -> BulkWriteError:
    problems = [{"index": n, "code": code, "errmsg": "so it is"} for n, code in enumerate(codes)]
    return BulkWriteError({"writeErrors": problems, "writeConcernErrors": [NOT_REPLICATED] if concern else []})


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("gone"),
        NetworkTimeout("slow"),
        ServerSelectionTimeoutError("nobody there"),
        ExecutionTimeout("slow", 50),
        WriteConcernError("not replicated", 64),
        WTimeoutError("not replicated in time", 64),
        OperationFailure("stepped down", STEPPED_DOWN),
        OperationFailure("try again", 1, {"errorLabels": ["RetryableWriteError"]}),
        bulk(STEPPED_DOWN),
        bulk(concern=True),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'code', '')}",
)
def test_what_passes_is_waited_for(error: PyMongoError) -> None:
    with pytest.raises(Unavailable), store_errors():
        raise error


@pytest.mark.parametrize(
    "error", [OperationFailure("no", 2), ConfigurationError("no"), bulk(TOO_LARGE), bulk(STEPPED_DOWN, TOO_LARGE)]
)
def test_what_does_not_pass_is_a_defect(error: PyMongoError) -> None:
    with pytest.raises(type(error)), store_errors():
        raise error


class Collection:
    """One that answers an insert with an error."""

    def __init__(self, error: PyMongoError) -> None:
        self._error = error

    def insert_many(self, documents: Any, *, ordered: bool) -> None:
        assert not ordered, "a duplicate does not keep those behind it out"
        raise self._error


def inserted(error: PyMongoError) -> None:
    insert_new(Collection(error), [{"_id": 1}])  # type: ignore[arg-type]


def test_documents_that_are_there_are_no_error() -> None:
    inserted(bulk(DUPLICATE, DUPLICATE))


@pytest.mark.parametrize(
    "error", [bulk(concern=True), bulk(DUPLICATE, concern=True), bulk(DUPLICATE, STEPPED_DOWN), AutoReconnect("gone")]
)
def test_nothing_is_taken_as_stored_that_may_be_lost(error: PyMongoError) -> None:
    with pytest.raises(Unavailable):
        inserted(error)


def test_a_document_that_cannot_be_stored_is_a_defect() -> None:
    with pytest.raises(BulkWriteError):
        inserted(bulk(DUPLICATE, TOO_LARGE))
