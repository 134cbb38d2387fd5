"""Adds properties and field statistics to parsed records.

Trigger: MSK topic `record-events`, type RecordsParsed. Emits: RecordsProcessed.
"""

from functions.processor.bootstrap import on_record_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_record_events)
