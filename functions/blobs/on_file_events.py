"""Opens uploads that announced files lack, takes members out of stored bundles, and notes which bytes `files` has taken.

Trigger: MSK topic `file-events`, types UploadRequested, MemberRequested, FileCreated, FileReprocessRequested. Emits (outbox):
BlobRejected; what it stores, S3 announces.
"""

from functions.blobs.bootstrap import on_file_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_file_events)
