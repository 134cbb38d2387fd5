"""Makes records findable, chunk by chunk.

Trigger: MSK topic `record-events`, types RecordsStored, and RecordsParsed of the first chunk of a first run. Emits: RecordsIndexed.
"""

from functions.search.bootstrap import on_record_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_record_events)
