"""A decided change of one document: what is set, and what is announced. Pure; one adapter applies it in one atomic update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leanda.contracts.envelope import Event, Origin
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
        again: events that were announced before, to be sent once more as they were; the same ids.
        guarded: False for marks that commute (a chunk's stage): they are set by `_id` alone and do not raise the revision.
    """

    set_: Mapping[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    emit: tuple[EventData, ...] = ()
    again: tuple[Message, ...] = ()
    guarded: bool = True

    @property
    def empty(self) -> bool:
        return not (self.set_ or self.unset or self.emit or self.again)


NOTHING = Change()


def messages_of(
    emit: tuple[EventData, ...], origin: Origin, *, source: str, at: datetime, sequence: object
) -> list[Message]:
    """The messages that announce `emit`; the same origin and sequence give the same event ids."""
    messages = []
    for position, data in enumerate(emit):
        number = data.discriminator() or place_in_change(sequence, position)
        messages.append(message_of(data, event_of(data, origin, source=source, at=at, sequence=number)))
    return messages


def place_in_change(sequence: object, position: int) -> str:
    """What tells facts apart that do not do so themselves: the revision that they came with, and their place in that change."""
    return f"{sequence}.{position}" if position else str(sequence)


def message_of(data: EventData, event: Event) -> Message:
    """An event on its way to the topic of its type."""
    return Message(data.TOPIC.name, data.key(), event.id, event.to_bytes())
