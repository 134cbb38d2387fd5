"""Finds out which instances of the internal services answer, so that Cloud Map hands out only those.

Trigger: schedule, every minute.
"""

from __future__ import annotations

from typing import Any

from functions.platform.bootstrap import probe


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return probe().run()
