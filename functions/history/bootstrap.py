"""Builds each handler of `history`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

import time
from functools import cache

import boto3
from botocore.config import Config

from functions.history import settings as s
from functions.history.adapters import FilesAuthority, MongoEventLog
from functions.history.replaying import RESERVE_SECONDS, Replaying
from functions.history.use_cases import History, Keeping, whole_batch
from leanda.discovery.client import DiscoveredService
from leanda.http.cursors import Cursors
from leanda.messaging import Consumer
from leanda.messaging.direct import LambdaFunctions, function_names
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


@cache
def replaying() -> Replaying:
    settings = s.ReplaySettings.load()
    # A call that is repeated by the SDK would run a consumer twice at the same time.
    patience = Config(read_timeout=RESERVE_SECONDS, connect_timeout=5, retries={"total_max_attempts": 1})
    names = function_names(settings.function_prefix, settings.consumers)
    return Replaying(_log(settings), LambdaFunctions(boto3.client("lambda", config=patience), names), time.sleep)


def ensure_indexes() -> None:
    _log(StoreSettings.load()).ensure_indexes()


def _log(settings: StoreSettings) -> MongoEventLog:
    store = database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
    return MongoEventLog(store)
