"""Functions that run at deployment: a CloudFormation custom resource, or a plain call with the same event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import urllib3

from leanda.observability import logger


def setup_handler(set_up: Callable[[], None]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A handler that sets something up on Create and Update, and leaves everything alone on Delete.

    Source: AWS CloudFormation user guide, "Custom resource request and response reference".
    """

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        status, reason = "SUCCESS", ""
        try:
            if event.get("RequestType") != "Delete":
                set_up()
        except Exception as error:
            logger.exception("set-up failed")
            status, reason = "FAILED", f"{type(error).__name__}: {error}"[:1000]
            if "ResponseURL" not in event:
                raise
        if "ResponseURL" in event:
            _answer(event, context, status, reason)
        return {"status": status}

    return lambda_handler


def _answer(event: dict[str, Any], context: Any, status: str, reason: str) -> None:
    body = {
        "Status": status,
        "Reason": reason or f"See log stream {context.log_stream_name}",
        "PhysicalResourceId": event.get("PhysicalResourceId") or f"setup-{event['LogicalResourceId']}",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The signature of the address covers an empty content type.
    urllib3.request(
        "PUT", event["ResponseURL"], body=json.dumps(body).encode(), headers={"content-type": ""}, timeout=10
    )
