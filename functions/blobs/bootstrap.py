"""Builds each handler of `blobs`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from functions.blobs import settings as s
from functions.blobs.adapters import MongoBlobs, MongoSweeps, MongoUploads, S3Objects, StsInboxAccess
from functions.blobs.following import Follower
from functions.blobs.hashing import Hashing
from functions.blobs.sweeping import Sweeping
from functions.blobs.unpacking import Unpacking
from functions.blobs.use_cases import Downloading, Receiving, Uploading
from leanda.discovery.identity import IdentityVerifier
from leanda.discovery.setup import identity_verifier
from leanda.messaging import Consumer
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.client import database
from leanda.ports import SystemClock
from leanda.settings import StoreSettings


@cache
def uploading() -> Uploading:
    settings = s.BlobSettings.load()
    uploads, _ = _aggregates(settings, patient=False)
    return Uploading(uploads, _objects(settings), SystemClock())


@cache
def inbox() -> StsInboxAccess:
    settings, session = s.ApiSettings.load(), boto3.Session()
    return StsInboxAccess(
        session.client("sts"),
        role_arn=settings.inbox_role_arn,
        bucket=settings.originals_bucket,
        region=session.region_name,
    )


@cache
def downloading() -> Downloading:
    settings = s.BlobSettings.load()
    _, blobs = _aggregates(settings, patient=False)
    return Downloading(blobs, _objects(settings))


@cache
def verifier() -> IdentityVerifier:
    settings = s.InternalApiSettings.load()
    return identity_verifier("blobs", account=settings.account_id, allowed_callers=settings.allowed_callers)


@cache
def receiving() -> Receiving:
    settings = s.BlobSettings.load()
    uploads, blobs = _aggregates(settings, patient=True)
    return Receiving(uploads, blobs, _objects(settings), SystemClock())


@cache
def sweeping() -> Sweeping:
    settings = s.BlobSettings.load()
    uploads, _ = _aggregates(settings, patient=True)
    nobody, clock = KafkaPublisher("", "none"), SystemClock()
    notes = MongoSweeps(_database(settings), nobody, clock, patient=True)
    return Sweeping(Uploading(uploads, _objects(settings), clock), receiving(), notes)


@cache
def hashing() -> Hashing:
    settings = s.BlobSettings.load()
    _, blobs = _aggregates(settings, patient=True)
    return Hashing(blobs, _objects(settings), SystemClock())


def on_file_events() -> Consumer:
    settings, clock = s.FileEventsSettings.load(), SystemClock()
    uploads, blobs = _aggregates(settings, patient=True)
    objects = _objects(settings)
    follower = Follower(Uploading(uploads, objects, clock), Unpacking(uploads, blobs, objects, clock), blobs)
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    return Consumer("blobs-on-file-events", follower.follow, letters, clock)


@cache
def outboxes() -> tuple[MongoUploads, MongoBlobs]:
    return _aggregates(s.RelaySettings.load(), patient=True)


def ensure_indexes() -> None:
    settings = StoreSettings.load()
    db, clock, local = _database(settings), SystemClock(), settings.leanda_environment == "local"
    nobody = KafkaPublisher("", "none")
    MongoUploads(db, nobody, clock, patient=True).ensure_indexes(local=local)
    MongoBlobs(db, nobody, clock, patient=True).ensure_indexes(local=local)
    MongoSweeps(db, nobody, clock, patient=True).ensure_indexes(local=local)


def _aggregates(settings: s.RelaySettings | s.BlobSettings, *, patient: bool) -> tuple[MongoUploads, MongoBlobs]:
    db, clock = _database(settings), SystemClock()
    publisher = KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth)
    return MongoUploads(db, publisher, clock, patient=patient), MongoBlobs(db, publisher, clock, patient=patient)


def _objects(settings: s.BlobSettings) -> S3Objects:
    # Without this a presigned POST is signed with version 2, which S3 refuses in newer regions.
    client = boto3.client("s3", config=Config(signature_version="s3v4"))
    return S3Objects(client, settings.originals_bucket)


def _database(settings: StoreSettings) -> Any:
    return database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
