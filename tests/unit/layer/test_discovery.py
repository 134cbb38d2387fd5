"""The client of internal APIs, against a service that takes its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials

from leanda.discovery import client
from leanda.discovery.client import DiscoveredService
from leanda.errors import Unavailable


class Service(ThreadingHTTPServer):
    """Answers with a status after some seconds, and counts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.seconds, self.status, self.asked = 0.0, 200, 0


class _Answer(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.asked += 1
        time.sleep(self.server.seconds)
        self.send_response(self.server.status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Session:
    """As much of a boto3 session as the client asks for: a map with one service, and credentials."""

    region_name = "eu-central-1"

    def __init__(self, service: Service) -> None:
        self._url = f"http://127.0.0.1:{service.server_port}"

    def client(self, name: str) -> Any:
        if name == "sts":
            return SimpleNamespace(meta=SimpleNamespace(endpoint_url="http://sts"))
        return self

    def discover_instances(self, **_: Any) -> dict[str, Any]:
        return {"Instances": [{"Attributes": {"url": self._url}}]}

    def get_credentials(self) -> Credentials:
        return Credentials("id", "secret")


def test_a_service_may_take_longer_to_answer_than_to_connect(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)
    service.seconds = 0.6
    assert DiscoveredService(Session(service), "leanda").call("files", "GET", "/").json() == {}
    assert service.asked == 1


def test_a_service_that_fails_is_asked_again_until_the_time_of_the_call_is_over(service: Service) -> None:
    service.status = 503
    clock = count(step=5)  # a look at it, and five seconds are gone
    discovered = DiscoveredService(Session(service), "leanda", now=lambda: float(next(clock)), sleep=lambda _: None)
    with pytest.raises(Unavailable):
        discovered.call("files", "GET", "/")
    assert service.asked == 1

    patient = DiscoveredService(Session(service), "leanda", now=lambda: 0.0, sleep=lambda _: None)
    with pytest.raises(Unavailable):
        patient.call("files", "GET", "/")
    assert service.asked == 1 + client.TRIES
