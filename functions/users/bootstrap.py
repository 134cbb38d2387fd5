"""Builds each handler of `users`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache

from functions.users.settings import ProfileSettings
from functions.users.use_cases import Users
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.aggregates import MongoAggregates
from leanda.persistence.client import database
from leanda.ports import Publisher, SystemClock
from leanda.settings import StoreSettings


@cache
def users() -> Users:
    return Users(_profiles(ProfileSettings.load(), patient=False), SystemClock())


@cache
def outbox() -> MongoAggregates:
    return _profiles(ProfileSettings.load(), patient=True)


def ensure_indexes() -> None:
    settings = StoreSettings.load()
    nobody = KafkaPublisher("", "none")
    _collection(settings, nobody, patient=True).ensure_indexes(local=settings.leanda_environment == "local")


def _profiles(settings: ProfileSettings, *, patient: bool) -> MongoAggregates:
    return _collection(settings, KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth), patient=patient)


def _collection(settings: StoreSettings, publisher: Publisher, *, patient: bool) -> MongoAggregates:
    store = database(settings.document_store_url, settings.document_store_database, secret=settings.secret)
    return MongoAggregates(store["profiles"], publisher, SystemClock(), source="users", patient=patient)
