"""The typed environment of each handler of `history`."""

from __future__ import annotations

from leanda.settings import ConsumerSettings, CursorSettings, DiscoverySettings, StoreSettings


class EventsSettings(StoreSettings, ConsumerSettings):
    pass


class ReplaySettings(StoreSettings):
    """`consumers`: names of consumers that may be invoked, separated by commas; a function is `<prefix>-<consumer>`."""

    function_prefix: str
    consumers: str


class ApiSettings(StoreSettings, DiscoverySettings, CursorSettings):
    nudged_function: str
