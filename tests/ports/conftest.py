"""Real engines, and AWS endpoints, for the tests of adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.cloud.aws import CloudEndpoint
from local.cloud.ministack import Ministack, MinistackSettings
from local.engines import (
    EnginePorts,
    build_engines,
    document_store_url,
    free_port,
    kafka_bootstrap,
    opensearch_url,
    start_all,
    stop_all,
)
from local.engines.ports import DOCUMENT_STORE_URL, KAFKA_BOOTSTRAP, OPENSEARCH_URL
from tests.cloud import ROOT


@contextmanager
def running(name: str, its_own: str, folders: pytest.TempPathFactory) -> Iterator[EnginePorts]:
    """An empty engine of this test session, and its ports.

    Args:
        its_own: the variable that names somebody's own engine, which is never used: it has the same indices and collections.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(its_own, raising=False)
        ports = EnginePorts.free()
        engines = {name: build_engines(folders.mktemp("engines"), ports)[name]}
        start_all(engines)
        try:
            yield ports
        finally:
            stop_all(engines)


@pytest.fixture(scope="session")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    with running("opensearch", OPENSEARCH_URL, tmp_path_factory) as ports:
        yield opensearch_url(ports)


@pytest.fixture(scope="session")
def document_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    with running("document-store", DOCUMENT_STORE_URL, tmp_path_factory) as ports:
        yield document_store_url(ports)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its bootstrap address."""
    with running("kafka", KAFKA_BOOTSTRAP, tmp_path_factory) as ports:
        yield kafka_bootstrap(ports)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudEndpoint]:
    """S3 and SQS of an empty account."""
    executable = ROOT / ".leanda" / "venvs" / "ministack" / "bin" / "ministack"
    with Ministack(MinistackSettings(executable, tmp_path_factory.mktemp("aws"), free_port(), "")) as running:
        yield running.endpoint
