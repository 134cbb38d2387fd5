"""Letters in the document store, failure objects in S3, and the redriving function behind the Invoke API of Lambda."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from pymongo.database import Database

from functions.deadletters.ports import Letter, LetterFilter
from leanda.errors import Unavailable
from leanda.persistence.aggregates import MongoAggregates
from leanda.persistence.client import Document, store_errors
from leanda.ports import Clock, Publisher

# Lists are read without what may be large.
_SHORT: Final = {"outbox": 0, "envelope": 0, "stack": 0, "audit": 0}


class MongoLetters(MongoAggregates):
    """`Letters` on the collection `letters`."""

    def __init__(self, database: Database[Document], publisher: Publisher, clock: Clock, *, patient: bool) -> None:
        super().__init__(database["letters"], publisher, clock, source="deadletters", patient=patient)

    def page(self, wanted: LetterFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Letter]:
        query = _query(wanted)
        if after:
            at, letter_id = after
            query["$or"] = [{"failedAt": {"$lt": at}}, {"failedAt": at, "_id": {"$lt": letter_id}}]
        with store_errors():
            return list(self.collection.find(query, _SHORT).sort([("failedAt", -1), ("_id", -1)]).limit(limit))

    def oldest(self, wanted: LetterFilter, *, limit: int) -> list[Letter]:
        shown = {"outbox": 0, "envelope": 0, "stack": 0}
        with store_errors():
            found = self.collection.find(_query(wanted), shown).sort([("failedAt", 1), ("_id", 1)]).limit(limit)
            return list(found)

    def due(self, now: datetime, *, limit: int) -> list[Letter]:
        with store_errors():
            found = self.collection.find({"dueAt": {"$lte": now}}, {"outbox": 0}).sort([("dueAt", 1), ("_id", 1)])
            return list(found.limit(limit))

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        self.collection.create_index([("dueAt", 1), ("_id", 1)], name="due", sparse=True)
        self.collection.create_index([("failedAt", -1), ("_id", -1)], name="all")
        for name in ("state", "consumer", "code"):
            self.collection.create_index([(name, 1), ("failedAt", -1), ("_id", -1)], name=name)


class S3FailureObjects:
    """`FailureObjects` in the bucket that all mappings name as their destination."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def get(self, key: str, version_id: str | None) -> bytes | None:
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        version = {"VersionId": version_id} if version_id and version_id != "null" else {}
        try:
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key, **version)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchVersion", "404"}:
                return None
            raise Unavailable(detail=f"S3: {error}") from error
        except NO_ANSWER as error:
            raise Unavailable(detail=f"S3: {error}") from error
        return body


def _query(wanted: LetterFilter) -> Document:
    given = {"consumer": wanted.consumer, "code": wanted.code, "state": wanted.state}
    return {name: value for name, value in given.items() if value is not None}
