"""A decided change of one document: what is set, and what is announced. Pure; one adapter applies it in one atomic update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leanda.contracts.envelope import Origin
from leanda.contracts.events import EventData
from leanda.contracts.registry import event_of
from leanda.ports import Message


@dataclass(frozen=True)
class Change:
    """What a command or event means for one document.

    Attributes:
        set_: values by (dotted) path.
        unset: paths to remove.
        emit: events to announce with the write, in this order.
        guarded: False for marks that commute (a chunk's stage): they are set by `_id` alone and do not raise the revision.
    """

    set_: Mapping[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    emit: tuple[EventData, ...] = ()
    guarded: bool = True

    @property
    def empty(self) -> bool:
        return not (self.set_ or self.unset or self.emit)


NOTHING = Change()


def messages_of(
    emit: tuple[EventData, ...], origin: Origin, *, source: str, at: datetime, sequence: object
) -> list[Message]:
    """The messages that announce `emit`; the same origin and sequence give the same event ids."""
    messages = []
    for position, data in enumerate(emit):
        # What a fact does not tell apart itself is told apart by the revision and its place in the change.
        number = data.discriminator() or (f"{sequence}.{position}" if position else sequence)
        event = event_of(data, origin, source=source, at=at, sequence=number)
        messages.append(Message(data.TOPIC.name, data.key(), event.id, event.to_bytes()))
    return messages
