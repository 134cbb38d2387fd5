"""History: every event in an append-only log, and the API over it."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Cache, Cursors, Discovery, DocumentStore
from cdk.contexts.table import Api, Context, LogConsumer, Package, Route, Setup
from leanda.contracts.topics import TOPICS

_STORE = DocumentStore()

HISTORY: Final = Context(
    "history",
    packages=(
        Package(
            "history",
            functions=(
                LogConsumer(handler="on_events", topics=TOPICS, uses=(_STORE,)),
                Api(uses=(_STORE, Discovery(), Cursors(), Cache())),
                Setup(uses=(_STORE,)),
            ),
        ),
    ),
    routes=(Route("GET", "/files/{id}/events"), Route("GET", "/users/{id}/events")),
)
