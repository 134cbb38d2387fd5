"""Buckets of the AWS endpoints that the tests of ports start."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
from botocore.config import Config

from local.cloud.aws import ROOT_KEY, CloudEndpoint


def s3_client(endpoint: CloudEndpoint) -> Any:
    """A client that signs as the functions do: with version 4."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )


def versioned_bucket(s3: Any) -> str:
    """A new bucket that keeps all versions; its name."""
    name = f"leanda-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
