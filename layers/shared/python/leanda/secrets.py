"""Secrets by name, read once per sandbox."""

from __future__ import annotations

from functools import cache

import boto3


@cache
def secret_bytes(name: str) -> bytes:
    """The value of a Secrets Manager secret."""
    return str(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]).encode()
