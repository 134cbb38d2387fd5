"""Builds each handler of `history`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache

import boto3

from functions.history import settings as s
from functions.history.adapters import FilesAuthority, MongoEventLog
from functions.history.use_cases import History, Keeping, whole_batch
from leanda.discovery.client import DiscoveredService
from leanda.http.cursors import Cursors
from leanda.messaging import Consumer
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.persistence.client import database
from leanda.ports import SystemClock
from leanda.secrets import secret_bytes
from leanda.settings import StoreSettings


def on_events() -> Consumer:
    settings = s.EventsSettings.load()
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    return Consumer("history-on-events", Keeping(_log(settings)).keep, letters, SystemClock(), group=whole_batch)


@cache
def api() -> History:
    settings = s.ApiSettings.load()
    services = DiscoveredService(boto3.Session(), settings.discovery_namespace)
    return History(_log(settings), FilesAuthority(services), Cursors(secret_bytes(settings.cursor_secret)))


def ensure_indexes() -> None:
    _log(StoreSettings.load()).ensure_indexes()


def _log(settings: StoreSettings) -> MongoEventLog:
    store = database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
    return MongoEventLog(store)
