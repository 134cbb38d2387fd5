"""The envelope of every event: CloudEvents 1.0, structured JSON, with Leanda's extension attributes.

Source: CloudEvents specification 1.0.2, JSON event format. Extension names are lower case without separators, as it demands.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from leanda import ids, limits
from leanda.errors import EventRefused, HopLimitExceeded

TYPE_PATTERN: Final = re.compile(r"^leanda(\.[a-z][a-z0-9-]*){3}\.v[1-9][0-9]*$")


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


class Event(BaseModel):
    """One event. `data` is the plain JSON object; `leanda.contracts.registry` knows its model.

    Attributes:
        id: deterministic where an event caused it; consumers and the log recognise a repetition by it.
        subject: the id of what the event is about (a file, a run's chunk, a user).
        sequence: a number that distinguishes several events of one type from one cause (a chunk, a revision).
        correlationid: the same from the first request to the last event of one piece of work.
        causationid: the id of the event or request that this one follows from.
        hops: events passed since the request; over 16 the event is refused as a loop.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=200)
    type: str = Field(pattern=TYPE_PATTERN.pattern, max_length=200)
    source: str = Field(min_length=1, max_length=200)
    subject: str = Field(min_length=1, max_length=1024)
    time: Annotated[AwareDatetime, AfterValidator(_utc)]
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any]
    correlationid: str = Field(min_length=1, max_length=200)
    causationid: str = Field(min_length=1, max_length=200)
    sequence: str = Field(default="0", max_length=64)
    traceparent: str | None = Field(default=None, max_length=200)
    userid: str | None = Field(default=None, max_length=200)
    hops: int = Field(default=0, ge=0)

    def to_bytes(self) -> bytes:
        """The Kafka value: UTF-8 JSON, at most 256 KiB.

        Raises:
            EventRefused: the event is larger; its writer must put the body into an artefact.
        """
        body = self.model_dump_json(exclude_none=True).encode()
        if len(body) > limits.MAX_EVENT_BYTES:
            raise EventRefused(f"The event is {len(body)} bytes; at most {limits.MAX_EVENT_BYTES} are allowed.")
        return body

    @classmethod
    def from_bytes(cls, body: bytes) -> Event:
        """Read a Kafka value.

        Raises:
            EventRefused: not JSON, not a CloudEvent, or too large.
            HopLimitExceeded: passed on more than 16 times.
        """
        if len(body) > limits.MAX_EVENT_BYTES:
            raise EventRefused(f"The event is {len(body)} bytes; at most {limits.MAX_EVENT_BYTES} are allowed.")
        try:
            event = cls.model_validate_json(body)
        except ValidationError as error:
            raise EventRefused(detail=str(error)[:2000]) from error
        if event.hops > limits.MAX_HOPS:
            raise HopLimitExceeded(detail=f"hops = {event.hops}")
        return event


class Origin(BaseModel):
    """What an event follows from: an earlier event, a request, or a notification."""

    model_config = ConfigDict(frozen=True)

    cause: str
    correlation_id: str
    user_id: str | None = None
    traceparent: str | None = None
    hops: int = 0

    @classmethod
    def of_event(cls, event: Event) -> Origin:
        return cls(
            cause=event.id,
            correlation_id=event.correlationid,
            user_id=event.userid,
            traceparent=event.traceparent,
            hops=event.hops + 1,
        )

    def event(
        self, type_: str, *, source: str, subject: str, data: dict[str, Any], at: datetime, sequence: object = 0
    ) -> Event:
        """The event of `type_` that follows from this origin; calling it again gives the same id."""
        return Event(
            id=ids.event_id(self.cause, type_, subject, sequence),
            type=type_,
            source=source,
            subject=subject,
            time=at,
            data=data,
            correlationid=self.correlation_id,
            causationid=self.cause,
            sequence=str(sequence),
            traceparent=self.traceparent,
            userid=self.user_id,
            hops=self.hops,
        )
