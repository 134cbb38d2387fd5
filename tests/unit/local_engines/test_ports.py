import socket
from dataclasses import astuple

import pytest

from local.engines import ports
from local.engines.ports import EnginePorts

PORTS = EnginePorts(1, 2, 3, 4, 5, 6)


def test_free_ports_are_free_and_different() -> None:
    found = ports.free_ports(20)
    assert len(set(found)) == 20
    assert all(ports.is_free(port) for port in found)


def test_every_listener_gets_a_port_of_its_own() -> None:
    assert len(set(astuple(EnginePorts.free()))) == 6


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert ports.accepts(port)
        assert not ports.is_free(port)
    assert not ports.accepts(port)
    assert ports.is_free(port)


def test_addresses_name_the_given_ports_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ports.KAFKA_BOOTSTRAP, ports.OPENSEARCH_URL, ports.DOCUMENT_STORE_URL, ports.CACHE_URL):
        monkeypatch.delenv(name, raising=False)
    assert ports.kafka_bootstrap(PORTS) == "127.0.0.1:1"
    assert ports.opensearch_url(PORTS) == "http://127.0.0.1:3"
    assert (
        ports.document_store_url(PORTS) == "mongodb://127.0.0.1:5/?directConnection=true&retryWrites=false&w=majority"
    )
    assert ports.cache_url(PORTS) == "redis://127.0.0.1:6/0"


def test_an_existing_server_comes_before_the_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ports.KAFKA_BOOTSTRAP, "broker.example:9098")
    assert ports.kafka_bootstrap(PORTS) == "broker.example:9098"
