from pathlib import Path

from local.engines.java import Java
from local.engines.kafka import server_properties
from local.engines.opensearch import jvm_options, settings

JAVA = Java(Path("/jdk/bin/java"), "21.0.8", thai=True)


def test_kafka_listens_on_loopback_at_the_given_ports_alone() -> None:
    rows = dict(line.split("=", 1) for line in server_properties(Path("/data"), 1001, 1002).splitlines())
    assert rows["listeners"] == "PLAINTEXT://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002"
    assert rows["controller.quorum.voters"] == "1@127.0.0.1:1002"
    assert rows["auto.create.topics.enable"] == "false"


def test_opensearch_listens_on_loopback_at_the_given_ports_alone() -> None:
    rows = dict(line.split(": ", 1) for line in settings(Path("/home"), 1003, 1004).splitlines())
    assert (rows["network.host"], rows["http.port"], rows["transport.port"]) == ("127.0.0.1", "1003", "1004")


def test_only_root_keeps_jna_from_loading() -> None:
    native = "-Djna.boot.library.path=/nonexistent"
    assert native in jvm_options(JAVA, root=True)
    assert native not in jvm_options(JAVA, root=False)


def test_later_java_is_not_given_flags_it_refuses() -> None:
    later = Java(JAVA.executable, "25.0.1", thai=True)
    assert "-Djava.security.manager=allow" in jvm_options(JAVA, root=False)
    assert "-Djava.security.manager=allow" not in jvm_options(later, root=False)
    assert "--enable-native-access=ALL-UNNAMED" in jvm_options(later, root=False)
