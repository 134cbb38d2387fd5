"""Builds each handler of `search`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

import os
from functools import cache

import boto3

from functions.search import settings as s
from functions.search.adapters import FilesAuthority, FilesCatalogue, OpenSearchIndex, ProcessorStructures
from functions.search.generations import OpenSearchGenerations
from functions.search.hiding import Hiding
from functions.search.holdings import OpenSearchHoldings
from functions.search.indexing import PORTION_SECONDS, NodeIndexer, RecordIndexer, by_records, whole_batch
from functions.search.mappings import NODES, RECORDS, IndexDefinition, definitions, next_alias, write_alias
from functions.search.notes import OpenSearchNotes
from functions.search.opensearch import sigv4
from functions.search.rebuilding import Rebuild
from functions.search.reconciling import Comparison, Reconciler
from functions.search.use_cases import Search
from leanda.discovery.client import DiscoveredService
from leanda.http.cursors import Cursors
from leanda.messaging import Consumer
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.metrics import EmfMeter
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import SystemClock
from leanda.secrets import secret_bytes


@cache
def api() -> Search:
    settings = s.ApiSettings.load()
    services = DiscoveredService(boto3.Session(), settings.discovery_namespace)
    cursors = Cursors(secret_bytes(settings.cursor_secret))
    return Search(_index(settings), FilesAuthority(services), ProcessorStructures(services), cursors)


def on_file_events() -> Consumer:
    settings, clock = s.FileEventsSettings.load(), SystemClock()
    index = _index(settings)
    indexer = NodeIndexer(index, _authority(settings), Hiding(OpenSearchNotes(index.server), clock))
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    return Consumer("search-on-file-events", indexer.follow, letters, clock, group=whole_batch)


def on_record_events() -> Consumer:
    from leanda.messaging.producer import KafkaPublisher  # the one handler that publishes

    settings, clock = s.RecordEventsSettings.load(), SystemClock()
    indexer = RecordIndexer(
        index=_index(settings),
        authority=_authority(settings),
        artefacts=S3ArtefactStore(boto3.client("s3"), settings.artefacts_bucket),
        publisher=KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth),
        clock=clock,
    )
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    name = "search-on-record-events"
    return Consumer(name, indexer.follow, letters, clock, group=by_records, needs_seconds=PORTION_SECONDS)


@cache
def rebuild() -> Rebuild:
    settings = s.MaintenanceSettings.load()
    index = _index(settings)
    comparison = _comparison(settings, index, next_alias(NODES), next_alias(RECORDS))
    return Rebuild(
        index=index,
        holdings=comparison.holdings,
        catalogue=comparison.catalogue,
        artefacts=comparison.artefacts,
        generations=OpenSearchGenerations(index.server),
        notes=OpenSearchNotes(index.server),
        meter=EmfMeter("search"),
        clock=comparison.clock,
        definitions=_definitions(settings),
        comparison=comparison,
    )


@cache
def reconciler() -> Reconciler:
    settings = s.MaintenanceSettings.load()
    index = _index(settings)
    notes = OpenSearchNotes(index.server)
    comparison = _comparison(settings, index, write_alias(NODES), write_alias(RECORDS))
    return Reconciler(
        comparison=comparison,
        generations=OpenSearchGenerations(index.server),
        notes=notes,
        meter=EmfMeter("search"),
        hiding=Hiding(notes, comparison.clock),
    )


def ensure_indices() -> None:
    settings = s.SetupSettings.load()
    index = _index(settings)
    for definition in _definitions(settings):
        index.ensure(definition)
    index.ensure_state()


def _definitions(settings: s.IndexSettings) -> tuple[IndexDefinition, ...]:
    return definitions(local=settings.leanda_environment == "local")


def _comparison(settings: s.MaintenanceSettings, index: OpenSearchIndex, nodes: str, records: str) -> Comparison:
    services = DiscoveredService(boto3.Session(), settings.discovery_namespace)
    return Comparison(
        index=index,
        holdings=OpenSearchHoldings(index.server),
        catalogue=FilesCatalogue(services),
        authority=FilesAuthority(services),
        artefacts=S3ArtefactStore(boto3.client("s3"), settings.artefacts_bucket),
        clock=SystemClock(),
        nodes_alias=nodes,
        records_alias=records,
    )


def _index(settings: s.IndexSettings) -> OpenSearchIndex:
    if settings.opensearch_auth == "none":
        return OpenSearchIndex(settings.opensearch_url)
    credentials = boto3.Session().get_credentials()
    return OpenSearchIndex(settings.opensearch_url, sign=sigv4(credentials, os.environ["AWS_REGION"]))


def _authority(settings: s.FileEventsSettings | s.RecordEventsSettings) -> FilesAuthority:
    return FilesAuthority(DiscoveredService(boto3.Session(), settings.discovery_namespace))
