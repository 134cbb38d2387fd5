"""Builds the consumers of a parser: settings → adapters → use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

from functions.parsers.handling import CHUNK_NEEDS_SECONDS, Parser, Parsing
from leanda.discovery.blobs import DiscoveredBlobs
from leanda.discovery.client import DiscoveredService
from leanda.guard import GuardedChild, Limits
from leanda.messaging import Budget, Consumer, kafka_handler
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import SystemClock
from leanda.settings import ArtefactSettings, ConsumerSettings, DiscoverySettings, KafkaSettings

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class ParserSettings(KafkaSettings, ConsumerSettings, ArtefactSettings, DiscoverySettings):
    """The typed environment of a parser's handlers."""


def file_events_handler(parser: Callable[[], Parser]) -> Handler:
    """The entry point that plans files of the parser's kind."""
    return kafka_handler(lambda: _consumer(parser(), "on-file-events"))


def parser_tasks_handler(parser: Callable[[], Parser]) -> Handler:
    """The entry point that parses chunks."""
    return kafka_handler(lambda: _consumer(parser(), "on-parser-tasks"))


def _consumer(parser: Parser, handler: str) -> Consumer:
    settings, session, clock = ParserSettings.load(), boto3.Session(), SystemClock()
    budget = Budget()
    parsing = Parsing(
        parser=parser,
        blobs=DiscoveredBlobs(DiscoveredService(session, settings.discovery_namespace)),
        artefacts=S3ArtefactStore(session.client("s3"), settings.artefacts_bucket),
        publisher=KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth),
        guard=GuardedChild(Limits(item_seconds=10, memory_bytes=1 << 30)),
        clock=clock,
        budget=budget,
    )
    letters = SqsDeadLetterQueue(session.client("sqs"), settings.dead_letter_queue_url)
    handle = parsing.start if handler == "on-file-events" else parsing.parse
    name = f"parsers-{parser.kind}-{handler}"
    return Consumer(name, handle, letters, clock, needs_seconds=CHUNK_NEEDS_SECONDS, budget=budget)
