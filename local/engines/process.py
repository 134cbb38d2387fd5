"""An engine as a child process of the supervisor."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import psutil

from local.engines.ports import accepts, is_free

LAUNCHER = Path(__file__).with_name("launch.py")
POLL_SECONDS = 0.05
STOP_SECONDS = 30.0
VANISH_SECONDS = 5.0
TAIL_LINES = 25
LOG_BYTES = 16 * 1024 * 1024

# Linux sends the parent-death signal when the *thread* that started the child ends, so every engine is started from
# one thread that lives as long as the supervisor, whatever thread asked for it.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine-starter")


class Engine(Protocol):
    """A server the pipeline needs, ours or somebody else's."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    @property
    def log(self) -> Path: ...

    def start(self) -> None: ...

    def wait_ready(self, timeout: float) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


class EngineFailed(Exception):
    """An engine did not start, died, or does not answer. The message ends with the last lines of its log."""

    code = "ENGINE_FAILED"

    def __init__(self, name: str, reason: str, log: Path | None = None) -> None:
        self.name, self.reason, self.log = name, reason, log
        lines = tail(log) if log else ""
        super().__init__(f"{name}: {reason}" + (f"\n--- end of {log} ---\n{lines}" if lines else ""))


class ProcessEngine(ABC):
    """A server run from a command line, bound to 127.0.0.1, with its state and log under `home/<name>`.

    A second start finds the first one's data. `start` returns as soon as the process exists; `wait_ready` waits.
    """

    def __init__(self, name: str, home: Path, ports: Sequence[int]) -> None:
        self.name = name
        self.home = home.resolve() / name
        self.log = self.home / f"{name}.log"
        self.ports = tuple(ports)
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Write the configuration and whatever a first start needs. Repeating it keeps the data."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line; the first word is an absolute path."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether a real client gets an answer."""

    def after_stop(self) -> None:  # noqa: B027 - most engines have nothing to do then
        """Called once after a clean stop."""

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        process = self._process  # another thread may stop the engine between two looks
        return process.pid if process and process.poll() is None else None

    @property
    def pid_file(self) -> Path:
        return self.home / "pid"

    def start(self) -> None:
        """Start the server unless it runs already.

        Raises:
            EngineFailed: a port is taken, or preparing the first start failed.
        """
        if self.pid is not None:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "tmp").mkdir(exist_ok=True)
        self._refuse_a_second_copy()
        for port in self.ports:
            if not is_free(port):
                raise EngineFailed(self.name, f"port {port} is taken by another program")
        self._start_a_new_log()
        self.prepare()
        command = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *self.command()]
        with self.log.open("ab") as log:
            self._process = _STARTER.submit(
                subprocess.Popen,
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env=self.environment(),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops engines in order
            ).result()
        self.pid_file.write_text(str(self._process.pid))

    def environment(self) -> dict[str, str]:
        """Only what a server needs: no credentials, proxies or JVM options of the person who starts it."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "LANG": "C.UTF-8",
        }

    def wait_ready(self, timeout: float) -> None:
        """Wait until a real client is answered.

        Raises:
            EngineFailed: the server died, or `timeout` seconds passed.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.pid is None:
                process = self._process
                reason = f"exited with code {process.returncode} while starting" if process else "was stopped"
                raise EngineFailed(self.name, reason, self.log)
            if all(accepts(port) for port in self.ports) and self.answers():
                return
            time.sleep(POLL_SECONDS)
        raise EngineFailed(self.name, f"did not answer within {timeout:.0f} s", self.log)

    def stop(self) -> None:
        """Ask the server to end, and end it after half a minute. Stopping a stopped server changes nothing."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._forget()
        # Python reports a program that left SIGTERM to the system as -15; a JVM that handled it exits with 143.
        if process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
            self.after_stop()

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL); the next `start` recovers from its journal."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()

    def _forget(self) -> None:
        self._process = None
        self.pid_file.unlink(missing_ok=True)

    def _start_a_new_log(self) -> None:
        """Keep one older log; within one run an engine writes little."""
        if self.log.is_file() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))

    def _refuse_a_second_copy(self) -> None:
        """Two servers on one data folder would destroy it. A killed one gets a moment to vanish."""
        deadline = time.monotonic() + VANISH_SECONDS
        while running := running_pid(self.home):
            if time.monotonic() > deadline:
                raise EngineFailed(self.name, f"is already running as process {running} on {self.home}")
            time.sleep(POLL_SECONDS)


def running_pid(engine_home: Path) -> int | None:
    """The process that the pid file names, if it is still the server of this very folder (pids are reused)."""
    try:
        pid = int((engine_home / "pid").read_text())
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return pid if process.cwd() == str(engine_home) else None
    except (OSError, ValueError, psutil.Error):
        return None


def stop_leftovers(home: Path) -> list[str]:
    """End engines of an earlier supervisor that are still running under `home`; returns their names.

    Needed where the kernel cannot end them with their supervisor, and by a `down` typed in another terminal.
    """
    leftovers = {path.parent: pid for path in sorted(home.resolve().glob("*/pid")) if (pid := running_pid(path.parent))}
    for pid in leftovers.values():
        _send(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(map(running_pid, leftovers)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for folder in leftovers:
        if (survivor := running_pid(folder)) is not None:
            _send(survivor, signal.SIGKILL)
        (folder / "pid").unlink(missing_ok=True)
    return [folder.name for folder in leftovers]


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, or nothing when there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - 64 * 1024))
            return "\n".join(stream.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""
