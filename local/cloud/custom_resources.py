"""Answers for custom resources whose function failed.

CloudFormation hands a custom resource's function a URL and waits until something is PUT there. A function that dies first
leaves it waiting for `ServiceTimeout`, an hour by default, on AWS too. On one machine the Lambda host sees the failure, so it
reports it in the function's place and the deployment fails at once with the true error.
"""

import json
import urllib.request
from contextlib import suppress
from typing import Any

_ASKED = {"RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"}


def report_failure(payload: bytes, error: bytes) -> bool:
    """PUT `FAILED` to the event's ResponseURL if the event is a custom resource request; whether it was one."""
    if b"ResponseURL" not in payload:
        return False
    event: Any = json.loads(payload)
    if not isinstance(event, dict) or not event.keys() >= _ASKED:
        return False
    answer = {
        "Status": "FAILED",
        "Reason": _reason(error),
        "PhysicalResourceId": event.get("PhysicalResourceId", event["RequestId"]),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(  # noqa: S310  # the URL is the local cloud's own
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with suppress(OSError):  # the deployment was given up meanwhile
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()
    return True


def _reason(error: bytes) -> str:
    try:
        said = json.loads(error)
        return f"{said['errorType']}: {said['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return error.decode(errors="replace")[:1000]
