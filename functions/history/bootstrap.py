"""Builds each handler of `history`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from functions.history import settings as s
from functions.history.adapters import FilesAuthority, MongoEventLog, MongoReplayJobs
from functions.history.erasing import Erasing
from functions.history.replaying import Replaying
from functions.history.replays import ReplayDesk, ReplayWork
from functions.history.use_cases import History, Keeping, whole_batch
from leanda.discovery.client import DiscoveredService
from leanda.http.cursors import Cursors
from leanda.messaging import Consumer
from leanda.messaging.direct import DELIVERY_SECONDS, LambdaFunctions, LambdaNudge, function_names
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
def replay_desk() -> ReplayDesk:
    settings, client = s.ApiSettings.load(), boto3.client("lambda")
    # Here is only counted: this function may call no consumer.
    counting = Replaying(_log(settings), LambdaFunctions(client, {}), time.sleep)
    return ReplayDesk(_jobs(settings), counting, LambdaNudge(client, settings.nudged_function), SystemClock())


@cache
def erasing() -> Erasing:
    return Erasing(_log(s.ApiSettings.load()), SystemClock())


@cache
def replay_work() -> ReplayWork:
    settings = s.ReplaySettings.load()
    # A call that is repeated by the SDK would run a consumer twice at the same time.
    patience = Config(read_timeout=DELIVERY_SECONDS, connect_timeout=5, retries={"total_max_attempts": 1})
    names = function_names(settings.function_prefix, settings.consumers)
    functions = LambdaFunctions(boto3.client("lambda", config=patience), names)
    return ReplayWork(_jobs(settings), Replaying(_log(settings), functions, time.sleep), SystemClock())


def ensure_indexes() -> None:
    settings = StoreSettings.load()
    _log(settings).ensure_indexes()
    _jobs(settings).ensure_indexes(local=settings.leanda_environment == "local")


def _log(settings: StoreSettings) -> MongoEventLog:
    return MongoEventLog(_store(settings))


def _jobs(settings: StoreSettings) -> MongoReplayJobs:
    return MongoReplayJobs(_store(settings), SystemClock())


def _store(settings: StoreSettings) -> Any:
    return database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
