"""The typed environment of each handler of `search`."""

from __future__ import annotations

from typing import Literal

from leanda.settings import (
    ArtefactSettings,
    ConsumerSettings,
    CursorSettings,
    DiscoverySettings,
    KafkaSettings,
    Settings,
)


class IndexSettings(Settings):
    opensearch_url: str
    opensearch_auth: Literal["none", "iam"] = "none"


class ApiSettings(IndexSettings, DiscoverySettings, CursorSettings):
    pass


class FileEventsSettings(IndexSettings, DiscoverySettings, ConsumerSettings):
    pass


class RecordEventsSettings(IndexSettings, DiscoverySettings, ConsumerSettings, KafkaSettings, ArtefactSettings):
    pass


class MaintenanceSettings(IndexSettings, DiscoverySettings, ArtefactSettings):
    pass


class SetupSettings(IndexSettings):
    pass
