"""Keeps every event in the log, once, exactly as it came.

Trigger: MSK, all topics, every type. Emits: nothing.
"""

from functions.history.bootstrap import on_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_events)
