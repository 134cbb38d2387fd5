"""Builds the processor's handlers: settings → adapters → use cases."""

from __future__ import annotations

from functools import cache
from typing import Final

import boto3

from functions.processor.identifying import Identifying
from functions.processor.use_cases import CHUNK_SECONDS, Processing
from leanda.discovery.identity import IdentityVerifier
from leanda.discovery.setup import identity_verifier
from leanda.guard import GuardedChild, Limits
from leanda.messaging import Consumer
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import SystemClock
from leanda.settings import ArtefactSettings, ConsumerSettings, KafkaSettings, Settings
from leanda.structures import TOOLKIT


class ProcessorSettings(KafkaSettings, ConsumerSettings, ArtefactSettings):
    """The typed environment of `processor.on_record_events`."""


class InternalApiSettings(Settings):
    """The typed environment of `processor.internal_api`."""

    allowed_callers: str
    account_id: str


ITEM_SECONDS: Final = 15.0
# A chunk ends between two of its records, and its statistics come last, so a call may take longer.
LIMITS: Final = Limits(item_seconds=ITEM_SECONDS, call_seconds=CHUNK_SECONDS + 2 * ITEM_SECONDS, memory_bytes=1 << 30)


@cache
def identifying() -> Identifying:
    return Identifying(GuardedChild(Limits(item_seconds=5, call_seconds=5, memory_bytes=1 << 29)))


@cache
def verifier() -> IdentityVerifier:
    settings = InternalApiSettings.load()
    return identity_verifier("processor", account=settings.account_id, allowed_callers=settings.allowed_callers)


def on_record_events() -> Consumer:
    settings, clock = ProcessorSettings.load(), SystemClock()
    processing = Processing(
        toolkit=TOOLKIT,
        artefacts=S3ArtefactStore(boto3.client("s3"), settings.artefacts_bucket),
        publisher=KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth),
        guard=GuardedChild(LIMITS),
        clock=clock,
    )
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    name, needs = "processor-on-record-events", CHUNK_SECONDS + 30
    return Consumer(name, processing.process, letters, clock, needs_seconds=needs)
