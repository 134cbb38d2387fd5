"""Builds each handler of `files`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache

import boto3

from functions.files import settings as s
from functions.files.adapters import BlobsService, MongoNodes, MongoRecords, MongoRuns
from functions.files.authority import Authority
from functions.files.cascades import Cascades
from functions.files.following import Follower
from functions.files.operating import Operating
from functions.files.picturing import Picturing
from functions.files.tidying import Tidying
from functions.files.tracking import PORTION_SECONDS, Tracker, by_run
from functions.files.use_cases import Files
from functions.files.watching import Watchdog
from leanda.discovery.client import DiscoveredService
from leanda.discovery.identity import IdentityVerifier
from leanda.discovery.setup import identity_verifier
from leanda.http.cursors import Cursors
from leanda.http.limited import shared_cache
from leanda.messaging import Consumer
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.persistence.client import database
from leanda.ports import SystemClock
from leanda.secrets import secret_bytes
from leanda.settings import StoreSettings


@cache
def api() -> Files:
    settings, clock = s.ApiSettings.load(), SystemClock()
    db = _database(settings)
    publisher = KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth)
    return Files(
        nodes=MongoNodes(db, publisher, clock, patient=False),
        runs=MongoRuns(db, publisher, clock, patient=False),
        records=MongoRecords(db),
        blobs=BlobsService(DiscoveredService(boto3.Session(), settings.discovery_namespace)),
        cursors=Cursors(secret_bytes(settings.cursor_secret)),
        clock=clock,
        cache=shared_cache(),
    )


@cache
def operating() -> Operating:
    return Operating(api())


@cache
def authority() -> Authority:
    db = _database(s.InternalApiSettings.load())
    return Authority(db["nodes"], db["runs"])


@cache
def picturing() -> Picturing:
    db, clock = _database(s.InternalApiSettings.load()), SystemClock()
    nobody = KafkaPublisher("", "none")  # it only reads
    return Picturing(
        nodes=MongoNodes(db, nobody, clock, patient=False),
        runs=MongoRuns(db, nobody, clock, patient=False),
        records=MongoRecords(db),
    )


@cache
def verifier() -> IdentityVerifier:
    settings = s.InternalApiSettings.load()
    return identity_verifier("files", account=settings.account_id, allowed_callers=settings.allowed_callers)


def on_file_events() -> Consumer:
    settings, clock = s.FileEventsSettings.load(), SystemClock()
    db = _database(settings)
    publisher = KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth)
    nodes, runs = MongoNodes(db, publisher, clock, patient=True), MongoRuns(db, publisher, clock, patient=True)
    follower = Follower(nodes, runs, Cascades(nodes, runs, clock), clock)
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    return Consumer("files-on-file-events", follower.follow, letters, clock)


def on_record_events() -> Consumer:
    settings, clock = s.RecordEventsSettings.load(), SystemClock()
    db = _database(settings)
    publisher = KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth)
    tracker = Tracker(
        nodes=MongoNodes(db, publisher, clock, patient=True),
        runs=MongoRuns(db, publisher, clock, patient=True),
        records=MongoRecords(db),
        artefacts=S3ArtefactStore(boto3.client("s3"), settings.artefacts_bucket),
        clock=clock,
    )
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    name = "files-on-record-events"
    return Consumer(name, tracker.track, letters, clock, group=by_run, needs_seconds=PORTION_SECONDS)


@cache
def outboxes() -> tuple[MongoNodes, MongoRuns]:
    settings, clock = s.RelaySettings.load(), SystemClock()
    db = _database(settings)
    publisher = KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth)
    return MongoNodes(db, publisher, clock, patient=True), MongoRuns(db, publisher, clock, patient=True)


@cache
def watchdog() -> Watchdog:
    return Watchdog(*outboxes(), SystemClock())


@cache
def tidying() -> Tidying:
    settings, clock = s.TidySettings.load(), SystemClock()
    db, nobody = _database(settings), KafkaPublisher("", "none")  # it announces nothing
    return Tidying(
        nodes=MongoNodes(db, nobody, clock, patient=True),
        runs=MongoRuns(db, nobody, clock, patient=True),
        records=MongoRecords(db),
        artefacts=S3ArtefactStore(boto3.client("s3"), settings.artefacts_bucket),
        clock=clock,
    )


def ensure_indexes() -> None:
    settings = StoreSettings.load()
    db, clock, local = _database(settings), SystemClock(), settings.leanda_environment == "local"
    nobody = KafkaPublisher("", "none")
    MongoNodes(db, nobody, clock, patient=True).ensure_indexes(local=local)
    MongoRuns(db, nobody, clock, patient=True).ensure_indexes(local=local)
    MongoRecords(db).ensure_indexes()


def _database(settings: StoreSettings):  # type: ignore[no-untyped-def]  # pymongo's generic adds nothing here
    return database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
