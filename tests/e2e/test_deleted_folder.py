"""A folder is deleted: nothing below is found any more, even while the deletion has not gone down to it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.cloud import Cloud, Person, eventually
from tests.topics import Topics

pytestmark = pytest.mark.integration

ALIASES = ("leanda-nodes-write", "leanda-records-write")
MOLECULES = b"CCO one\nCCC two\nCCN three\n"


def documents(index: httpx.Client, alias: str, file_id: str) -> list[dict[str, Any]]:
    index.post(f"/{alias}/_refresh").raise_for_status()
    wanted = {"version": True, "size": 100, "query": {"term": {"fileId": file_id}}}
    hits: list[dict[str, Any]] = index.post(f"/{alias}/_search", json=wanted).raise_for_status().json()["hits"]["hits"]
    return hits


def put_below(index: httpx.Client, file_id: str, folder_id: str) -> None:
    """Let the index, and nobody else, believe that a file lies in a folder: a deletion of that never gets down to it."""
    for alias in ALIASES:
        for hit in documents(index, alias, file_id):
            source = hit["_source"]
            source["ancestors"].insert(1, folder_id)
            same = {"version": hit["_version"], "version_type": "external_gte"}
            index.put(f"/{alias}/_doc/{hit['_id']}", params=same, json=source).raise_for_status()
        index.post(f"/{alias}/_refresh").raise_for_status()


def counted(person: Person) -> dict[str, int]:
    facets = person.search("")["facets"]
    return {bucket["value"]: bucket["count"] for bucket in facets["type"]}


def test_what_a_deletion_has_not_reached_is_neither_found_nor_counted(cloud: Cloud, ada: Person) -> None:
    folder = ada.client.create_folder("thrown away")["id"]
    below, beside = (ada.upload(f"{name}.smi", MOLECULES) for name in ("below", "beside"))
    for file_id in (below, beside):
        ada.searchable(file_id)
    Topics(cloud).settle()  # the last events of a file write its document once more
    with httpx.Client(base_url=cloud.outputs["openSearchUrl"], timeout=30, trust_env=False) as index:
        put_below(index, below, folder)
        everything = {"file": 2, "record": 6, "folder": 1}
        eventually(lambda: counted(ada) == everything, "all of it is counted")

        ada.client.delete_folder(folder)
        eventually(lambda: counted(ada) == {"file": 1, "record": 3}, "nothing below is counted")
        assert {hit["fileId"] for hit in ada.found("", type="record")} == {beside}
        assert ada.search("", file_id=below)["total"] == 0
        living = [hit for alias in ALIASES for hit in documents(index, alias, below) if not hit["_source"]["deleted"]]
        assert len(living) == 4, "the index still has the file and its records"

        ada.client.restore_folder(folder)
        eventually(lambda: counted(ada) == everything, "what lies below is back")
