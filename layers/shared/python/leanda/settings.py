"""The typed environment. Each handler's settings class lists what it needs; only these classes read `os.environ`."""

from __future__ import annotations

import os
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base: names are the environment's, in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    leanda_environment: str = "local"
    leanda_function: str = "leanda"

    @classmethod
    def load(cls) -> Self:
        """Read the environment.

        Raises:
            pydantic.ValidationError: something is missing; the message names it.
        """
        values: dict[str, Any] = {
            name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ
        }
        return cls.model_validate(values)


class KafkaSettings(Settings):
    kafka_bootstrap: str
    kafka_auth: Literal["none", "iam"] = "none"


class StoreSettings(Settings):
    document_store_url: str
    document_store_auth: Literal["none", "secret"] = "none"
    document_store_secret: str = ""
    document_store_database: str

    @property
    def secret(self) -> str | None:
        return self.document_store_secret if self.document_store_auth == "secret" else None


class ConsumerSettings(Settings):
    dead_letter_queue_url: str


class ArtefactSettings(Settings):
    artefacts_bucket: str


class DiscoverySettings(Settings):
    discovery_namespace: str


class CursorSettings(Settings):
    cursor_secret: str


class CacheSettings(Settings):
    cache_url: str = ""
