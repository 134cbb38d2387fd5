"""The AWS APIs on one port: `ministack`, started from its own virtual environment."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local.cloud.aws import CloudEndpoint
from local.cloud.processes import LoggedProcess

START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class MinistackSettings:
    """How one copy runs.

    `executable` is the `ministack` script of a virtual environment that holds nothing else: it pins an exact botocore.
    `functions` are the names whose invocations go to `lambda_host_url`. ministack reads them once, at start, so a
    function with a new name needs a restart; a function without an explicit name cannot be forwarded.
    `persist` writes all state to `home` at SIGTERM and reads it back at start. Until the first clean stop only S3 objects
    are on disk, so a folder whose first run was killed has to be wiped.
    """

    executable: Path
    home: Path
    port: int
    lambda_host_url: str
    functions: tuple[str, ...] = ()
    region: str = "eu-west-1"
    persist: bool = False
    log_level: str = "WARNING"

    @property
    def endpoint(self) -> CloudEndpoint:
        """Where its clients connect."""
        return CloudEndpoint(f"http://127.0.0.1:{self.port}", self.region)

    def environment(self) -> dict[str, str]:
        """The variables ministack is given; nothing is inherited.

        The forwarding variables carry function names with dashes, which a POSIX shell drops: the process must be started
        without one. `AUTH=true` is what makes role policies and signatures count.
        """
        persist = "1" if self.persist else "0"
        return {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": self.region,
            "AUTH": "true",
            "USE_SSL": "0",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": self.log_level,
            "TMPDIR": str(self.home / "tmp"),
            "STATE_DIR": str(self.home / "state"),
            "S3_DATA_DIR": str(self.home / "s3"),
            "PERSIST_STATE": persist,
            "S3_PERSIST": persist,
            **forwarding(self.functions, self.lambda_host_url),
        }


def forwarding(functions: Iterable[str], url: str) -> dict[str, str]:
    """ministack's setting "send invocations of this function there", for each function."""
    return {f"MINISTACK_LAMBDA_PROXY_{name}": f"{url.rstrip('/')}/" for name in functions}


def move_state(home: Path, port: int) -> None:
    """Make kept state good for another port than that of the last run.

    Queues are kept under their URL. Under another port ministack would know them by name and never deliver what is in them.
    """
    noted = home / "port"
    before = noted.read_text() if noted.is_file() else None
    if before and before != str(port):
        old, new = f"://127.0.0.1:{before}/", f"://127.0.0.1:{port}/"
        for file in (home / "state").glob("*.json"):
            text = file.read_text()
            if old in text:
                file.write_text(text.replace(old, new))
    noted.write_text(str(port))


class Ministack:
    """A running copy; use it as a context manager, or call `start` and `stop`."""

    def __init__(self, settings: MinistackSettings) -> None:
        self.settings = settings
        self._process: LoggedProcess | None = None

    @property
    def endpoint(self) -> CloudEndpoint:
        """Where its clients connect."""
        return self.settings.endpoint

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    def start(self) -> None:
        """Start it and wait until it is healthy.

        Raises:
            ProcessFailed: it ended or was not healthy within 30 s, with the end of its log.
        """
        home = self.settings.home.absolute()
        for folder in ("tmp", "state", "s3"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        move_state(home, self.settings.port)
        self._process = LoggedProcess(
            [str(self.settings.executable.absolute())],
            log=home / "ministack.log",
            environment=self.settings.environment(),
            cwd=home,
        )
        self._process.wait_until_ready(f"{self.endpoint.url}/_ministack/health", within=START_SECONDS)

    def stop(self) -> None:
        """SIGTERM, which also saves the state; SIGKILL after 10 s, because a custom resource that waits blocks SIGTERM."""
        if self._process:
            self._process.stop(grace=STOP_SECONDS)

    def __enter__(self) -> "Ministack":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
