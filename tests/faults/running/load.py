"""A user at work while something breaks: uploads files of known outcome, and knows what was acknowledged."""

from __future__ import annotations

import random
import threading
import time
import uuid
from typing import Self

from leanda_client import LeandaClientError
from tests.cloud import Person
from tests.faults.files import FILES

PATIENCE_SECONDS = 300.0


class Load:
    """Uploads from several threads until it is left; each upload is repeated, with its key, until it is acknowledged.

    Args:
        pause: seconds between two uploads of a thread.
        most: uploads of a thread; then it only waits. Engines take long to come back on a busy machine.
    """

    def __init__(
        self, person: Person, seed: int, *, threads: int = 2, pause: float = 0.2, most: int = 1_000_000
    ) -> None:
        self.person, self.accepted, self.refused = person, dict[str, str](), 0
        self._pause, self._most = pause, most
        self._stopping, self._failures = threading.Event(), list[BaseException]()
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(f"{seed}:{n}"),), daemon=True)
            for n in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _work(self, dice: random.Random) -> None:
        try:
            for _ in range(self._most):
                if self._stopping.is_set():
                    return
                self.upload(dice.choice(list(FILES)))
                self._stopping.wait(self._pause)
        except BaseException as error:
            self._failures.append(error)

    def upload(self, name: str) -> str:
        """Upload a file as a script does that must not lose it; its id."""
        key, deadline = uuid.uuid4().hex, time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                file = self.person.client.upload(FILES[name].body, name=name, idempotency_key=key)
                break
            except LeandaClientError:
                self.refused += 1
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        self.accepted[file["id"]] = name
        return str(file["id"])
