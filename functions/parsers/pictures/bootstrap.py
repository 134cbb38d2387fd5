"""Builds the API of `parsers/pictures`: settings → adapters → use cases. The one place that tests override."""

from __future__ import annotations

from functools import cache

import boto3
from botocore.config import Config

from functions.parsers.pictures.adapters import FilesSubjects, S3Album
from functions.parsers.pictures.use_cases import Pictures
from leanda.discovery.blobs import DiscoveredBlobs
from leanda.discovery.client import DiscoveredService
from leanda.guard import GuardedChild, Limits
from leanda.http.limited import shared_cache
from leanda.settings import DiscoverySettings

LIMITS = Limits(item_seconds=12, call_seconds=15, memory_bytes=1 << 30, output_bytes=4 << 20)
"""API Gateway waits 29 seconds; Lambda's answer may have 6 MB (Lambda quotas, "Invocation payload")."""


class PictureSettings(DiscoverySettings):
    """The typed environment of `parsers/pictures`."""

    pictures_bucket: str


@cache
def api() -> Pictures:
    settings, session = PictureSettings.load(), boto3.Session()
    services = DiscoveredService(session, settings.discovery_namespace)
    # Presigned URLs of the other signatures do not work in every region.
    s3 = session.client("s3", config=Config(signature_version="s3v4"))
    return Pictures(
        subjects=FilesSubjects(services),
        blobs=DiscoveredBlobs(services),
        guard=GuardedChild(LIMITS),
        album=S3Album(s3, settings.pictures_bucket),
        cache=shared_cache(),
    )
