"""The SHA-256 of large originals, for which there is no time when they arrive.

It is attached beside parsing, as soon as `files` has taken the bytes. Where one was announced nobody hears of the bytes before they
are known to be those that were meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from functions.blobs import domain
from functions.blobs.ports import Blobs, Objects
from leanda import limits, telling
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.errors import NotFound, RevisionConflict
from leanda.observability import correlated, logger
from leanda.persistence.aggregates import deciding, each_due
from leanda.ports import Clock

AT_ONCE: Final = 100
RESERVE_SECONDS: Final = 15.0
BYTES_A_SECOND: Final = 40 * limits.MIB
"""What one connection to S3 gives at the least; the largest file takes four minutes at that."""
LEASE: Final = timedelta(minutes=15)
"""No function works longer than that; then what one died at is due again."""
TRIES: Final = int(timedelta(days=1) / LEASE)
"""Each is a lease later at the earliest, so bytes are given up after a day at the least, and no file waits for ever."""


@dataclass(frozen=True)
class Hashing:
    """The use case of `blobs.checksums`. Two at a time share the work; repeating it changes nothing."""

    blobs: Blobs
    objects: Objects
    clock: Clock

    def hash_due(self, left: Callable[[], float] = lambda: float("inf")) -> dict[str, int]:
        """Compute what is due, as long as there is time (seconds left); what would take longer comes first the next time.

        Returns:
            how many originals were `hashed`, and how many `failed`: they are tried again, and hold nobody up.

        Raises:
            Unavailable: the store does not tell what is due.
        """
        done = {"hashed": 0, "failed": 0}
        for blob in each_due(self._due, lambda: left() > RESERVE_SECONDS):
            if left() < RESERVE_SECONDS + blob["size"] / BYTES_A_SECOND:
                continue
            with correlated(blob["unhashed"]["correlationId"]):
                try:
                    done["hashed"] += self._hash(blob)
                except Exception:  # a silent engine, or a defect that these bytes meet; the others have an owner too
                    logger.exception("bytes cannot be hashed", key=blob["key"], version=blob["versionId"])
                    done["failed"] += 1
        return done

    def _due(self) -> list[dict[str, Any]]:
        return self.blobs.unhashed(self.clock.now(), limit=AT_ONCE)

    def _hash(self, blob: dict[str, Any]) -> bool:
        origin = Origin(cause=blob["_id"], correlation_id=blob["unhashed"]["correlationId"], user_id=blob["ownerId"])
        tried = blob["unhashed"].get("tries", 0)
        claim = {"unhashed.at": self.clock.now() + LEASE, "unhashed.tries": tried + 1}
        try:
            self.blobs.apply(blob, Change(set_=claim), origin)
        except RevisionConflict:  # somebody else has it
            return False
        if tried < TRIES:
            sha256 = self._sha256(blob)
            deciding(lambda: self._tell(blob["_id"], lambda read: domain.hashed(read, sha256), origin))
        else:
            logger.error("bytes are given up: they were never read to their end", key=blob["key"])
            deciding(lambda: self._tell(blob["_id"], domain.never_hashed, origin))
        self.blobs.publish(blob["_id"])
        return True

    def _sha256(self, blob: dict[str, Any]) -> str | None:
        digest = hashlib.sha256()
        try:
            for block in self.objects.read(blob["key"], blob["versionId"]):
                digest.update(block)
        except NotFound:
            logger.warning("the object version is gone", key=blob["key"], version=blob["versionId"])
            return None
        return digest.hexdigest()

    def _tell(self, blob_id: str, outcome: Callable[[dict[str, Any]], Change], origin: Origin) -> None:
        blob, now = self.blobs.get(blob_id), self.clock.now()
        if blob is None or "unhashed" not in blob:
            return
        change = outcome(blob)
        if change.emit:
            kept = telling.kept(change, origin, revision=blob["revision"] + 1, at=now)
            change = replace(change, set_={**change.set_, **kept})
        self.blobs.apply(blob, change, origin)
