"""Files: folders, files, their runs and records; the tracker and the watchdog of every run."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Artefacts, Cache, Cursors, Discovery, DocumentStore, KafkaProducer
from cdk.contexts.table import (
    Alarm,
    Api,
    Consumer,
    Context,
    InternalApi,
    Package,
    Route,
    Scheduled,
    Setup,
    json_object,
    of_type,
)
from leanda.contracts import events
from leanda.contracts.topics import FILE_EVENTS, RECORD_EVENTS

_STORE, _PRODUCER = DocumentStore(), KafkaProducer()
_NAME = {"type": "string", "minLength": 1}

FILES: Final = Context(
    "files",
    packages=(
        Package(
            "files",
            functions=(
                Api(uses=(_STORE, _PRODUCER, Discovery(), Cursors(), Cache())),
                InternalApi(
                    uses=(_STORE,),
                    paths=("/api/v1/internal/files/*",),
                    callers={
                        "files.authority": (
                            ("search", "api"),
                            ("search", "on_file_events"),
                            ("search", "on_record_events"),
                            ("search", "rebuild"),
                            ("search", "reconcile"),
                            ("history", "api"),
                        ),
                        "files.catalogue": (("search", "rebuild"), ("search", "reconcile")),
                        "files.pictureSubject": (("parsers/pictures", "api"),),
                        "files.recordText": (("parsers/pictures", "api"),),
                    },
                ),
                Consumer(
                    handler="on_file_events",
                    uses=(_STORE, _PRODUCER),
                    topic=FILE_EVENTS,
                    filters=(
                        of_type(
                            events.UploadRequested.TYPE,
                            events.MemberRequested.TYPE,
                            events.BlobStored.TYPE,
                            events.BlobRejected.TYPE,
                            events.UploadExpired.TYPE,
                            events.BlobHashed.TYPE,
                            events.RunAdvanced.TYPE,
                            events.FileMoved.TYPE,
                            events.FileDeleted.TYPE,
                            events.FileRestored.TYPE,
                            events.FolderCreated.TYPE,
                            events.FolderMoved.TYPE,
                            events.FolderDeleted.TYPE,
                            events.FolderRestored.TYPE,
                            events.RunActivated.TYPE,
                        ),
                    ),
                ),
                Consumer(
                    handler="on_record_events",
                    uses=(_STORE, _PRODUCER, Artefacts(read=True, write=True)),
                    topic=RECORD_EVENTS,
                    filters=(
                        of_type(
                            events.ChunksPlanned.TYPE,
                            events.RecordsParsed.TYPE,
                            events.ParseFailed.TYPE,
                            events.RecordsProcessed.TYPE,
                            events.RecordsIndexed.TYPE,
                            events.DeadLettered.TYPE,
                            events.Redriven.TYPE,
                        ),
                    ),
                    batch_size=50,
                    timeout=600,  # the records of the largest chunk of the largest file
                ),
                Scheduled(
                    handler="watchdog",
                    uses=(_STORE, _PRODUCER),
                    alarms=(
                        Alarm("RunsClosed", "Runs were ended because they made no progress, whatever was repeated."),
                        Alarm("RunsFailed", "Runs cannot be looked after; the watchdog's log says why."),
                    ),
                ),
                Scheduled(handler="tidy", every=60, uses=(_STORE, Artefacts(remove=True))),
                Scheduled(handler="relay", uses=(_STORE, _PRODUCER)),
                Setup(uses=(_STORE,)),
            ),
        ),
    ),
    routes=(
        Route("GET", "/files"),
        Route(
            "POST",
            "/files",
            body=json_object(("name", "size"), name=_NAME, size={"type": "integer", "minimum": 0}),
        ),
        Route("GET", "/files/{id}"),
        Route("PATCH", "/files/{id}", body=json_object()),
        Route("DELETE", "/files/{id}"),
        Route("POST", "/files/{id}/restore"),
        Route("POST", "/files/{id}/reprocess"),
        Route("POST", "/reprocess", body=json_object()),
        Route("POST", "/reprocess/all-users", body=json_object()),
        Route("GET", "/files/{id}/records"),
        Route("GET", "/files/{id}/records/{index}"),
        Route("GET", "/files/{id}/processing"),
        Route("GET", "/files/{id}/content"),
        Route("POST", "/folders", body=json_object(("name",), name=_NAME)),
        Route("GET", "/folders"),
        Route("GET", "/folders/{id}"),
        Route("PATCH", "/folders/{id}", body=json_object()),
        Route("DELETE", "/folders/{id}"),
        Route("POST", "/folders/{id}/restore"),
        Route("GET", "/folders/{id}/children"),
    ),
)
