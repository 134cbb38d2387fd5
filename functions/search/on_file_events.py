"""Keeps files and folders findable as they are now.

Trigger: MSK topic `file-events`, every fact about files and folders and UploadRequested. Emits: nothing.
"""

from functions.search.bootstrap import on_file_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_file_events)
