"""Dead letters: what no consumer could handle is collected, shown to operators, delivered again or discarded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdk.components.uses import Cache, Cursors, Deliveries, DocumentStore, FailureObjects, KafkaProducer, Nudge
from cdk.contexts.table import (
    Alarm,
    Api,
    Context,
    LetterCollector,
    Package,
    Route,
    Scheduled,
    Setup,
    consumers_of,
    json_object,
)

NAME: Final = "deadletters"
_STORE, _PRODUCER = DocumentStore(), KafkaProducer()
_FILTER = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("consumer", "code", "state")},
    "additionalProperties": False,
}


def deadletters(others: Sequence[Context]) -> Context:
    """The context behind all others: it reads their dead letters and may call their consumers."""
    own = (
        Scheduled(
            handler="redrive",
            timeout=900,
            uses=(_STORE, _PRODUCER, Deliveries(consumers_of(others))),
            alarms=(Alarm("OldestLetterSeconds", "Dead letters wait to be inspected, redriven or discarded."),),
        ),
        Scheduled(handler="relay", uses=(_STORE, _PRODUCER)),
    )
    theirs = tuple(
        (package.name, function.handler)
        for context in others
        for package, function in context.functions()
        if function.dead_letters
    )
    collector = LetterCollector(
        handler="on_dead_letter",
        uses=(_STORE, _PRODUCER, FailureObjects()),
        letters_of=(*theirs, *((NAME, function.handler) for function in own)),
        queues={("blobs", "uploads"): ("blobs", "on_s3_upload")},
    )
    api = Api(timeout=29, uses=(_STORE, _PRODUCER, Cursors(), Cache(), Nudge("redrive")))
    return Context(
        NAME,
        packages=(Package(NAME, functions=(collector, api, *own, Setup(uses=(_STORE,)))),),
        routes=(
            Route("GET", "/dead-letters"),
            Route("GET", "/dead-letters/{id}"),
            Route("POST", "/dead-letters/{id}/redrive"),
            Route(
                "POST",
                "/dead-letters/redrive",
                body=json_object(
                    ("filter", "limit"), filter=_FILTER, limit={"type": "integer", "minimum": 1, "maximum": 1000}
                ),
            ),
            Route(
                "POST",
                "/dead-letters/{id}/discard",
                body=json_object(("reason",), reason={"type": "string", "minLength": 1, "maxLength": 500}),
            ),
        ),
    )
