"""Collects what lies in dead-letter queues and failure objects, each thing once, at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from functions.deadletters import domain
from functions.deadletters.ports import FailureObjects, Letters
from functions.deadletters.reading import Announced, Found, QueueMessage, Reader
from leanda.errors import LeandaError, Unavailable
from leanda.observability import correlated, logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock


@dataclass(frozen=True)
class Collecting:
    """The use case of `deadletters.on_dead_letter`."""

    letters: Letters
    failures: FailureObjects
    reader: Reader
    clock: Clock

    def collect(self, messages: Iterable[QueueMessage]) -> list[str]:
        """Keep what is in the messages; the ids of those that were not kept and stay in their queues."""
        return [message.id for message in messages if not self._kept(message)]

    def _kept(self, message: QueueMessage) -> bool:
        with correlated(message.id, queue=message.queue):
            try:
                self.take(message)
            except LeandaError as error:
                logger.warning("the message will come again", code=error.code, detail=error.detail)
                return False
            except Exception:
                logger.exception("unexpected error")
                return False
        return True

    def take(self, message: QueueMessage) -> None:
        """Store every letter of one message; repeating it changes nothing.

        Raises:
            Unavailable: the store or S3 does not answer.
        """
        for found in self.reader.read(message):
            if isinstance(found, Announced):
                body = self.failures.get(found.key, found.version_id)
                for record in self.reader.batch(found, body, at=message.sent_at):
                    self._store(record)
            else:
                self._store(found)

    def _store(self, found: Found) -> None:
        letter, change = domain.opened(found, at=self.clock.now())
        origin = domain.origin_of(letter, change)
        with correlated(origin.correlation_id, letter=letter["_id"]):
            if self.letters.insert(letter, change, origin):
                logger.error("dead letter", consumer=found.consumer, code=found.code)
            else:
                deciding(lambda: self._again(found))
            try:
                self.letters.publish(letter["_id"])
            except Unavailable as error:
                logger.warning("the letter is kept; the relay will announce it", detail=error.detail)

    def _again(self, found: Found) -> None:
        letter = self.letters.get(found.letter_id)
        if letter is None:
            raise Unavailable(detail="a letter that was just there is gone")
        change = domain.failed_again(letter, found, at=self.clock.now())
        self.letters.apply(letter, change, domain.origin_of(letter, change))
