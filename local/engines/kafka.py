"""Apache Kafka 4.4, one node that is broker and controller (KRaft), from its jars."""

import base64
import subprocess
import uuid
from pathlib import Path

from local.engines.health import kafka_answers
from local.engines.java import ClassArchive, Java
from local.engines.ports import LOOPBACK, EnginePorts
from local.engines.process import EngineFailed, ProcessEngine

JVM_OPTIONS = [
    "-Xms256m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
]

LOG4J = """\
Configuration:
  status: WARN
  Appenders: {Console: {name: C, PatternLayout: {pattern: "[%d] %p %m (%c)%n"}}}
  Loggers: {Root: {level: WARN, AppenderRef: {ref: C}}}
"""


class Kafka(ProcessEngine):
    """The broker. Topics are created by the deployment, as on MSK, never by a client that misspells one."""

    def __init__(self, home: Path, ports: EnginePorts, java: Java, jars: Path, archives: Path) -> None:
        super().__init__("kafka", home, (ports.kafka, ports.kafka_controller))
        self._port, self._controller_port = ports.kafka, ports.kafka_controller
        self._java = java
        self._class_path = ":".join(str(jar) for jar in sorted(jars.glob("*.jar")))
        self._configuration = self.home / "server.properties"
        # The archive is shared by all checkouts, so nothing that names this one's folders may enter its name.
        self._archive = ClassArchive(archives, self.name, java, self._class_path, JVM_OPTIONS)

    def prepare(self) -> None:
        self._configuration.write_text(server_properties(self.home / "logs", self._port, self._controller_port))
        (self.home / "log4j2.yaml").write_text(LOG4J)
        if not (self.home / "logs" / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        """Give the data folder its cluster id; a formatted folder is kept, so state survives restarts."""
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["-XX:TieredStopAtLevel=1", "-cp", self._class_path, "kafka.tools.StorageTool"]
        # Joined by "=": an id may begin with a dash, and would be taken for an option by itself.
        arguments = ["format", "--ignore-formatted", f"--cluster-id={cluster}", "-c", str(self._configuration)]
        with self.log.open("ab") as log:
            done = subprocess.run(
                [str(self._java.executable), *self._jvm(), *tool, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                timeout=120,
                check=False,
            )
        if done.returncode:
            raise EngineFailed(self.name, "its data folder could not be formatted", self.log)

    def command(self) -> list[str]:
        java = [str(self._java.executable), *self._jvm(), *self._archive.flags()]
        return [*java, "-cp", self._class_path, "kafka.Kafka", str(self._configuration)]

    def answers(self) -> bool:
        return kafka_answers(f"{LOOPBACK}:{self._port}")

    def after_stop(self) -> None:
        self._archive.keep()

    def _jvm(self) -> list[str]:
        return [*JVM_OPTIONS, f"-Dlog4j2.configurationFile={self.home / 'log4j2.yaml'}"]


def server_properties(data: Path, port: int, controller_port: int) -> str:
    """The broker's configuration (Kafka documentation, "Broker Configs")."""
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        # One node has one replica of everything, and few partitions keep start-up and open files small.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "num.partitions": 3,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        # A person waits for these: the first poll of a group, compaction and retention in tests.
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.backoff.ms": 1000,
        "log.retention.check.interval.ms": 5000,
        # After a kill the old registration must time out before the broker may return; the default is 9 s.
        "broker.session.timeout.ms": 2500,
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())
