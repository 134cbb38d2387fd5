"""The connection to the document store: one client per sandbox, made on first use; SDK errors become Leanda's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from leanda.errors import Unavailable

Document = dict[str, Any]

_TRANSIENT = (AutoReconnect, ConnectionFailure, ExecutionTimeout, WriteConcernError)

_PASSING: Final = frozenset({6, 7, 89, 91, 189, 9001, 10107, 11600, 13435})
"""Codes of a server that is going away or cannot be reached (MongoDB, "error_codes.yml")."""
_DUPLICATE: Final = 11000


@cache
def database(url: str, name: str, *, secret: str | None = None) -> Database[Document]:
    """The context's own database. `secret` names the Secrets Manager secret with `username` and `password`."""
    options: dict[str, Any] = {}
    if secret:
        import boto3

        value = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
        options = {"username": value["username"], "password": value["password"]}
    client: MongoClient[Document] = MongoClient(
        url,
        maxPoolSize=2,
        maxIdleTimeMS=60_000,
        serverSelectionTimeoutMS=3_000,
        connectTimeoutMS=3_000,
        socketTimeoutMS=20_000,
        retryWrites=False,  # DocumentDB 5.0 refuses them; every write here may be repeated anyway
        tz_aware=True,
        w="majority",
        **options,
    )
    return client[name]


@contextmanager
def store_errors() -> Iterator[None]:
    """Turns the driver's errors into `Unavailable` where waiting can help; anything else is a defect and passes."""
    try:
        yield
    except BulkWriteError as error:
        details = error.details or {}
        problems = details.get("writeErrors", ())
        if details.get("writeConcernErrors") or (problems and all(one["code"] in _PASSING for one in problems)):
            raise Unavailable(detail=f"document store: {details}"[:500]) from error
        raise
    except _TRANSIENT as error:
        raise Unavailable(detail=f"document store: {error}"[:500]) from error
    except OperationFailure as error:
        if error.has_error_label("RetryableWriteError") or error.code in _PASSING:
            raise Unavailable(detail=f"document store: {error}"[:500]) from error
        raise
    except PyMongoError as error:
        if error.timeout:
            raise Unavailable(detail=f"document store: {error}"[:500]) from error
        raise


def insert_new(collection: Collection[Document], documents: Sequence[Document]) -> None:
    """Insert those documents that are not there yet, by `_id`; repeating it changes nothing.

    Raises:
        Unavailable: some may not be there, or not on a majority of the members.
    """
    with store_errors():
        try:
            collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            others = [one for one in details.get("writeErrors", ()) if one["code"] != _DUPLICATE]
            if others or details.get("writeConcernErrors"):
                raise BulkWriteError({**details, "writeErrors": others}) from error
