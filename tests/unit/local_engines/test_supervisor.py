from pathlib import Path

import pytest

from local.engines import EnginePorts, build_engines, download_plan, ports
from local.engines.external import ExternalEngine

EXTERNAL = {
    ports.KAFKA_BOOTSTRAP: "broker.example:9092",
    ports.OPENSEARCH_URL: "https://search.example",
    ports.DOCUMENT_STORE_URL: "mongodb://db.example",
    ports.CACHE_URL: "rediss://cache.example",
}


def test_an_empty_cache_has_everything_to_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EXTERNAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEANDA_CACHE", str(tmp_path))
    plan = dict(download_plan())
    assert list(plan) == ["kafka", "opensearch", "document-store"]
    assert 100e6 < sum(plan.values()) < 200e6
    monkeypatch.setenv(ports.OPENSEARCH_URL, "https://search.example")
    assert "opensearch" not in dict(download_plan())


def test_named_servers_are_neither_fetched_nor_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, address in EXTERNAL.items():
        monkeypatch.setenv(name, address)
    monkeypatch.setenv("LEANDA_CACHE", str(tmp_path / "cache"))
    assert download_plan() == []
    engines = build_engines(tmp_path / "home", EnginePorts(1, 2, 3, 4, 5, 6))
    assert list(engines) == ["kafka", "opensearch", "document-store", "cache"]
    assert all(isinstance(engine, ExternalEngine) and engine.name == name for name, engine in engines.items())
    assert list(tmp_path.iterdir()) == []
