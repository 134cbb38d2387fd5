"""History: every event in an append-only log, and the API over it."""

from __future__ import annotations

from collections.abc import Sequence

from cdk.components.uses import Cache, Cursors, Deliveries, Discovery, DocumentStore
from cdk.contexts.table import Api, Consumer, Context, Invoked, LogConsumer, Package, Route, Setup, consumers_of
from leanda.contracts.topics import TOPICS

_STORE = DocumentStore()


def history(others: Sequence[Context]) -> Context:
    """The context that reads what all others write, and may give it to their consumers again."""
    replay = Invoked(handler="replay", uses=(_STORE, Deliveries(consumers_of(others, (Consumer,)))))
    return Context(
        "history",
        packages=(
            Package(
                "history",
                functions=(
                    LogConsumer(handler="on_events", topics=TOPICS, uses=(_STORE,)),
                    Api(uses=(_STORE, Discovery(), Cursors(), Cache())),
                    replay,
                    Setup(uses=(_STORE,)),
                ),
            ),
        ),
        routes=(Route("GET", "/files/{id}/events"), Route("GET", "/users/{id}/events")),
    )
