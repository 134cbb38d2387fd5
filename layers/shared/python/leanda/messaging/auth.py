"""How Kafka clients of Leanda connect: MSK IAM on AWS (SASL/OAUTHBEARER with a signed token), plain text on one machine."""

from __future__ import annotations

import os
from typing import Any


def client_config(bootstrap: str, auth: str) -> dict[str, Any]:
    """librdkafka settings for `bootstrap`; `auth` is `iam` or `none`."""
    config: dict[str, Any] = {"bootstrap.servers": bootstrap, "client.id": os.environ.get("LEANDA_FUNCTION", "leanda")}
    if auth == "iam":
        config |= {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER", "oauth_cb": _token}
    return config


def _token(_: object) -> tuple[str, float]:
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # only where IAM is used: it costs 60 ms of a cold start

    token, expires_ms = MSKAuthTokenProvider.generate_auth_token(os.environ["AWS_REGION"])
    return token, expires_ms / 1000
