"""The ports the engines listen on, and the addresses clients use to reach them."""

import os
import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"

KAFKA_BOOTSTRAP = "LEANDA_KAFKA_BOOTSTRAP"
OPENSEARCH_URL = "LEANDA_OPENSEARCH_URL"
DOCUMENT_STORE_URL = "LEANDA_DOCUMENT_STORE_URL"
CACHE_URL = "LEANDA_CACHE_URL"


@dataclass(frozen=True)
class EnginePorts:
    """One TCP port on 127.0.0.1 per listener. All six must be free and different."""

    kafka: int
    kafka_controller: int
    opensearch: int
    opensearch_transport: int
    document_store: int
    cache: int

    @classmethod
    def free(cls) -> "EnginePorts":
        """Six ports that nobody listens on now, so that two checkouts can run side by side."""
        return cls(*free_ports(6))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now; another process may still take it before it is used."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """`count` different free ports. All are held open while asking, so the kernel cannot give one twice."""
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            held.append(socket.create_server((LOOPBACK, 0)))
        return [int(listener.getsockname()[1]) for listener in held]
    finally:
        for listener in held:
            listener.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; connections lingering in TIME_WAIT do not count."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def accepts(port: int) -> bool:
    """Whether something listens on the port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def kafka_bootstrap(ports: EnginePorts) -> str:
    """`host:port` for `bootstrap.servers`; an existing cluster named by `LEANDA_KAFKA_BOOTSTRAP` comes first."""
    return os.environ.get(KAFKA_BOOTSTRAP) or f"{LOOPBACK}:{ports.kafka}"


def opensearch_url(ports: EnginePorts) -> str:
    """The HTTP address of OpenSearch; an existing one named by `LEANDA_OPENSEARCH_URL` comes first."""
    return os.environ.get(OPENSEARCH_URL) or f"http://{LOOPBACK}:{ports.opensearch}"


def document_store_url(ports: EnginePorts) -> str:
    """The MongoDB connection string; an existing server named by `LEANDA_DOCUMENT_STORE_URL` comes first.

    Retryable writes are off because DocumentDB has none: what works here must work there.
    """
    local = f"mongodb://{LOOPBACK}:{ports.document_store}/?directConnection=true&retryWrites=false&w=majority"
    return os.environ.get(DOCUMENT_STORE_URL) or local


def cache_url(ports: EnginePorts) -> str:
    """The Valkey address; an existing server named by `LEANDA_CACHE_URL` comes first."""
    return os.environ.get(CACHE_URL) or f"redis://{LOOPBACK}:{ports.cache}/0"
