"""History: every event in an append-only log, the API over it, and replays of it."""

from __future__ import annotations

from collections.abc import Sequence

from cdk.components.uses import Cache, Cursors, Deliveries, Discovery, DocumentStore, Nudge
from cdk.contexts.table import (
    Api,
    Consumer,
    Context,
    LogConsumer,
    Package,
    Route,
    Scheduled,
    Setup,
    consumers_of,
    json_object,
)
from leanda.contracts.topics import TOPICS

_STORE = DocumentStore()
_NAME = {"type": "string", "minLength": 1}


def history(others: Sequence[Context]) -> Context:
    """The context that reads what all others write, and may give it to their consumers again."""
    replay = Scheduled(handler="replay", timeout=900, uses=(_STORE, Deliveries(consumers_of(others, (Consumer,)))))
    return Context(
        "history",
        packages=(
            Package(
                "history",
                functions=(
                    LogConsumer(handler="on_events", topics=TOPICS, uses=(_STORE,)),
                    Api(timeout=29, uses=(_STORE, Discovery(), Cursors(), Cache(), Nudge("replay"))),
                    replay,
                    Setup(uses=(_STORE,)),
                ),
            ),
        ),
        routes=(
            Route("GET", "/files/{id}/events"),
            Route("GET", "/users/{id}/events"),
            Route("POST", "/replays", body=json_object(("consumer", "types"), consumer=_NAME)),
            Route("POST", "/replays/count", body=json_object(("consumer",), consumer=_NAME)),
            Route("GET", "/replays/{id}"),
            Route("POST", "/erasures", body=json_object()),
            Route("POST", "/replays/{id}/cancel"),
        ),
    )
