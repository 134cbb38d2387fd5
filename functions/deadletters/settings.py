"""The typed environment of each handler of `deadletters`."""

from __future__ import annotations

import json

from leanda.settings import CursorSettings, KafkaSettings, StoreSettings


class LetterSettings(StoreSettings, KafkaSettings):
    """Of everything that writes letters."""


class CollectorSettings(LetterSettings):
    """`queues_behind`: JSON object, dead-letter queue → the consumer behind the queue that it belongs to."""

    failures_bucket: str
    function_prefix: str
    queues_behind: str = "{}"

    @property
    def behind(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.queues_behind)
        return found


class ApiSettings(LetterSettings, CursorSettings):
    nudged_function: str


class RedriveSettings(LetterSettings):
    """`consumers`: names of consumers that may be invoked, separated by commas; a function is `<prefix>-<consumer>`."""

    function_prefix: str
    consumers: str
