"""OpenSearch 3.8, one node, from its jars."""

import os
from pathlib import Path

from local.engines.health import opensearch_answers
from local.engines.java import ClassArchive, Java
from local.engines.ports import LOOPBACK, EnginePorts
from local.engines.process import ProcessEngine

HEAP = "512m"

LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


class OpenSearch(ProcessEngine):
    """The search engine, plain HTTP without the security plugin: it listens on 127.0.0.1 alone."""

    def __init__(self, home: Path, ports: EnginePorts, java: Java, distribution: Path, archives: Path) -> None:
        super().__init__("opensearch", home, (ports.opensearch, ports.opensearch_transport))
        self._port, self._transport_port = ports.opensearch, ports.opensearch_transport
        self._java, self._distribution = java, distribution
        self._class_path = ":".join(str(jar) for jar in sorted((distribution / "lib").glob("*.jar")))
        self._archive = ClassArchive(archives, self.name, java, self._class_path, jvm_options(java))

    def prepare(self) -> None:
        configuration = self.home / "config"
        configuration.mkdir(exist_ok=True)
        (configuration / "opensearch.yml").write_text(settings(self.home, self._port, self._transport_port))
        (configuration / "log4j2.properties").write_text(LOG4J)

    def command(self) -> list[str]:
        paths = [
            f"-Djava.io.tmpdir={self.home / 'tmp'}",
            f"-Dopensearch.path.home={self._distribution}",
            f"-Dopensearch.path.conf={self.home / 'config'}",
        ]
        java = [str(self._java.executable), *jvm_options(self._java), *self._archive.flags(), *paths]
        return [*java, "-cp", self._class_path, "org.opensearch.bootstrap.OpenSearch"]

    def answers(self) -> bool:
        return opensearch_answers(f"http://{LOOPBACK}:{self._port}")

    def after_stop(self) -> None:
        self._archive.keep()


def settings(home: Path, port: int, transport_port: int) -> str:
    """opensearch.yml (OpenSearch documentation, "Configuring OpenSearch")."""
    rows: dict[str, object] = {
        "cluster.name": "leanda",
        "node.name": "leanda-1",
        "discovery.type": "single-node",
        "network.host": LOOPBACK,
        "http.port": port,
        "transport.port": transport_port,
        "path.data": home / "data",
        "path.logs": home / "logs",
        # As in the deployment: an index exists because it was declared, and nobody deletes with a wildcard.
        "action.auto_create_index": "false",
        "action.destructive_requires_name": "true",
        # A nearly full laptop must not turn every index read-only.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "bootstrap.memory_lock": "false",
        "node.processors": min(2, os.cpu_count() or 1),
    }
    return "".join(f"{key}: {value}\n" for key, value in rows.items())


def jvm_options(java: Java, *, root: bool | None = None) -> list[str]:
    """The options of the distribution's own jvm.options, with a smaller heap and collector.

    `root` says whether the server will run as root, which is asked from the system when it is not given.
    """
    options = [
        f"-Xms{HEAP}",
        f"-Xmx{HEAP}",
        "-XX:+UseSerialGC",
        "-Xss1m",
        "-XX:-UsePerfData",
        "-XX:-OmitStackTraceInFastThrow",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Dio.netty.allocator.numDirectArenas=0",
        "-Dopensearch.networkaddress.cache.ttl=60",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-Dlog4j2.formatMsgNoLookups=true",
    ]
    if java.major >= 22:
        options.append("--enable-native-access=ALL-UNNAMED")
    if java.major < 24:
        options.append("-Djava.security.manager=allow")  # a later Java refuses the flag (JEP 486)
    if os.geteuid() == 0 if root is None else root:
        # OpenSearch refuses to run as root, which it learns through JNA. In a container there may be no other user, so
        # the native half of JNA is kept from loading; the seccomp filter is lost with it. Nobody else gets this.
        options += ["-Djna.nosys=true", "-Djna.nounpack=true", "-Djna.boot.library.path=/nonexistent"]
    return options
