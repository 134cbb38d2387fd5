"""Builds each handler of `platform`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache
from typing import Final

import boto3

from functions.platform.adapters import BROKERS_DEFAULT, CloudMap, HttpHealth, KafkaTopics
from functions.platform.probing import Probe
from functions.platform.settings import ProbeSettings, TopicsSettings
from functions.platform.use_cases import ensure_topics
from leanda.contracts.topics import TOPICS
from leanda.messaging.auth import client_config

HEALTH_SECONDS: Final = 5.0


def set_up_topics() -> None:
    settings = TopicsSettings.load()
    cluster = KafkaTopics(
        client_config(settings.kafka_bootstrap, settings.kafka_auth),
        replication_factor=1 if settings.leanda_environment == "local" else BROKERS_DEFAULT,
    )
    ensure_topics(cluster, TOPICS)


@cache
def probe() -> Probe:
    settings = ProbeSettings.load()
    registry = CloudMap(boto3.client("servicediscovery"), settings.discovery_namespace)
    return Probe(registry, HttpHealth(timeout=HEALTH_SECONDS))
