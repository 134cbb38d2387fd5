"""Under which identifiers a molecule is in the index, for somebody who writes it in another way than its file does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from leanda import structures
from leanda.guard import CallFailed, ChildDied, Guard
from leanda.observability import logger

MAX_SMILES: Final = 2_000
"""Characters of a SMILES that is asked for; a search takes no more."""


@dataclass(frozen=True)
class Identifying:
    """The use case of `processor.internal_api`."""

    guard: Guard

    def identifiers(self, smiles: str) -> list[str]:
        """Canonical SMILES and InChIKey as `properties` of a record have them; empty for what is no molecule to the toolkit."""
        call = "functions.processor.identifying:identified"
        try:
            (answer,) = self.guard.stream(call, {}, smiles.encode("utf-8", "replace"))
        except (CallFailed, ChildDied) as refusal:
            logger.info("no identifiers of what was asked for", reason=str(refusal)[:200])
            return []
        found: list[str] = json.loads(answer)
        return found


def identified(_: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """What runs in the guarded child."""
    molecule = structures.load_kekule(payload.decode())
    inchi = structures.inchi(molecule)
    found = [structures.canonical_smiles(molecule), structures.inchi_key(inchi) if inchi else ""]
    yield json.dumps([text for text in found if text]).encode()
