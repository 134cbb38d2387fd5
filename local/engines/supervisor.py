"""Fetch, build, start and stop the four engines together."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from local.engines import document_store, health, opensearch_layout
from local.engines.cache import Cache
from local.engines.external import ExternalEngine
from local.engines.jars import JarCache, Lock, Progress
from local.engines.java import find_java
from local.engines.kafka import Kafka
from local.engines.opensearch import OpenSearch
from local.engines.ports import CACHE_URL, DOCUMENT_STORE_URL, KAFKA_BOOTSTRAP, OPENSEARCH_URL, EnginePorts
from local.engines.process import Engine
from local.toolchain.machine import cache_root

READY_SECONDS = 120.0
LOCKS = Path(__file__).parent


def build_engines(home: Path, ports: EnginePorts, *, progress: Progress | None = None) -> dict[str, Engine]:
    """Fetch what is missing and return the engines by name: kafka, opensearch, document-store, cache. None is started.

    `home` keeps their state and logs, one folder each. An engine whose environment variable names an existing server
    is neither fetched nor started.

    Raises:
        DownloadFailed: something could not be fetched or is not what was pinned.
    """
    external = {engine.name: engine for engine in _external_engines(home)}
    cache = cache_root()
    with ThreadPoolExecutor(2) as pool:
        daemon = None
        if "document-store" not in external:
            daemon = pool.submit(_install_document_store, cache, progress)
        _fetch_jars(cache, external, progress)
        builders: dict[str, Callable[[], Engine]] = {
            "kafka": lambda: _build_kafka(home, ports, cache),
            "opensearch": lambda: _build_opensearch(home, ports, cache),
            "cache": lambda: Cache(home, ports),
        }
        engines: dict[str, Engine] = dict(external)
        jobs = {name: pool.submit(build) for name, build in builders.items() if name not in external}
        engines.update({name: job.result() for name, job in jobs.items()})
        if daemon is not None:
            engines["document-store"] = document_store.DocumentStore(home, ports, daemon.result())
    return {name: engines[name] for name in ("kafka", "opensearch", "document-store", "cache")}


def start_all(engines: Mapping[str, Engine], *, timeout: float = READY_SECONDS) -> None:
    """Start all engines at the same time and wait until each answers a real client.

    Raises:
        EngineFailed: of the first one that fails; all are stopped before it is raised.
    """

    def start(engine: Engine) -> None:
        engine.start()
        engine.wait_ready(timeout)

    try:
        with ThreadPoolExecutor(max(1, len(engines))) as pool:
            jobs = [pool.submit(start, engine) for engine in engines.values()]
            try:
                for job in as_completed(jobs):
                    job.result()
            except BaseException:
                stop_all(engines)  # those that wait for an answer give up at once, so nobody waits for the slowest
                raise
    except BaseException:
        stop_all(engines)  # and one that was still preparing its first start may have come up since
        raise


def stop_all(engines: Mapping[str, Engine]) -> None:
    """Stop all engines at the same time; those that do not run are left alone."""
    with ThreadPoolExecutor(max(1, len(engines))) as pool:
        for job in [pool.submit(engine.stop) for engine in engines.values()]:
            job.result()


def download_plan() -> list[tuple[str, int]]:
    """What a start would download now, as names and bytes; empty when the cache is warm."""
    external = {engine.name for engine in _external_engines(Path())}
    cache = cache_root()
    plan = []
    for lock in _locks():
        if lock.name not in external and (size := sum(jar.size for jar in JarCache(cache / "jars").missing(lock.jars))):
            plan.append((lock.name, size))
    if "document-store" not in external and not (document_store.installation(cache) / document_store.DAEMON).is_file():
        plan.append(("document-store", document_store.DOWNLOAD_BYTES))
    return plan


def _locks() -> list[Lock]:
    return [Lock.read(LOCKS / f"{name}.lock") for name in ("kafka", "opensearch")]


def _fetch_jars(cache: Path, external: Mapping[str, Engine], progress: Progress | None) -> None:
    JarCache(cache / "jars").fetch([lock for lock in _locks() if lock.name not in external], progress)


def _install_document_store(cache: Path, progress: Progress | None) -> Path:
    size = document_store.DOWNLOAD_BYTES
    missing = not (document_store.installation(cache) / document_store.DAEMON).is_file()
    daemon = document_store.install(cache)
    if missing and progress:
        progress("document-store", size, size)
    return daemon


def _build_kafka(home: Path, ports: EnginePorts, cache: Path) -> Kafka:
    lock = Lock.read(LOCKS / "kafka.lock")
    jars = cache / f"kafka-{lock.digest}"
    JarCache(cache / "jars").lay_out_all(lock.jars, jars)
    return Kafka(home, ports, find_java(), jars, cache / "class-archives")


def _build_opensearch(home: Path, ports: EnginePorts, cache: Path) -> OpenSearch:
    lock, java = Lock.read(LOCKS / "opensearch.lock"), find_java()
    distribution = cache / f"opensearch-{lock.digest}{'' if java.thai else '-nothai'}"
    opensearch_layout.lay_out(lock, JarCache(cache / "jars"), distribution, thai=java.thai)
    return OpenSearch(home, ports, java, distribution, cache / "class-archives")


def _external_engines(home: Path) -> list[ExternalEngine]:
    known: list[tuple[str, str, Callable[[str], bool]]] = [
        ("kafka", KAFKA_BOOTSTRAP, health.kafka_answers),
        ("opensearch", OPENSEARCH_URL, health.opensearch_answers),
        ("document-store", DOCUMENT_STORE_URL, health.document_store_answers),
        ("cache", CACHE_URL, health.cache_answers),
    ]
    return [
        ExternalEngine(name, home, variable, address, answers)
        for name, variable, answers in known
        if (address := os.environ.get(variable))
    ]
