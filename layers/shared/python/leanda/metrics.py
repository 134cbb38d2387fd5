"""Metrics in CloudWatch's embedded metric format: a line of the log that CloudWatch reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "Leanda"


class EmfMeter:
    """Counts, as metrics of one context (the dimension `service`)."""

    def __init__(self, context: str) -> None:
        self._context = context

    def measure(self, values: Mapping[str, int]) -> None:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._context)
        for name, value in values.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        metrics.flush_metrics()
