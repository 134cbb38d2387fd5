"""Search: the index, a projection of what the other contexts say; and the API over it."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Artefacts, Cache, Cursors, Discovery, KafkaProducer, OpenSearch
from cdk.contexts.table import Alarm, Api, Consumer, Context, Package, Route, Scheduled, Setup, of_type
from leanda.contracts import events
from leanda.contracts.topics import FILE_EVENTS, RECORD_EVENTS

# Whoever writes looks first whether an index is being built beside the one in use.
_INDEXER = OpenSearch(("Head", "Post"))
_MAINTENANCE = (OpenSearch(("Delete", "Get", "Head", "Post", "Put")), Discovery(), Artefacts(read=True))

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
                    filters=(
                        of_type(
                            "leanda.files.file.*",
                            "leanda.files.folder.*",
                            events.UploadRequested.TYPE,
                            events.MemberRequested.TYPE,
                        ),
                    ),
                    # It reads which folders are hidden before it adds one.
                    uses=(OpenSearch(("Get", "Head", "Post")), Discovery()),
                ),
                Consumer(
                    handler="on_record_events",
                    topic=RECORD_EVENTS,
                    # Stored chunks; and the first chunk of a first run as soon as it is parsed, so that something is found.
                    filters=(of_type(events.RecordsStored.TYPE), of_type(events.RecordsParsed.TYPE, run=1, chunk=0)),
                    batch_size=50,
                    timeout=900,  # the records of the largest chunk of the largest file
                    uses=(_INDEXER, Discovery(), KafkaProducer(), Artefacts(read=True)),
                ),
                # An operator starts it; the schedule goes on with what does not end in one invocation, and is idle otherwise.
                # 1,769 MB are one whole processor: documents are made on it while the index takes the ones before.
                Scheduled(handler="rebuild", memory=1769, timeout=900, uses=_MAINTENANCE),
                Scheduled(
                    handler="reconcile",
                    every=10,
                    memory=1024,
                    timeout=300,
                    uses=_MAINTENANCE,
                    alarms=(
                        Alarm(
                            "IndexDrift", "The index differed from the store and was repaired: events got lost.", 3600
                        ),
                        Alarm("IndexBeyondRepair", "The index differs from the store and nothing repairs that.", 3600),
                    ),
                ),
                Setup(uses=(OpenSearch(("Head", "Post", "Put")),)),
            ),
        ),
    ),
    routes=(Route("GET", "/search"),),
)
