"""Tracks runs: plans, parsed, processed and indexed chunks.

Trigger: MSK topic `record-events`, types ChunksPlanned, RecordsParsed, ParseFailed, RecordsProcessed, RecordsIndexed.
Emits (outbox): RecordsStored, RunAdvanced.
"""

from functions.files.bootstrap import on_record_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_record_events)
