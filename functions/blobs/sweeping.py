"""Nothing is stuck: what S3 did not tell of is found, what never comes expires, what `files` did not take up is told again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from functions.blobs import domain
from functions.blobs.ports import Listed
from functions.blobs.use_cases import Receiving, Uploading
from leanda import ids, telling
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.errors import RevisionConflict
from leanda.observability import logger
from leanda.originals import INBOX, place_of, upload_key
from leanda.persistence.aggregates import Aggregates, each_due
from leanda.persistence.tellers import Tellers

AT_ONCE: Final = 200
RESERVE_SECONDS: Final = 30.0
ROUND: Final = "inbox"
_NOBODY: Final = Origin(cause="sweep", correlation_id="sweep")


@dataclass(frozen=True)
class Sweeping:
    """The use case of `blobs.sweep`. Repeating it, or two at a time, change nothing twice."""

    uploading: Uploading
    receiving: Receiving
    notes: Aggregates

    def sweep(self, left: Callable[[], float] = lambda: float("inf"), *, pages: int = 20) -> dict[str, int]:
        """Look after open uploads, then go on with the round through the inbox.

        Args:
            left: seconds that are left.
            pages: most pages of the inbox's listing (1,000 objects each).

        Returns:
            objects `received` whose notification was lost, uploads `expired`, objects `compared` in the inbox, and announcements
            `told` again; and what `failed` of these: it is tried again, and holds nobody up.

        Raises:
            Unavailable: the store, or the listing of the inbox, is silent.
        """
        done = {"received": 0, "expired": 0, "compared": 0, "failed": 0, "told": 0}

        def enough() -> bool:
            return left() > RESERVE_SECONDS

        for upload in each_due(self._overdue, enough):
            with _noted(upload["_id"], done):
                self._look_at(upload, done)
        for owner in (self.uploading.uploads, self.receiving.blobs):
            for document in each_due(partial(self._untold, owner), enough):
                with _noted(document["_id"], done):
                    self._tell(owner, document, done)
        for _ in range(pages):
            if not (enough() and self._compare_page(done)):
                break
        return done

    def _overdue(self) -> list[dict[str, Any]]:
        return self.uploading.uploads.overdue(self.uploading.clock.now(), limit=AT_ONCE)

    def _untold(self, owner: Tellers) -> list[dict[str, Any]]:
        return owner.untold(self.receiving.clock.now(), limit=AT_ONCE)

    def _look_at(self, upload: dict[str, Any], done: dict[str, int]) -> None:
        """Receive what arrived unnoticed; end the upload if its time is over, with its parts."""
        now, key = self.uploading.clock.now(), upload_key(upload["_id"])
        head = self.uploading.objects.head(key)
        try:
            if head is not None:
                self._receive(Listed(key, head.stored.version_id, now), upload["_id"], done)
            elif upload["expiresAt"] < now:
                self.uploading.expire(upload)
                done["expired"] += 1
            else:
                self.uploading.uploads.apply(upload, domain.looked_at(upload, at=now), _NOBODY)
        except RevisionConflict:  # it came to its end meanwhile, or somebody else looks
            logger.info("an upload was changed while it was looked at", upload=upload["_id"])

    def _tell(self, owner: Aggregates, document: dict[str, Any], done: dict[str, int]) -> None:
        """Tell again what `files` has not taken up; what no broker took was not told, and does not count."""
        owner.publish(document["_id"])
        logger.warning("nobody has taken up what was told", of=document["_id"], type=document["told"]["type"])
        owner.apply(document, telling.again(document, source="blobs", at=self.receiving.clock.now()), _NOBODY)
        owner.publish(document["_id"])
        done["told"] += 1

    def _compare_page(self, done: dict[str, int]) -> bool:
        """Compare the next page of the inbox with the blobs that are known; False at the end of a round."""
        note = self._note()
        after = (note["key"], note["version"]) if note.get("key") else None
        listing = self.receiving.objects.listing(INBOX, after=after)
        oldest = self.receiving.clock.now() - domain.LOST_AFTER
        found = {
            ids.blob_id(place.file_id, one.version_id): (one, place.file_id)
            for one in listing.objects
            if one.modified < oldest and (place := place_of(one.key))
        }
        known = self.receiving.blobs.get_many(found)
        for blob_id in found.keys() - known.keys():
            self._receive(*found[blob_id], done)
        done["compared"] += len(listing.objects)
        key, version = listing.next or (None, None)
        try:
            self.notes.apply(note, Change(set_={"key": key, "version": version}), _NOBODY)
        except RevisionConflict:  # somebody else goes this round
            return False
        return listing.next is not None

    def _receive(self, one: Listed, file_id: str, done: dict[str, int]) -> None:
        logger.warning("an object is found that nobody told of", key=one.key, version=one.version_id)
        sequencer = domain.sequencer_after(self.receiving.blobs.sequencers(file_id))
        try:
            self.receiving.receive(one.key, one.version_id, sequencer)
            done["received"] += 1
        except Exception:  # one that S3 does not give, or a defect that it meets; the others have an owner too
            logger.exception("an object cannot be received", key=one.key, version=one.version_id)
            done["failed"] += 1

    def _note(self) -> dict[str, Any]:
        fresh = {"_id": ROUND, "revision": 0}
        self.notes.insert(fresh, Change(), _NOBODY)
        return self.notes.get(ROUND) or fresh


@contextmanager
def _noted(key: str, done: dict[str, int]) -> Iterator[None]:
    try:
        yield
    except Exception:  # a silent engine, or a defect that this one meets; the others have an owner too
        logger.exception("cannot be looked after", of=key)
        done["failed"] += 1
