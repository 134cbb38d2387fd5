"""Processor: properties and statistics of parsed records; identifiers of a structure that somebody looks for."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Artefacts, KafkaProducer
from cdk.contexts.table import Consumer, Context, InternalApi, Package, of_type
from leanda.contracts import events
from leanda.contracts.topics import RECORD_EVENTS

PROCESSOR: Final = Context(
    "processor",
    packages=(
        Package(
            "processor",
            wheels="processor",
            functions=(
                Consumer(
                    handler="on_record_events",
                    topic=RECORD_EVENTS,
                    filters=(of_type(events.RecordsParsed.TYPE),),
                    batch_size=10,
                    uses=(KafkaProducer(), Artefacts(read=True, write=True)),
                    memory=2048,
                    timeout=900,
                ),
                InternalApi(
                    uses=(),
                    paths=("/api/v1/internal/processor/*",),
                    callers={"processor.identifiers": (("search", "api"),)},
                    memory=1024,
                ),
            ),
        ),
    ),
)
