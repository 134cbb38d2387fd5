"""How a stack is run: for a developer (data kept) or for a test (fresh folder, misbehaving on purpose)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Options:
    """
    Attributes:
        home: folder below the checkout that holds everything.
        persist: keep the state of the AWS endpoints over a restart.
        chaos_seed: None for a well-behaved poller; else batches are repeated and partitions moved, as AWS may.
        max_sandboxes: per function.
    """

    home: str = ".leanda/cloud"
    persist: bool = True
    chaos_seed: int | None = None
    max_sandboxes: int = 2

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Options:
        return cls(**json.loads(text))
