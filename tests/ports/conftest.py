"""Real engines for the tests of adapters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engines import EnginePorts, build_engines, opensearch_url, start_all, stop_all
from local.engines.ports import OPENSEARCH_URL


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
