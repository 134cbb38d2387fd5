"""Composes the callee's side of service identity for an internal API."""

from __future__ import annotations

import json
from typing import Any

import boto3
import urllib3

from leanda.discovery.identity import HEADER, Caller, IdentityVerifier, sts_caller
from leanda.ports import SystemClock


def identity_verifier(audience: str, *, account: str, allowed_callers: str) -> IdentityVerifier:
    """The verifier of one service.

    Args:
        audience: the service's name.
        allowed_callers: JSON object, operation → role names.
    """
    sts_url = boto3.client("sts").meta.endpoint_url
    return IdentityVerifier(
        audience=audience,
        account=account,
        allowed=json.loads(allowed_callers),
        now=SystemClock().now,
        ask_sts=sts_caller(sts_url, pool=urllib3.PoolManager(maxsize=2)),
    )


def require_caller(app: Any, verifier: IdentityVerifier, operation: str) -> Caller:
    """The proved caller of the current request; raises as `IdentityVerifier.require` does."""
    headers = {str(name).lower(): value for name, value in (app.current_event.headers or {}).items()}
    return verifier.require(headers.get(HEADER), operation)
