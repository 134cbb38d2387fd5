"""A Lambda endpoint in the process: answers the Invoke API and remembers what it was called with."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Event = dict[str, Any]


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    function_error: str | None = None


@dataclass
class LambdaEndpoint:
    """`function` is called with each event; what it returns is answered, what it raises is a function error."""

    function: Callable[[Event], Any]
    port: int = 0
    events: list[Event] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        endpoint = self
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    endpoint.events.append(event)
                    endpoint.names.append(self.path.split("/")[3])
                try:
                    answer = endpoint.function(event)
                except Exception as error:  # as the Lambda service does
                    answer = Answer(body={"errorMessage": str(error)}, function_error="Unhandled")
                if not isinstance(answer, Answer):
                    answer = Answer(body=answer)
                if answer.function_error is None and answer.status == 200:
                    with lock:
                        endpoint.accepted.extend(values(event))
                        endpoint.accepted_at.append(time.monotonic())
                body = json.dumps(answer.body).encode()
                self.send_response(answer.status)
                if answer.function_error:
                    self.send_header("X-Amz-Function-Error", answer.function_error)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def process_request(self, request: Any, client_address: Any) -> None:
                with lock:
                    endpoint.connections.append(request)
                super().process_request(request, client_address)

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def records(event: Event) -> list[dict[str, Any]]:
    return [record for partition in event["records"].values() for record in partition]


def values(event: Event) -> list[bytes]:
    return [base64.b64decode(record["value"]) for record in records(event)]


def wait_until(condition: Callable[[], bool], seconds: float = 12.0) -> bool:
    """Poll with a deadline; returns what the condition said last."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return condition()
