"""A server that somebody else runs and that an environment variable names."""

import time
from collections.abc import Callable
from pathlib import Path

from local.engines.process import EngineFailed


class ExternalEngine:
    """Starting it only checks that it answers; stopping and killing it do nothing, because it is not ours.

    The address may hold a password, so no message repeats it.
    """

    pid: int | None = None

    def __init__(self, name: str, home: Path, variable: str, address: str, answers: Callable[[str], bool]) -> None:
        self.name = name
        self.log = home / name / f"{name}.log"
        self._variable, self._address, self._answers = variable, address, answers

    def start(self) -> None:
        """Check that it answers.

        Raises:
            EngineFailed: no answer within ten seconds.
        """
        self.wait_ready(10)

    def wait_ready(self, timeout: float) -> None:
        """Ask until it answers.

        Raises:
            EngineFailed: no answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._answers(self._address):
            if time.monotonic() > deadline:
                raise EngineFailed(self.name, f"the server named by {self._variable} does not answer")
            time.sleep(0.2)

    def stop(self) -> None:
        """Not ours to stop."""

    def kill(self) -> None:
        """Not ours to kill."""
