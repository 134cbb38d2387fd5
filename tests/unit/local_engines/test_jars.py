import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.engines import jars
from local.engines.jars import DownloadFailed, Jar, JarCache, Lock, parse_lock

CONTENT = b"a jar, as far as anyone here knows"
GOOD = Jar(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "org/example/good/1.0/good-1.0.jar")
LOCKS = Path(jars.__file__).parent


class MavenRepository(BaseHTTPRequestHandler):
    """Serves one jar; the first request for it fails, as a busy repository's does."""

    asked: list[str]
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            self.asked.append(self.path)
            first = self.asked.count(self.path) == 1
        if self.path != f"/maven/{GOOD.path}":
            self.send_response(404)
            self.send_header("Content-Length", "0")
        elif first:
            self.send_response(503)
            self.send_header("Content-Length", "0")
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == f"/maven/{GOOD.path}" and not first:
            self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Paths asked of a Maven repository on loopback that this machine's settings point at."""
    MavenRepository.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), MavenRepository) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("MAVEN_MIRROR_URL", f"http://127.0.0.1:{server.server_port}/maven")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield MavenRepository.asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["kafka", "opensearch"])
def test_the_committed_locks_are_readable_and_name_no_jar_twice(name: str) -> None:
    lock = Lock.read(LOCKS / f"{name}.lock")
    assert lock.name == name
    assert len({jar.name for jar in lock.jars}) == len(lock.jars) > 40
    assert "://" not in (LOCKS / f"{name}.lock").read_text()


def test_a_lock_skips_comments_and_empty_lines() -> None:
    assert parse_lock(f"# why\n\n{GOOD.sha256} {GOOD.size} {GOOD.path}\n") == (GOOD,)
    assert GOOD.name == "good-1.0.jar"


@pytest.mark.parametrize(
    "line",
    [
        "abc 12 org/a.jar",
        f"{GOOD.sha256} many org/a.jar",
        f"{GOOD.sha256} 12",
        f"{GOOD.sha256} 12 ../a.jar",
        f"{GOOD.sha256} 12 /etc/a.jar",
        f"{GOOD.sha256} 12 https://host.example/a.jar",
    ],
)
def test_a_line_of_another_shape_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_lock(f"# comment\n{line}\n")


def test_the_digest_follows_content_and_not_order() -> None:
    other = Jar("0" * 64, 1, "org/b.jar")
    assert Lock("x", (GOOD, other)).digest == Lock("x", (other, GOOD)).digest != Lock("x", (GOOD,)).digest


def test_a_busy_repository_is_asked_again_and_a_second_fetch_asks_nothing(tmp_path: Path, asked: list[str]) -> None:
    cache, lock, seen = JarCache(tmp_path / "jars"), Lock("engine", (GOOD,)), []
    assert cache.missing(lock.jars) == [GOOD]
    cache.fetch([lock], lambda *progress: seen.append(progress))
    assert (asked, seen) == ([f"/maven/{GOOD.path}"] * 2, [("engine", len(CONTENT), len(CONTENT))])
    cache.fetch([lock])
    assert len(asked) == 2
    assert [path.name for path in (tmp_path / "jars").iterdir()] == [GOOD.sha256]


def test_other_bytes_than_the_pinned_ones_are_never_stored(tmp_path: Path, asked: list[str]) -> None:
    cache = JarCache(tmp_path / "jars")
    forged = Jar("0" * 64, len(CONTENT), GOOD.path)
    with pytest.raises(DownloadFailed, match="sha256 differs"):
        cache.fetch([Lock("engine", (forged,))])
    assert list((tmp_path / "jars").iterdir()) == []


def test_a_jar_the_repository_lacks_is_asked_for_once(tmp_path: Path, asked: list[str]) -> None:
    absent = Jar("0" * 64, 1, "org/absent.jar")
    with pytest.raises(DownloadFailed, match="status 404"):
        JarCache(tmp_path / "jars").fetch([Lock("engine", (absent,))])
    assert asked == ["/maven/org/absent.jar"]


def test_jars_are_laid_out_whole_under_their_own_names(tmp_path: Path) -> None:
    cache = JarCache(tmp_path / "jars")
    cache.root.mkdir()
    cache.file(GOOD).write_bytes(CONTENT)
    cache.lay_out_all([GOOD], tmp_path / "engine")
    assert [path.name for path in (tmp_path / "engine").iterdir()] == ["good-1.0.jar"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["engine", "jars"]


def test_a_damaged_jar_is_dropped_and_leaves_no_half_layout(tmp_path: Path) -> None:
    cache = JarCache(tmp_path / "jars")
    cache.root.mkdir()
    cache.file(GOOD).write_bytes(CONTENT[::-1])
    assert cache.missing([GOOD]) == []
    with pytest.raises(DownloadFailed, match="damaged"):
        cache.lay_out_all([GOOD], tmp_path / "engine")
    assert cache.missing([GOOD]) == [GOOD]
    assert not (tmp_path / "engine").exists()
