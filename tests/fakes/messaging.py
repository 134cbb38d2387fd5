"""A broker that keeps what is published, and a queue that keeps letters; both can be told to be down."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leanda.contracts.envelope import Event
from leanda.errors import Unavailable
from leanda.messaging.letters import Letter
from leanda.ports import Message
from tests.fakes.encodings import check_message


class FakePublisher:
    """Confirms everything, unless `down` or one of the messages is refused; then nothing arrives."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.down = False
        self.refuses: Callable[[Message], bool] = lambda _: False

    def publish(self, messages: Sequence[Message], *, timeout: float) -> None:
        if self.down:
            raise Unavailable(detail="the fake broker is down")
        if any(map(self.refuses, messages)):
            raise Unavailable(detail="the fake broker refuses it")
        for message in messages:
            check_message(message.body)
        self.sent.extend(messages)

    def events(self, type_: str | None = None) -> list[Event]:
        found = [Event.from_bytes(message.body) for message in self.sent]
        return [event for event in found if type_ is None or event.type == type_]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]


class FakeDeadLetters:
    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.down = False

    def send(self, letter: Letter) -> None:
        if self.down:
            raise Unavailable(detail="the fake queue is down")
        self.letters.append(letter)
