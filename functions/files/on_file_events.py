"""Lets nodes follow their bytes and runs.

Trigger: MSK topic `file-events`, types BlobStored, BlobRejected, UploadExpired, BlobHashed, RunAdvanced, FileDeleted, FileRestored,
RunActivated. Emits (outbox): FileCreated, FileReprocessRequested, FileStatusChanged and its kin, RecordsStored again.
"""

from functions.files.bootstrap import on_file_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_file_events)
