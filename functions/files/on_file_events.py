"""Lets nodes follow their bytes, runs and folders.

Trigger: MSK topic `file-events`, types UploadRequested, MemberRequested, BlobStored, BlobRejected, UploadExpired, BlobHashed,
RunAdvanced, RunActivated; FolderCreated; FileMoved, FileDeleted, FileRestored and the same of folders. Emits (outbox): FileCreated,
FileReprocessRequested, FileStatusChanged and its kin, RecordsStored again; and FileMoved, FileDeleted, FileRestored and the same
of folders, for what is in a folder.
"""

from functions.files.bootstrap import on_file_events
from leanda.messaging import kafka_handler

lambda_handler = kafka_handler(on_file_events)
