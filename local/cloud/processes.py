"""Long-running programs with a log file, an environment of their own and a bounded stop."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PLAIN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
"""What a child starts from: none of the developer's proxies, keys or Python settings."""


class ProcessFailed(RuntimeError):
    """A program ended, or never became ready; the message ends with the last lines of its log."""


class LoggedProcess:
    """One program in its own session, its output in one file."""

    def __init__(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # the command comes from our own constructor arguments
                list(command),
                env=PLAIN_ENVIRONMENT | dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def wait_until_ready(self, url: str, *, within: float) -> None:
        """Poll a URL until it answers 200.

        Raises:
            ProcessFailed: the program ended, or the deadline passed.
        """
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + within
        while self.running and time.monotonic() < deadline:
            try:
                with opener.open(url, timeout=1):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)
        what = "was not ready in time" if self.running else f"ended with status {self._process.returncode}"
        self.stop(grace=1)
        raise ProcessFailed(f"{Path(self._process.args[0]).name} {what}:\n{tail(self.log)}")  # type: ignore[index,arg-type]

    def stop(self, *, grace: float = 10) -> None:
        """SIGTERM, then SIGKILL to the whole group after `grace` seconds. Repeating it does nothing."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                kill_group(self.pid)
        self._process.wait()

    def kill(self) -> None:
        """SIGKILL to the whole group, as a power cut would end it."""
        if self.running:
            kill_group(self.pid)
        self._process.wait()


def kill_group(pid: int) -> None:
    """SIGKILL a process group; one that is gone already is fine."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        os.killpg(pid, signal.SIGKILL)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
