"""Bytes to and from the object storage behind presigned URLs. No token goes there."""

from __future__ import annotations

import hashlib
import io
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import httpx

from leanda_client.errors import LeandaProblem, Unreachable
from leanda_client.transport import Waiting

type Progress = Callable[[int, int], None]
"""Called with the bytes sent so far and the total. It may go back when something has to be sent again."""

TIMEOUT: Final = httpx.Timeout(60, connect=10)
TRIES: Final = 4
BLOCK: Final = 1 << 20
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


class AddressExpired(LeandaProblem):
    """The presigned URL is no longer good; Leanda gives a fresh one."""


class Source(Protocol):
    """What is uploaded: bytes that can be read from several threads, again and again."""

    size: int

    def open(self) -> BinaryIO: ...

    def part(self, offset: int, length: int) -> bytes: ...


class FileSource:
    """A file. It must not change while it is sent: Leanda compares size and checksum."""

    def __init__(self, path: Path) -> None:
        self._path, self.size = path, path.stat().st_size

    def open(self) -> BinaryIO:
        return self._path.open("rb")

    def part(self, offset: int, length: int) -> bytes:
        with self._path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)


class BytesSource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data, self.size = data, len(data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self._data)

    def part(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def sha256_of(source: Source) -> str:
    """SHA-256 (hex) of the whole source."""
    digest = hashlib.sha256()
    with source.open() as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Storage:
    """S3 as a client without credentials sees it."""

    def __init__(
        self,
        *,
        trust_env: bool = False,
        transport: httpx.BaseTransport | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=trust_env, transport=transport, follow_redirects=False)
        self._waiting = waiting or Waiting()

    def close(self) -> None:
        self._http.close()

    def post(self, url: str, fields: dict[str, str], source: Source, name: str, sent: Callable[[int], None]) -> None:
        """Send everything as one form (AWS: "Browser-based uploads using POST"); the file comes last.

        Raises:
            LeandaProblem: S3 refused it; `AddressExpired` if only the address is too old.
        """

        def once() -> httpx.Response:
            sent(0)
            with source.open() as stream:
                form = {"file": (name, cast("BinaryIO", _Counted(stream, sent)), "application/octet-stream")}
                return self._http.post(url, data=fields, files=form)

        self._repeated(once)
        sent(source.size)

    def put(self, url: str, data: bytes) -> str:
        """Send one part; the ETag that names it.

        Raises:
            LeandaProblem: as `post`.
        """
        return str(self._repeated(lambda: self._http.put(url, content=data)).headers.get("etag", ""))

    def read(self, url: str) -> bytes:
        """A small object.

        Raises:
            LeandaProblem: as `post`.
        """
        return self._repeated(lambda: self._http.get(url)).content

    def download(self, url: str, target: Path, *, progress: Progress | None = None) -> str:
        """Write the object to `target`, which appears only when it is whole; the SHA-256 (hex) of what was written.

        Raises:
            LeandaProblem: S3 refused it, or the connection broke.
        """
        draft = target.with_name(f".leanda-{os.getpid()}-{threading.get_ident()}.part")
        digest, done = hashlib.sha256(), 0
        try:
            with self._http.stream("GET", url) as response, draft.open("wb") as stream:
                if response.status_code != 200:
                    response.read()
                    raise _refusal(response)
                total = int(response.headers.get("content-length", 0))
                for block in response.iter_bytes(BLOCK):
                    stream.write(block)
                    digest.update(block)
                    done += len(block)
                    if progress:
                        progress(done, total)
            draft.replace(target)
        except httpx.TransportError as error:
            raise Unreachable(f"The download broke off after {done} bytes: {error}") from error
        finally:
            draft.unlink(missing_ok=True)
        return digest.hexdigest()

    def _repeated(self, once: Callable[[], httpx.Response]) -> httpx.Response:
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                response = once()
            except httpx.TransportError as error:
                if last:
                    raise Unreachable(
                        f"The storage does not answer: {type(error).__name__} {error}".rstrip()
                    ) from error
            else:
                if response.status_code < 300:
                    return response
                if last or response.status_code not in _PASSING:
                    raise _refusal(response)
            self._waiting.before_retry(attempt)
        raise AssertionError("the last try returns or raises")


class _Counted(io.RawIOBase):
    """A stream that tells how far it has been read."""

    def __init__(self, stream: BinaryIO, read: Callable[[int], None]) -> None:
        super().__init__()
        self._stream, self._read = stream, read

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        if block:
            self._read(self._stream.tell())
        return block

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _refusal(response: httpx.Response) -> LeandaProblem:
    """What S3's XML error says."""
    text = response.text[:4000]
    code = _element(text, "Code") or f"HTTP_{response.status_code}"
    message = _element(text, "Message") or response.reason_phrase or "The storage refused the bytes."
    expired = response.status_code == 403 and ("expired" in message.lower() or code in {"AccessDenied", "ExpiredToken"})
    kind = AddressExpired if expired else LeandaProblem
    return kind(f"STORAGE_{code}", response.status_code, message, response.headers.get("x-amz-request-id"))


def _element(xml: str, name: str) -> str | None:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found[1] if found else None
