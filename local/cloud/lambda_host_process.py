"""The Lambda host as a process of its own: how to start it, and what runs inside (`python -m local.cloud.lambda_host_process`)."""

import dataclasses
import json
import signal
import sys
import threading
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.cloud.aws import CloudEndpoint
from local.cloud.lambda_host import LambdaHost, LambdaHostSettings
from local.cloud.processes import LoggedProcess

_ROOT = Path(__file__).parents[2]
START_SECONDS = 30


class LambdaHostProcess:
    """Starts, asks and stops a host. Its sandboxes die with it, even when it is killed."""

    def __init__(self, settings: LambdaHostSettings) -> None:
        self.settings = settings
        self._process: LoggedProcess | None = None

    @property
    def url(self) -> str:
        """Base URL of the host."""
        return self.settings.url

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers.

        Raises:
            ProcessFailed: it did not within 30 s, with the end of its log.
        """
        if self.pid is not None:
            return
        home = self.settings.home.absolute()
        home.mkdir(parents=True, exist_ok=True)
        self._process = LoggedProcess(
            [sys.executable, "-m", "local.cloud.lambda_host_process", _to_json(self.settings)],
            log=home / "lambda-host.log",
            environment={"PYTHONPATH": str(_ROOT)},
            cwd=_ROOT,
        )
        self._process.wait_until_ready(self.url, within=START_SECONDS)

    def stop(self) -> None:
        """End the host and its sandboxes."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End the host at once; its sandboxes die with it."""
        if self._process:
            self._process.kill()

    def status(self) -> dict[str, Any]:
        """What `GET /` says."""
        return self._ask("/", None)

    def reload(self) -> dict[str, Any]:
        """Use the assembly and the settings as they are now, in new sandboxes."""
        return self._ask("/reload", {})

    def warm(self, functions: Iterable[str]) -> dict[str, Any]:
        """Start one sandbox for each function: name to seconds, or to what went wrong."""
        return self._ask("/warm", {"functions": list(functions)})

    def __enter__(self) -> "LambdaHostProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{self.url}{path}", data, timeout=120
        ) as reply:
            answer: dict[str, Any] = json.load(reply)
            return answer


def _to_json(settings: LambdaHostSettings) -> str:
    return json.dumps(
        dataclasses.asdict(settings),
        default=lambda value: str(value.absolute()) if isinstance(value, Path) else str(value),
    )


def _from_json(text: str) -> LambdaHostSettings:
    said = json.loads(text)
    for name in ("assembly", "runtime_python", "home"):
        said[name] = Path(said[name])
    said["endpoint"] = CloudEndpoint(**said["endpoint"])
    return LambdaHostSettings(**said)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    host = LambdaHost(_from_json(sys.argv[1]))
    host.start()
    asked_to_stop.wait()
    host.stop()


if __name__ == "__main__":
    main()
