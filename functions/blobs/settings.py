"""The typed environment of each handler of `blobs`."""

from __future__ import annotations

from leanda.settings import ConsumerSettings, KafkaSettings, StoreSettings


class BlobSettings(StoreSettings, KafkaSettings):
    originals_bucket: str


class ApiSettings(BlobSettings):
    inbox_role_arn: str


class InternalApiSettings(BlobSettings):
    allowed_callers: str
    account_id: str


class FileEventsSettings(BlobSettings, ConsumerSettings):
    pass


class RelaySettings(StoreSettings, KafkaSettings):
    pass
