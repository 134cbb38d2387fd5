"""Builds each handler of `deadletters`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache

import boto3
from botocore.config import Config

from functions.deadletters import settings as s
from functions.deadletters.adapters import MongoLetters, S3FailureObjects
from functions.deadletters.collecting import Collecting
from functions.deadletters.reading import Reader
from functions.deadletters.redriving import Redriving
from functions.deadletters.use_cases import Desk
from leanda.http.cursors import Cursors
from leanda.messaging.direct import DELIVERY_SECONDS, LambdaFunctions, LambdaNudge, function_names
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.client import database
from leanda.ports import Publisher, SystemClock
from leanda.secrets import secret_bytes
from leanda.settings import StoreSettings


@cache
def collecting() -> Collecting:
    settings = s.CollectorSettings.load()
    return Collecting(
        letters=_letters(settings, patient=True),
        failures=S3FailureObjects(boto3.client("s3"), settings.failures_bucket),
        reader=Reader(settings.function_prefix, settings.behind),
        clock=SystemClock(),
    )


@cache
def api() -> Desk:
    settings = s.ApiSettings.load()
    return Desk(
        letters=_letters(settings, patient=False),
        nudge=LambdaNudge(boto3.client("lambda"), settings.nudged_function),
        cursors=Cursors(secret_bytes(settings.cursor_secret)),
        clock=SystemClock(),
    )


@cache
def redriving() -> Redriving:
    settings = s.RedriveSettings.load()
    # A call that is repeated by the SDK would run a consumer twice at the same time.
    patience = Config(read_timeout=DELIVERY_SECONDS, connect_timeout=5, retries={"total_max_attempts": 1})
    names = function_names(settings.function_prefix, settings.consumers)
    functions = LambdaFunctions(boto3.client("lambda", config=patience), names)
    return Redriving(_letters(settings, patient=True), functions, SystemClock())


@cache
def outbox() -> MongoLetters:
    return _letters(s.LetterSettings.load(), patient=True)


def ensure_indexes() -> None:
    settings = StoreSettings.load()
    nobody = KafkaPublisher("", "none")
    _collection(settings, nobody, patient=True).ensure_indexes(local=settings.leanda_environment == "local")


def _letters(settings: s.LetterSettings, *, patient: bool) -> MongoLetters:
    return _collection(settings, KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth), patient=patient)


def _collection(settings: StoreSettings, publisher: Publisher, *, patient: bool) -> MongoLetters:
    store = database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
    return MongoLetters(store, publisher, SystemClock(), patient=patient)
