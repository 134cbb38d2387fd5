"""Replay: events of the log are given to one consumer again, past the topic, as many a second as it is told to.

Consumers recognise what they have seen, so a replay repairs and changes nothing else. A mapping's filters are not asked: the
order names the types, and a parser is only given files of its own kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from functions.history.domain import Entry, known_types
from functions.history.ports import EventLog, Selection
from leanda.errors import Unavailable
from leanda.messaging.direct import DELIVERY_SECONDS, Functions, msk_event
from leanda.messaging.records import KafkaRecord
from leanda.observability import logger

MOST: Final = 100_000
_PAGE: Final = 500


class ReplayOrder(BaseModel):
    """What an operator asks for. Without `deliver` it is only counted; the API says by its route which is meant.

    Attributes:
        consumer: the group's name: `search-on-record-events`.
        types: needed to deliver; only these.
        limit: at most so many events.
        per_second: at most so many events a second.
        after: the position at which an earlier, unfinished replay of the same order says to go on.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    consumer: str = Field(min_length=1, max_length=200)
    file_id: str | None = Field(default=None, max_length=100)
    types: Annotated[tuple[str, ...], Field(max_length=50), AfterValidator(known_types)] = ()
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=1000, ge=1, le=MOST)
    per_second: float = Field(default=50.0, ge=0.01, le=1000)
    batch_size: int = Field(default=25, ge=1, le=500)
    after: tuple[AwareDatetime, str] | None = None
    deliver: bool = False

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.deliver and not self.types:
            raise ValueError("name the types that are to be delivered")
        return self

    @property
    def selection(self) -> Selection:
        return Selection(self.file_id, self.types, self.since, self.until)

    @property
    def kind(self) -> str | None:
        """The kind of file that a parser reads; None for other consumers."""
        return self.consumer.split("-")[1] if self.consumer.startswith("parsers-") else None


@dataclass(frozen=True)
class Replaying:
    """The use case of `history.replay`."""

    log: EventLog
    functions: Functions
    sleep: Callable[[float], None]

    def replay(self, order: ReplayOrder, remaining_seconds: Callable[[], float]) -> dict[str, Any]:
        """Count, or deliver, what is selected, oldest first.

        Returns:
            `matched` by type, `delivered`, and `next` when there is more: the `after` of an order that goes on. A batch that
            is not taken, or has no time left, ends the replay with `problem`; `next` begins with that batch, and an order without
            `next` is repeated as it was.

        Raises:
            FunctionUnknown: there is no such consumer.
        """
        matched: Counter[str] = Counter()
        delivered, position = 0, order.after
        for batch in self._batches(order):
            if order.deliver:
                if remaining_seconds() < DELIVERY_SECONDS:
                    return _told(matched, delivered, position) | {"problem": "the time of the function is over"}
                problem = self._deliver(order.consumer, batch)
                if problem:
                    return _told(matched, delivered, position) | {"problem": problem}
                delivered += len(batch)
                logger.info("replayed", consumer=order.consumer, delivered=delivered, until=batch[-1].time.isoformat())
                self.sleep(len(batch) / order.per_second)
            matched.update(entry.type for entry in batch)
            position = (batch[-1].time, batch[-1].id)
        return _told(matched, delivered, position if matched.total() == order.limit else None)

    def _deliver(self, consumer: str, batch: list[Entry]) -> str | None:
        """Why the consumer did not take a batch, or None."""
        try:
            answer = self.functions.invoke(
                consumer, msk_event((_record(one), _milliseconds(one.time)) for one in batch)
            )
        except Unavailable as error:
            return error.detail or error.message
        return answer.problem or (f"not done: {answer.failed[:5]}" if answer.failed else None)

    def _batches(self, order: ReplayOrder) -> Iterator[list[Entry]]:
        batch: list[Entry] = []
        for entry in self._entries(order):
            batch.append(entry)
            if len(batch) == order.batch_size:
                yield batch
                batch = []
        if batch:
            yield batch

    def _entries(self, order: ReplayOrder) -> Iterator[Entry]:
        after, left = order.after, order.limit
        while page := self.log.select(order.selection, after=after, limit=_PAGE):
            for entry in page:
                if order.kind is None or entry.data.get("kind") == order.kind:
                    yield entry
                    left -= 1
                    if not left:
                        return
            after = (page[-1].time, page[-1].id)


def _told(matched: Counter[str], delivered: int, position: tuple[datetime, str] | None) -> dict[str, Any]:
    told: dict[str, Any] = {"matched": dict(sorted(matched.items())), "delivered": delivered}
    return told | ({"next": [position[0].isoformat(), position[1]]} if position else {})


def _record(entry: Entry) -> KafkaRecord:
    return KafkaRecord(entry.topic, entry.partition, entry.offset, entry.key, entry.body.encode())


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
