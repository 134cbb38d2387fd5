"""The typed environment of each handler of `history`."""

from __future__ import annotations

from leanda.settings import ConsumerSettings, CursorSettings, DiscoverySettings, StoreSettings


class EventsSettings(StoreSettings, ConsumerSettings):
    pass


class ApiSettings(StoreSettings, DiscoverySettings, CursorSettings):
    pass
