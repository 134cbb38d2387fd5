"""Platform: what belongs to no context: the topics, and the health of the internal services."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import InstanceHealth, KafkaAdmin
from cdk.contexts.table import Context, Package, Scheduled, Setup

PLATFORM: Final = Context(
    "platform",
    packages=(
        Package(
            "platform",
            functions=(
                Setup(handler="topics", uses=(KafkaAdmin(),)),
                Scheduled(handler="probe", uses=(InstanceHealth(),)),
            ),
        ),
    ),
)
