"""Builds the processor's handler: settings → adapters → use case."""

from __future__ import annotations

import boto3

from functions.processor.use_cases import Processing
from leanda.messaging import Consumer
from leanda.messaging.letters import SqsDeadLetterQueue
from leanda.messaging.producer import KafkaPublisher
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import SystemClock
from leanda.settings import ArtefactSettings, ConsumerSettings, KafkaSettings


class ProcessorSettings(KafkaSettings, ConsumerSettings, ArtefactSettings):
    """The typed environment of `processor.on_record_events`."""


def on_record_events() -> Consumer:
    from functions.processor.chemistry import TOOLKIT
    from functions.processor.properties import compute

    settings, clock = ProcessorSettings.load(), SystemClock()
    processing = Processing(
        compute=compute,
        toolkit=TOOLKIT,
        artefacts=S3ArtefactStore(boto3.client("s3"), settings.artefacts_bucket),
        publisher=KafkaPublisher(settings.kafka_bootstrap, settings.kafka_auth),
        clock=clock,
    )
    letters = SqsDeadLetterQueue(boto3.client("sqs"), settings.dead_letter_queue_url)
    return Consumer("processor-on-record-events", processing.process, letters, clock)
