"""The guard without a process: the same calls, here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from leanda.errors import LeandaError
from leanda.guard import CallFailed


class InProcessGuard:
    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        module, _, name = call.partition(":")
        try:
            yield from getattr(importlib.import_module(module), name)(arguments, payload)
        except LeandaError as error:
            raise CallFailed(type(error).__name__, error.code, error.message, error.detail) from error
