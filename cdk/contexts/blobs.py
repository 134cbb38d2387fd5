"""Blobs: uploads, the inbox, the originals bucket. Nobody else reads or writes an original."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Cache, DocumentStore, InboxCredentials, KafkaProducer, Originals
from cdk.contexts.parsers import PARSER_FUNCTIONS
from cdk.contexts.table import (
    Api,
    Consumer,
    Context,
    InternalApi,
    Package,
    QueueConsumer,
    Route,
    Scheduled,
    Setup,
    of_type,
)
from leanda.contracts import events
from leanda.contracts.topics import FILE_EVENTS

_STORE, _PRODUCER = DocumentStore(), KafkaProducer()
# Creating a multipart upload, putting its parts and completing it are all `PutObject`.
_UPLOAD = ("PutObject", "AbortMultipartUpload", "ListMultipartUploadParts")
_READ = ("GetObject", "GetObjectVersion")

BLOBS: Final = Context(
    "blobs",
    packages=(
        Package(
            "blobs",
            functions=(
                Api(
                    uses=(
                        _STORE,
                        _PRODUCER,
                        Cache(),
                        InboxCredentials(),
                        # A missing object is a 404 only for those who may list.
                        Originals({"uploads/*": (*_UPLOAD, *_READ)}, bucket=("ListBucket",)),
                    )
                ),
                InternalApi(
                    uses=(_STORE, _PRODUCER, Originals({"uploads/*": (*_UPLOAD, *_READ), "inbox/*": _READ})),
                    paths=("/api/v1/internal/blobs/*", "/api/v1/blobs/*"),
                    callers={
                        "uploads.open": (("files", "api"),),
                        "blobs.read": (("files", "api"), *PARSER_FUNCTIONS),
                    },
                ),
                Consumer(
                    handler="on_file_events",
                    topic=FILE_EVENTS,
                    filters=(
                        of_type(
                            events.UploadRequested.TYPE,
                            events.MemberRequested.TYPE,
                            events.FileCreated.TYPE,
                            events.FileReprocessRequested.TYPE,
                        ),
                    ),
                    # A member of 512 MiB is inflated and stored in this time, part by part.
                    batch_size=10,
                    timeout=300,
                    uses=(
                        _STORE,
                        _PRODUCER,
                        Originals(
                            {"uploads/*": ("PutObject", "AbortMultipartUpload", *_READ), "inbox/*": _READ},
                            bucket=("ListBucket",),
                        ),
                    ),
                ),
                QueueConsumer(
                    handler="on_s3_upload",
                    queue="uploads",
                    uses=(
                        _STORE,
                        _PRODUCER,
                        Originals({"uploads/*": _READ, "inbox/*": _READ}, bucket=("ListBucket",)),
                    ),
                ),
                Scheduled(
                    handler="sweep",
                    every=5,
                    memory=1024,
                    timeout=240,
                    uses=(
                        _STORE,
                        _PRODUCER,
                        Originals(
                            {
                                "uploads/*": (*_READ, "AbortMultipartUpload", "ListMultipartUploadParts"),
                                "inbox/*": _READ,
                            },
                            bucket=("ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"),
                        ),
                    ),
                ),
                Scheduled(
                    handler="checksums",
                    memory=1024,
                    timeout=900,
                    uses=(
                        _STORE,
                        _PRODUCER,
                        Originals({"uploads/*": _READ, "inbox/*": _READ}, bucket=("ListBucket",)),
                    ),
                ),
                Scheduled(handler="relay", uses=(_STORE, _PRODUCER)),
                Setup(uses=(_STORE,)),
            ),
        ),
    ),
    routes=(
        Route("GET", "/uploads/{id}"),
        Route("POST", "/uploads/{id}/complete"),
        Route("DELETE", "/uploads/{id}"),
        Route("POST", "/inbox/credentials"),
    ),
)
