"""Builds the consumers of a parser: settings → adapters → use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import boto3

from functions.parsers.guarded import CHUNK_SECONDS
from functions.parsers.handling import AT_ONCE_SECONDS, FETCHING_SECONDS, Parser, Parsing
from leanda.discovery.blobs import DiscoveredBlobs
from leanda.discovery.client import DiscoveredService
from leanda.guard import GuardedChild, Limits
from leanda.messaging import Budget, Consumer, kafka_handler
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import SystemClock
from leanda.settings import ArtefactSettings, ConsumerSettings, DiscoverySettings, KafkaSettings

ITEM_SECONDS: Final = 10.0
"""Longest time of one record."""

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class ParserSettings(KafkaSettings, ConsumerSettings, ArtefactSettings, DiscoverySettings):
    """The typed environment of a parser's handlers."""


def file_events_handler(parser: Callable[[], Parser]) -> Handler:
    """The entry point that plans files of the parser's kind."""
    return kafka_handler(lambda: _consumer(parser(), "on-file-events", AT_ONCE_SECONDS))


def parser_tasks_handler(parser: Callable[[], Parser]) -> Handler:
    """The entry point that parses chunks."""
    return kafka_handler(lambda: _consumer(parser(), "on-parser-tasks", CHUNK_SECONDS))


def limits(chunk_seconds: float) -> Limits:
    """Of the child that reads. A chunk ends between two of its records, so a call may take one record longer."""
    return Limits(item_seconds=ITEM_SECONDS, call_seconds=chunk_seconds + 2 * ITEM_SECONDS, memory_bytes=1 << 30)


def _consumer(parser: Parser, handler: str, chunk_seconds: float) -> Consumer:
    settings, session, clock = ParserSettings.load(), boto3.Session(), SystemClock()
    budget = Budget()
    parsing = Parsing(
        parser=parser,
        blobs=DiscoveredBlobs(DiscoveredService(session, settings.discovery_namespace)),
        artefacts=S3ArtefactStore(session.client("s3"), settings.artefacts_bucket),
        publisher=KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth),
        guard=GuardedChild(limits(chunk_seconds)),
        clock=clock,
        budget=budget,
    )
    letters = SqsDeadLetterQueue(session.client("sqs"), settings.dead_letter_queue_url)
    handle = parsing.start if handler == "on-file-events" else parsing.parse
    name = f"parsers-{parser.kind}-{handler}"
    return Consumer(name, handle, letters, clock, needs_seconds=chunk_seconds + FETCHING_SECONDS, budget=budget)
