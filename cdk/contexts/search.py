"""Search: the index, a projection of what the other contexts say; and the API over it."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Artefacts, Cache, Cursors, Discovery, KafkaProducer, OpenSearch
from cdk.contexts.table import Api, Consumer, Context, Package, Route, Setup, of_type
from leanda.contracts import events
from leanda.contracts.topics import FILE_EVENTS, RECORD_EVENTS

_INDEXER = OpenSearch(("Post",))

SEARCH: Final = Context(
    "search",
    packages=(
        Package(
            "search",
            functions=(
                Api(uses=(OpenSearch(("Post",)), Discovery(), Cursors(), Cache())),
                Consumer(
                    handler="on_file_events",
                    topic=FILE_EVENTS,
                    # Every fact about files and folders, not the advances of runs.
                    filters=(of_type("leanda.files.file.*", "leanda.files.folder.*", events.UploadRequested.TYPE),),
                    uses=(_INDEXER, Discovery()),
                ),
                Consumer(
                    handler="on_record_events",
                    topic=RECORD_EVENTS,
                    # Stored chunks; and the first chunk of a first run as soon as it is parsed, so that something is found.
                    filters=(of_type(events.RecordsStored.TYPE), of_type(events.RecordsParsed.TYPE, run=1, chunk=0)),
                    batch_size=50,
                    uses=(_INDEXER, Discovery(), KafkaProducer(), Artefacts(read=True)),
                ),
                Setup(uses=(OpenSearch(("Head", "Post", "Put")),)),
            ),
        ),
    ),
    routes=(Route("GET", "/search"),),
)
