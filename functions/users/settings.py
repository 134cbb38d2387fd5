"""The typed environment of each handler of `users`."""

from __future__ import annotations

from leanda.settings import KafkaSettings, StoreSettings


class ProfileSettings(StoreSettings, KafkaSettings):
    """Of everything that writes profiles: the API, sign-up and the relay."""
