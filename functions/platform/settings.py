"""The typed environment of each handler of `platform`."""

from __future__ import annotations

from leanda.settings import DiscoverySettings, KafkaSettings


class TopicsSettings(KafkaSettings):
    pass


class ProbeSettings(DiscoverySettings):
    pass
