"""Lets a running cloud come to rest, and reads what it then holds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from confluent_kafka import KafkaException
from pymongo import MongoClient

from functions.history.adapters import _entry
from tests.cloud import Cloud, eventually
from tests.faults.model import TERMINAL, World
from tests.topics import Topics

SCHEDULED = ("files-relay", "blobs-relay", "deadletters-relay", "users-relay", "deadletters-redrive")
"""What runs every minute; here it runs when asked, so that nobody has to wait."""
PAGE = 5_000


def drain(cloud: Cloud, accepted: Iterable[str], *, seconds: float = 420.0) -> None:
    """Wait until all that was acknowledged has ended, nothing waits in an outbox, and every consumer has caught up.

    It only waits and lets schedules run early: what is not there in the end is not repaired here.
    """
    topics, wanted, deadline = Topics(cloud), set(accepted), time.monotonic() + seconds
    with MongoClient[dict[str, Any]](cloud.outputs["documentStoreUrl"], tz_aware=True) as store:

        def quiet() -> bool:
            for name in SCHEDULED:
                topics.call(name, b"{}")
            try:
                topics.settle(seconds=max(1.0, deadline - time.monotonic()))
            except KafkaException:
                return False
            return not _unsent(store) and not _unfinished(store, wanted)

        try:
            eventually(quiet, "everything has come to rest", seconds=seconds)
        except pytest.fail.Exception as failed:
            left = {"unsent": _unsent(store), "unfinished": sorted(_unfinished(store, wanted))[:5]}
            raise AssertionError(f"{failed.msg}: {left}") from failed


def world_of(cloud: Cloud, owner_id: str) -> World:
    """What store, topics and index hold of the files and folders of a user."""
    with MongoClient[dict[str, Any]](cloud.outputs["documentStoreUrl"], tz_aware=True) as store:
        files, blobs = store["files"], store["blobs"]
        nodes = _by_id(files["nodes"].find({"ownerId": owner_id}))
        some = {"fileId": {"$in": [key for key, node in nodes.items() if node["type"] == "file"]}}
        shown = {"fileId": 1, "run": 1, "index": 1, "recordId": 1, "status": 1}
        return World(
            nodes=nodes,
            runs=_by_id(files["runs"].find(some)),
            records=_by_id(files["records"].find(some, shown)),
            uploads=_by_id(blobs["uploads"].find({"_id": {"$in": list(nodes)}})),
            blobs=_by_id(blobs["blobs"].find(some)),
            events=[one.event for one in Topics(cloud).published(of=nodes)],
            log=[_entry(kept) for kept in store["history"]["events"].find({"fileId": {"$in": list(nodes)}})],
            indexed_nodes=_indexed(cloud, "leanda-nodes-write", owner_id),
            indexed_records=_indexed(cloud, "leanda-records-write", owner_id),
            letters=[_line(letter) for letter in cloud.letters() if _file_of(letter) in nodes and _is_open(letter)],
            now=datetime.now(UTC),
        )


def _unsent(store: MongoClient[dict[str, Any]]) -> list[str]:
    """Some documents with events in their outbox."""
    waiting = {"outbox.0": {"$exists": True}}
    places = (("files", "nodes"), ("files", "runs"), ("blobs", "uploads"), ("blobs", "blobs"))
    found = (store[database][name].find_one(waiting, {"_id": 1}) for database, name in places)
    return [f"{document['_id']}" for document in found if document]


def _unfinished(store: MongoClient[dict[str, Any]], wanted: set[str]) -> set[str]:
    """Files that have not ended."""
    found = store["files"]["nodes"].find({"_id": {"$in": list(wanted)}}, {"status": 1, "deleted": 1})
    return wanted - {node["_id"] for node in found if node["deleted"] or node["status"] in TERMINAL}


def _by_id(documents: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {document["_id"]: document for document in documents}


def _indexed(cloud: Cloud, alias: str, owner_id: str) -> dict[str, dict[str, Any]]:
    return {hit["_id"]: hit["_source"] for hit in _hits(cloud, alias, owner_id)}


def _hits(cloud: Cloud, alias: str, owner_id: str) -> Iterator[Mapping[str, Any]]:
    """Living documents, page by page."""
    wanted = {"bool": {"filter": [{"term": {"ownerId": owner_id}}, {"term": {"deleted": False}}]}}
    body: dict[str, Any] = {"query": wanted, "size": PAGE, "sort": [{"key": "asc"}]}
    body["_source"] = ["name", "status", "fileId", "ancestors"]
    with httpx.Client(base_url=cloud.outputs["openSearchUrl"], timeout=60, trust_env=False) as index:
        index.post(f"/{alias}/_refresh").raise_for_status()
        while hits := index.post(f"/{alias}/_search", json=body).raise_for_status().json()["hits"]["hits"]:
            yield from hits
            body["search_after"] = hits[-1]["sort"]


def _is_open(letter: Mapping[str, Any]) -> bool:
    return letter["state"] not in {"Redriven", "Discarded"}


def _file_of(letter: Mapping[str, Any]) -> str:
    return str((letter.get("subject") or letter).get("fileId", ""))


def _line(letter: Mapping[str, Any]) -> str:
    return f"{letter['consumer']}: {letter['code']} {letter['message']} {letter.get('detail', '')}"
