"""Takes members out of stored bundles, so that they become files.

Trigger: MSK topic `file-events`, type MemberRequested. Emits (outbox): BlobRejected; what it stores, S3 announces.
"""

from functions.blobs.bootstrap import on_file_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_file_events)
