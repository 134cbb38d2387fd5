"""Makes both indices anew beside those in use, and puts them to use when they are complete.

Trigger: an operator's invocation (`leanda index rebuild`; on AWS `aws lambda invoke` with `{"action": "start"}`), and a schedule
that goes on with it until it is done. Orders: `functions.search.orders.RebuildOrder`. Emits: metrics RebuildDocuments, RebuildLost.
"""

from __future__ import annotations

from typing import Any

from functions.search import bootstrap
from functions.search.orders import RebuildOrder, rebuild

RESERVE_SECONDS = 60.0
"""A step may begin with this much left; it takes some seconds."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    remaining = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    return rebuild(RebuildOrder.model_validate(event), remaining, bootstrap.rebuild())
