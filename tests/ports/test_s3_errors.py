"""However S3 fails, its adapters say `Unavailable`: real clients, and a server that fails in each way at each of their calls."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config

from functions.blobs.adapters import S3Objects, StsInboxAccess
from functions.blobs.ports import InboxAccess, Objects, Part
from functions.deadletters.adapters import S3FailureObjects
from functions.deadletters.ports import FailureObjects
from functions.files.ports import Leftovers
from functions.parsers.pictures.adapters import S3Album
from functions.parsers.pictures.ports import Album
from leanda import limits
from leanda.errors import Unavailable
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import ArtefactStore
from tests.faults.simulated.boundaries import methods

WELL = (
    b"<Answer><UploadId>u</UploadId><ETag>e</ETag><Contents><Key>k</Key></Contents><AssumeRoleResult><Credentials>"
    b"<AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    b"<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></Answer>"
)
"""An answer that every operation finds its own in."""


class Server(ThreadingHTTPServer):
    """Answers so many requests well, and then only in one way."""

    def __init__(self, service: str, way: str | None = None, well: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.service, self.way, self.well = service, way, well
        self.asked, self.over = 0, threading.Event()

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def client(self) -> Any:
        """A client that asks once, and does not wait long for what never comes."""
        return boto3.client(
            self.service,  # type: ignore[call-overload]
            endpoint_url=f"http://127.0.0.1:{self.server_port}",
            region_name="eu-central-1",
            aws_access_key_id="a",
            aws_secret_access_key="s",
            config=Config(
                signature_version="s3v4" if self.service == "s3" else None,
                s3={"addressing_style": "path"},
                proxies={},
                retries={"total_max_attempts": 1},
                read_timeout=0.1 if self.way in STOPS else 60,
            ),
        )


class _Answer(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_any(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked += 1
        if self.server.asked <= self.server.well or self.server.way is None:
            self._say(200, WELL)
        else:
            WAYS[self.server.way](self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815  (the names that the library looks for)

    def error(self, status: int, code: str) -> None:
        body = self._error(code)
        self._say(status, body, length=len(body))

    def no_answer(self) -> None:
        self.server.over.wait()
        self.close_connection = True

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def ends_early(self, status: int, **how: Any) -> None:
        body = WELL if status == 200 else self._error("SlowDown")
        self._say(status, body[: len(body) // 3], **{"length": len(body)} | how)

    def stops(self, status: int) -> None:
        self.ends_early(status)
        self.server.over.wait()

    def _error(self, code: str) -> bytes:
        error = f"<Error><Code>{code}</Code><Message>No.</Message></Error>"
        return (f"<ErrorResponse>{error}</ErrorResponse>" if self.server.service == "sts" else error).encode()

    def _say(self, status: int, body: bytes, *, length: int | None = len(WELL), chunked: bool = False) -> None:
        self.send_response(status)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
            body = b"%x\r\n%s" % (len(body) + 1, body)
        elif length is not None:
            self.send_header("content-length", str(length))
        self.send_header("etag", '"e"')
        self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


ANSWERS: dict[str, Callable[[_Answer], None]] = {
    "SlowDown": lambda answer: answer.error(503, "SlowDown"),
    "InternalError": lambda answer: answer.error(500, "InternalError"),
    "no answer": _Answer.no_answer,
    "connection reset": _Answer.reset,
}
EARLY, ANYWHERE = "a body that ends before its length", "a body that ends anywhere"
BODIES: dict[str, Callable[[_Answer], None]] = {
    EARLY: lambda answer: answer.ends_early(200),
    ANYWHERE: lambda answer: answer.ends_early(200, length=None),
    "a body that ends within a chunk": lambda answer: answer.ends_early(200, chunked=True),
    "a body that stops": lambda answer: answer.stops(200),
    "an error that ends before its length": lambda answer: answer.ends_early(503),
    "an error that ends within a chunk": lambda answer: answer.ends_early(503, chunked=True),
    "an error that stops": lambda answer: answer.stops(503),
}
WAYS = ANSWERS | BODIES
STOPS = {"no answer", "a body that stops", "an error that stops"}


@dataclass(frozen=True)
class Call:
    """A call of an adapter's method, which asks `well` times for something else before the request that fails."""

    method: str
    make: Callable[[Any], Any]
    well: int = 0
    service: str = "s3"
    needs: str = "XML"
    """What it needs of an answer: its `head`, its `status`, its `bytes`, which have a length, or its `XML`, which has an end."""


