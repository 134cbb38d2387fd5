"""Documents that keep what they told until it is heard (`leanda.telling`)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from leanda.persistence.aggregates import Aggregates, MongoAggregates
from leanda.persistence.client import Document, store_errors


class Tellers(Aggregates, Protocol):
    def untold(self, now: datetime, *, limit: int) -> list[Document]:
        """Documents whose announcement is to be told again by now, longest due first."""
        ...


class MongoTellers(MongoAggregates):
    """`Tellers` on any collection."""

    def untold(self, now: datetime, *, limit: int) -> list[Document]:
        # DocumentDB uses a sparse index only where existence is asked for (Developer Guide, "Functional differences").
        # Without `told` it was heard while it was told again, which set the next time of that.
        due = {"tellAt": {"$exists": True, "$lt": now}, "told": {"$exists": True}}
        with store_errors():
            return list(self.collection.find(due, {"outbox": 0}).sort("tellAt", 1).limit(limit))

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        self.collection.create_index([("tellAt", 1)], name="tellAt", sparse=True)
