"""The parts of a running stack that can be ended and started one by one: by an operator who tries something, by tests of faults."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local.cloud.http_server import JsonHandler, LoopbackServer
from local.engines import Engine
from local.stack.layout import StackError

VERBS = ("start", "stop", "kill")
READY_SECONDS = 300
"""Longer than a first start: a killed engine first reads its journals."""
ANSWER_SECONDS = READY_SECONDS + 60


class Part(Protocol):
    """`start` waits until it answers; `stop` lets it end in order; `kill` is a power cut. Repeating any of them does nothing."""

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


@dataclass(frozen=True)
class EnginePart:
    """An engine as a part: its start includes that it answers."""

    engine: Engine

    @property
    def pid(self) -> int | None:
        return self.engine.pid

    def start(self) -> None:
        self.engine.start()
        self.engine.wait_ready(READY_SECONDS)

    def stop(self) -> None:
        self.engine.stop()

    def kill(self) -> None:
        self.engine.kill()


class Control:
    """Serves `POST /<part>/<verb>` on 127.0.0.1, one at a time; every answer is JSON with `pid` or `error`."""

    def __init__(self, port: int, parts: Mapping[str, Part]) -> None:
        self._parts, self._one_at_a_time = parts, threading.Lock()
        self._server = LoopbackServer(port, _front(self.carry_out))

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def carry_out(self, name: str, verb: str) -> tuple[int, dict[str, Any]]:
        """The status and body of the answer."""
        part = self._parts.get(name)
        if part is None or verb not in VERBS:
            return 404, {"error": f"There is no part {name}; there are {', '.join(self._parts)}."}
        with self._one_at_a_time:
            try:
                getattr(part, verb)()
            except Exception as error:  # whatever a part could not do is told to who asked for it
                return 409, {"error": str(error)}
            return 200, {"pid": part.pid}


def order(url: str, name: str, verb: str) -> None:
    """Have a running stack start, stop or kill a part.

    Raises:
        StackError: there is no such part, or it did not work.
    """
    request = urllib.request.Request(f"{url}/{name}/{verb}", b"", method="POST")  # noqa: S310 - our own address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=ANSWER_SECONDS):
            return
    except urllib.error.HTTPError as error:
        raise StackError(json.load(error)["error"]) from error
    except OSError as error:
        raise StackError(f"The local cloud does not answer at {url}: {error}.") from error


def _front(carry_out: Callable[[str, str], tuple[int, dict[str, Any]]]) -> type[JsonHandler]:
    class Front(JsonHandler):
        def do_POST(self) -> None:  # noqa: N802
            self.body()
            name, _, verb = self.path.strip("/").partition("/")
            self.reply(*carry_out(name, verb))

    return Front
