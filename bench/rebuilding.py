"""Building the index anew from store and artefacts, against sending the same documents with `_bulk` alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from bench.cloud import Cloud

OPEN_PHASES = ("Filling", "Comparing", "Switching")
BULK_BYTES = 3 << 20
INDEX = "bench-bare"


@dataclass(frozen=True)
class Rebuilt:
    """Documents, and how many a second by a rebuild and by the bare loop."""

    documents: int
    rebuild: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.rebuild / self.bare


def measure(cloud: Cloud) -> Rebuilt:
    """Rebuild what the cloud holds, between two bare loops; the rate of a rebuild counts reading, comparing and switching too."""
    documents = list(_documents(cloud.open_search))
    before = _bare(cloud.open_search, documents)
    order = {"action": "start"}
    while (state := cloud.invoke("search-rebuild", order | {"seconds": 60}))["phase"] in OPEN_PHASES:
        order = {"action": "continue"}
    if state["phase"] != "Done":
        raise RuntimeError(f"the rebuild ended as {state}")
    bare = (before + _bare(cloud.open_search, documents)) / 2
    return Rebuilt(state["documents"], state["documents"] / state["seconds"], len(documents) / bare)


def _documents(url: str) -> Iterator[tuple[str, str, int, dict[str, Any]]]:
    """What is in use: index, id, version and content of each document."""
    for alias in ("leanda-nodes-write", "leanda-records-write"):
        body: dict[str, Any] = {"size": 1000, "version": True, "sort": ["_doc"]}
        answer = httpx.post(f"{url}/{alias}/_search?scroll=5m", json=body, timeout=60).raise_for_status().json()
        while hits := answer["hits"]["hits"]:
            yield from ((hit["_index"], hit["_id"], hit["_version"], hit["_source"]) for hit in hits)
            more = {"scroll": "5m", "scroll_id": answer["_scroll_id"]}
            answer = httpx.post(f"{url}/_search/scroll", json=more, timeout=60).raise_for_status().json()


def _bare(url: str, documents: list[tuple[str, str, int, dict[str, Any]]]) -> float:
    """Seconds to send them, encoded before, into new indices with the settings that a rebuild fills its own with."""
    with httpx.Client(base_url=url, timeout=120) as client:
        named = {index: f"{INDEX}-{index}" for index, *_ in documents}
        for index, fresh in named.items():
            client.delete(f"/{fresh}")
            made = client.get(f"/{index}").raise_for_status().json()[index]
            settings = made["settings"]["index"]
            for own in ("provided_name", "creation_date", "uuid", "version", "replication"):
                settings.pop(own, None)
            body = {"settings": {"index": settings | {"refresh_interval": "-1"}}, "mappings": made["mappings"]}
            client.put(f"/{fresh}", json=body).raise_for_status()
        bodies = list(_bodies((named[index], *rest) for index, *rest in documents))
        began = time.perf_counter()
        for content in bodies:
            headers = {"content-type": "application/x-ndjson"}
            answer = (
                client.post("/_bulk?filter_path=errors", content=content, headers=headers).raise_for_status().json()
            )
            if answer["errors"]:
                raise RuntimeError("the index refused documents of its own")
        for fresh in named.values():
            client.post(f"/{fresh}/_refresh").raise_for_status()
        taken = time.perf_counter() - began
        for fresh in named.values():
            client.delete(f"/{fresh}")
        return taken


def _bodies(documents: Iterator[tuple[str, Any, Any, Any]]) -> Iterator[bytes]:
    rows: list[bytes] = []
    size = 0
    for index, id, version, content in documents:
        action = {"index": {"_index": index, "_id": id, "version": version, "version_type": "external"}}
        row = json.dumps(action).encode() + b"\n" + json.dumps(content, ensure_ascii=False).encode() + b"\n"
        if rows and size + len(row) > BULK_BYTES:
            yield b"".join(rows)
            rows, size = [], 0
        rows.append(row)
        size += len(row)
    if rows:
        yield b"".join(rows)
