"""Real engines for the tests of adapters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engines import (
    EnginePorts,
    build_engines,
    document_store_url,
    kafka_bootstrap,
    opensearch_url,
    start_all,
    stop_all,
)
from local.engines.ports import DOCUMENT_STORE_URL, KAFKA_BOOTSTRAP, OPENSEARCH_URL


@pytest.fixture(scope="session")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty OpenSearch of this test session; never somebody's own, whose indices have the same names."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(OPENSEARCH_URL, raising=False)
        ports = EnginePorts.free()
        engines = {"opensearch": build_engines(tmp_path_factory.mktemp("engines"), ports)["opensearch"]}
        start_all(engines)
        try:
            yield opensearch_url(ports)
        finally:
            stop_all(engines)


@pytest.fixture(scope="session")
def document_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty document store of this test session."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(DOCUMENT_STORE_URL, raising=False)
        ports = EnginePorts.free()
        name = "document-store"
        engines = {name: build_engines(tmp_path_factory.mktemp("engines"), ports)[name]}
        start_all(engines)
        try:
            yield document_store_url(ports)
        finally:
            stop_all(engines)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of an empty broker of this test session."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(KAFKA_BOOTSTRAP, raising=False)
        ports = EnginePorts.free()
        engines = {"kafka": build_engines(tmp_path_factory.mktemp("engines"), ports)["kafka"]}
        start_all(engines)
        try:
            yield kafka_bootstrap(ports)
        finally:
            stop_all(engines)
