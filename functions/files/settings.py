"""The typed environment of each handler of `files`."""

from __future__ import annotations

from leanda.settings import (
    ArtefactSettings,
    ConsumerSettings,
    CursorSettings,
    DiscoverySettings,
    KafkaSettings,
    StoreSettings,
)


class ApiSettings(StoreSettings, KafkaSettings, DiscoverySettings, CursorSettings):
    pass


class InternalApiSettings(StoreSettings):
    allowed_callers: str
    account_id: str


class FileEventsSettings(StoreSettings, KafkaSettings, ConsumerSettings):
    pass


class RecordEventsSettings(StoreSettings, KafkaSettings, ConsumerSettings, ArtefactSettings):
    pass


class RelaySettings(StoreSettings, KafkaSettings):
    pass


class TidySettings(StoreSettings, ArtefactSettings):
    pass
