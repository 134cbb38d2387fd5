"""Opens the uploads of announced files that have none, and takes members out of stored bundles, so that they become files.

Trigger: MSK topic `file-events`, types UploadRequested and MemberRequested. Emits (outbox): BlobRejected;
what it stores, S3 announces.
"""

from functions.blobs.bootstrap import on_file_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_file_events)
