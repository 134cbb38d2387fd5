"""Jars pinned by sha256 and fetched into a cache that all checkouts share."""

import hashlib
import os
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.engines.maven import Repository, repository

Progress = Callable[[str, int, int], None]
"""Called with a name, the bytes done and the bytes in all; may come from several threads, one at a time."""

ATTEMPTS = 4
PARALLEL = 8


class DownloadFailed(Exception):
    """A jar could not be fetched, or is not the one that was pinned."""

    code = "ENGINE_DOWNLOAD_FAILED"


@dataclass(frozen=True)
class Jar:
    """One locked file: its sha256 in hexadecimal, its size in bytes, and its path in any Maven repository."""

    sha256: str
    size: int
    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Lock:
    """The jars one engine consists of."""

    name: str
    jars: tuple[Jar, ...]

    @property
    def digest(self) -> str:
        """Names what is laid out from this lock, so that a changed lock never meets an old layout."""
        return hashlib.sha256("\n".join(sorted(jar.sha256 + jar.name for jar in self.jars)).encode()).hexdigest()[:16]

    @classmethod
    def read(cls, path: Path) -> "Lock":
        return cls(path.stem, parse_lock(path.read_text()))


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Lines of `sha256 size path`; empty lines and `#` comments are skipped.

    Raises:
        ValueError: a line has another shape, or a path that leaves the repository or is an address.
    """
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            sha256, size, path = line.split()
            if (
                len(bytes.fromhex(sha256)) != hashlib.sha256().digest_size
                or ".." in path
                or ":" in path
                or path[0] == "/"
            ):
                raise ValueError(line)
            jars.append(Jar(sha256, int(size), path))
        except ValueError as error:
            raise ValueError(f"line {number} of the lock is not `sha256 size path`: {line!r}") from error
    return tuple(jars)


class JarCache:
    """Files named by their sha256. Writing is atomic, so several checkouts may fill it at the same time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, jar: Jar) -> Path:
        return self.root / jar.sha256

    def missing(self, jars: Iterable[Jar]) -> list[Jar]:
        """What has to be downloaded. Only sizes are compared here; contents are checked when they are laid out."""
        return [jar for jar in jars if not self.file(jar).is_file() or self.file(jar).stat().st_size != jar.size]

    def fetch(self, locks: Sequence[Lock], progress: Progress | None = None) -> None:
        """Download what is missing, several jars at a time.

        Raises:
            DownloadFailed: after four attempts, or when the bytes are not the pinned ones.
        """
        wanted = [(lock.name, jar) for lock in locks for jar in self.missing(lock.jars)]
        if not wanted:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        totals = {lock.name: sum(jar.size for name, jar in wanted if name == lock.name) for lock in locks}
        done = dict.fromkeys(totals, 0)
        counting = threading.Lock()
        source = repository()

        def fetch_one(name: str, jar: Jar, client: httpx.Client) -> None:
            self._store(jar, _download(client, source, jar))
            with counting:
                done[name] += jar.size
                if progress:
                    progress(name, done[name], totals[name])

        wanted.sort(key=lambda row: -row[1].size)  # the largest first, so that none of them is waited for at the end
        # The operating system's certificates, because a company mirror is rarely signed by a public authority.
        with (
            httpx.Client(
                auth=source.login, verify=ssl.create_default_context(), timeout=60, follow_redirects=True
            ) as client,
            ThreadPoolExecutor(PARALLEL) as pool,
        ):
            jobs = [pool.submit(fetch_one, name, jar, client) for name, jar in wanted]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def lay_out(self, jar: Jar, folder: Path) -> Path:
        """Put a jar under its own name into `folder`, without a second copy on the disk where that is possible.

        Raises:
            DownloadFailed: the cached bytes are damaged; they are dropped, so the next start fetches them again.
        """
        source, target = self.file(jar), folder / jar.name
        if _sha256(source) != jar.sha256:
            source.unlink()
            raise DownloadFailed(f"the cached copy of {jar.name} was damaged and has been dropped; start again")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)
        return target

    def lay_out_all(self, jars: Iterable[Jar], folder: Path) -> None:
        """Put jars into a folder that appears whole or not at all; one that exists is complete."""
        if folder.is_dir():
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}."))
        try:
            for jar in jars:
                self.lay_out(jar, draft)
            draft.chmod(0o755)
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another checkout was faster, which is as good
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _store(self, jar: Jar, content: bytes) -> None:
        partial = self.root / f"{jar.sha256}.{os.getpid()}.{threading.get_ident()}.part"
        partial.write_bytes(content)
        partial.replace(self.file(jar))


def _download(client: httpx.Client, source: Repository, jar: Jar) -> bytes:
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(2.0**attempt / 4)
        try:
            reply = client.get(f"{source.url}/{jar.path}")
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            continue
        if reply.status_code == httpx.codes.OK:
            if hashlib.sha256(reply.content).hexdigest() != jar.sha256:
                raise DownloadFailed(f"{jar.path} is not the pinned file: its sha256 differs")
            return reply.content
        reason = f"status {reply.status_code}"
        if reply.status_code not in (429, *range(500, 600)):
            break
    raise DownloadFailed(
        f"{jar.path}: {reason}. The Maven repository is taken from MAVEN_MIRROR_URL or Maven's settings.xml."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