HEAD, STATUS, BYTES = {"needs": "head"}, {"needs": "status"}, {"needs": "bytes"}
HARMLESS: dict[str, set[str]] = {"head": set(BODIES), "status": {EARLY, ANYWHERE}, "bytes": {ANYWHERE}, "XML": set()}


def _objects(method: str, call: Callable[[S3Objects], Any], **more: Any) -> Call:
    return Call(f"Objects.{method}", lambda s3: call(S3Objects(s3, "b")), **more)


def _artefacts(method: str, call: Callable[[S3ArtefactStore], Any], **more: Any) -> Call:
    return Call(method, lambda s3: call(S3ArtefactStore(s3, "b")), **more)


def _inbox(sts: Any) -> InboxAccess:
    return StsInboxAccess(sts, role_arn="arn:aws:iam::000000000000:role/inbox", bucket="b", region="eu-central-1")


CALLS = (
    _objects("head", lambda objects: objects.head("k"), **HEAD),
    _objects("listing", lambda objects: objects.listing("k", after=None)),
    _objects("read", lambda objects: list(objects.read("k", "v")), **BYTES),
    _objects("store", lambda objects: objects.store("k", [b"a"]), **STATUS),
    _objects("store", lambda objects: objects.store("k", [b"aaaa", b"b"])),
    _objects("store", lambda objects: objects.store("k", [b"aaaa", b"b"]), well=1, **STATUS),
    _objects("store", lambda objects: objects.store("k", [b"aaaa", b"b"]), well=3),
    _objects("start_parts", lambda objects: objects.start_parts("k")),
    _objects("parts", lambda objects: objects.parts("k", "u")),
    _objects("complete", lambda objects: objects.complete("k", "u", [Part(1, 1, "e")])),
    _objects("abort", lambda objects: objects.abort("k", "u"), **STATUS),
    _artefacts("ArtefactStore.put", lambda store: store.put("f", 1, 0, "parsed", b"a"), **STATUS),
    _artefacts("ArtefactStore.get", lambda store: store.get("f", 1, 0, "parsed", "sha"), **BYTES),
    _artefacts("Leftovers.remove", lambda store: store.remove("f", 1)),
    _artefacts("Leftovers.remove", lambda store: store.remove("f", 1), well=1),
    Call("Album.put", lambda s3: S3Album(s3, "b").put("k", b"a", media_type="image/png"), **STATUS),
    Call("Album.get", lambda s3: S3Album(s3, "b").get("k"), **BYTES),
    Call("Album.has", lambda s3: S3Album(s3, "b").has("k"), **HEAD),
    Call("FailureObjects.get", lambda s3: S3FailureObjects(s3, "b").get("k", "v"), **BYTES),
    Call("InboxAccess.credentials", lambda sts: _inbox(sts).credentials("owner"), service="sts"),
)
SIGNED_HERE = {"Objects.post", "Objects.part_urls", "Objects.download_url", "Album.url"}
"""Addresses are signed without asking anybody."""


def _cases() -> Iterator[Any]:
    for call in CALLS:
        for way in WAYS:
            if way not in HARMLESS[call.needs]:
                yield pytest.param(call, way, id=f"{call.method}+{call.well}-{way}")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PART_BYTES", 4)


@pytest.mark.parametrize(("call", "way"), list(_cases()))
def test_whatever_s3_does_is_waited_for(call: Call, way: str) -> None:
    with Server(call.service, way, call.well) as server:
        with pytest.raises(Unavailable):
            call.make(server.client())
        assert server.asked


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method}+{call.well}")
def test_a_good_answer_is_one(call: Call) -> None:
    with Server(call.service) as server:
        call.make(server.client())
        assert server.asked > call.well


def test_every_method_is_asked() -> None:
    ports = (Objects, InboxAccess, ArtefactStore, Leftovers, Album, FailureObjects)
    every = {f"{port.__name__}.{method}" for port in ports for method in methods([port])}
    assert {call.method for call in CALLS} == every - SIGNED_HERE
