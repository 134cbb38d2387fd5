"""Every event type and its model. The only place that maps a type string to a class."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from leanda.contracts import events
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import EventData
from leanda.errors import EventRefused, EventUnknown


def _concrete(cls: type[EventData]) -> list[type[EventData]]:
    own = [cls] if "TYPE" in cls.__dict__ else []
    return own + [leaf for child in cls.__subclasses__() for leaf in _concrete(child)]


REGISTRY: Final[dict[str, type[EventData]]] = {
    cls.TYPE: cls for cls in _concrete(EventData) if cls.__module__ == events.__name__
}


def data_of(event: Event) -> EventData:
    """The typed body of an event.

    Raises:
        EventUnknown: no such type, or a version that is not read here.
        EventRefused: the body does not fit its model.
    """
    model = REGISTRY.get(event.type)
    if model is None:
        raise EventUnknown(detail=event.type)
    try:
        return model.model_validate(event.data)
    except ValidationError as error:
        raise EventRefused(detail=str(error)[:2000]) from error


def event_of(data: EventData, origin: Origin, *, source: str, at: datetime, sequence: object = 0) -> Event:
    """The event that carries `data`; the same arguments give the same id."""
    body: dict[str, Any] = data.to_json_dict()
    return origin.event(data.TYPE, source=source, subject=data.subject(), data=body, at=at, sequence=sequence)
