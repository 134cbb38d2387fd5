"""Repetition changes nothing: of a completion, of an inbox key, of every notification and every event."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from leanda import limits
from tests.cloud import ROOT, Cloud, Person, eventually
from tests.inbox import Inbox
from tests.topics import Topics

pytestmark = pytest.mark.integration

SAMPLES = ROOT / "cli" / "samples"


@pytest.fixture(scope="module")
def topics(cloud: Cloud) -> Topics:
    return Topics(cloud)


@pytest.fixture(scope="module")
def store(cloud: Cloud) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](cloud.outputs["documentStoreUrl"]) as client:
        yield client


@pytest.fixture(scope="module")
def inbox(cloud: Cloud, ada: Person) -> Inbox:
    return Inbox(cloud, ada)


# --- one thing twice --------------------------------------------------------------------------------------------------


def test_a_multipart_upload_that_is_completed_twice_at_once_and_once_more_is_one_run_of_one_version(
    cloud: Cloud, ada: Person, topics: Topics, store: MongoClient[dict[str, Any]]
) -> None:
    size = limits.MAX_POST_BYTES + 1
    file = ada.client.create_file("instrument.bin", size)
    upload = file["upload"]
    assert upload["kind"] == "multipart"
    with httpx.Client(timeout=60, trust_env=False) as storage:
        for part in upload["parts"]:
            length = min(upload["partSize"], size - (part["number"] - 1) * upload["partSize"])
            assert storage.put(part["url"], content=bytes(length)).status_code == 200
    complete = f"/uploads/{file['id']}/complete"
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(lambda _: ada.http.post(complete), range(2)))
    ended = ada.ended(file["id"])
    later = ada.http.post(complete)
    topics.settle()

    assert [answer.status_code for answer in (*at_once, later)] == [202, 202, 202], [a.text for a in at_once]
    assert (ended["status"], ended["kind"], ended["size"]) == ("Processed", "generic", size)
    assert _versions(cloud, f"uploads/{file['id']}") == 1
    assert store["files"]["runs"].count_documents({"fileId": file["id"]}) == 1
    assert store["blobs"]["blobs"].count_documents({"fileId": file["id"]}) == 1
    assert ada.client.file(file["id"])["latestRun"]["run"] == 1


def test_a_repeated_announcement_with_one_idempotency_key_is_one_file(ada: Person) -> None:
    key = {"idempotency-key": uuid.uuid4().hex}
    body = {"name": "once.smi", "size": 4}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: ada.http.post("/files", json=body, headers=key), range(3)))
    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [file["name"] for file in ada.client.files()].count("once.smi") == 1
    ada.http.delete(f"/uploads/{answers[0].json()['id']}")


def test_one_form_that_is_sent_twice_is_one_run(
    ada: Person, topics: Topics, store: MongoClient[dict[str, Any]]
) -> None:
    content = b"CCO ethanol\nCCN ethylamine\n"
    file = ada.client.create_file("twice.smi", len(content))
    form = file["upload"]
    with httpx.Client(timeout=30, trust_env=False) as storage:
        for _ in range(2):
            sent = storage.post(form["url"], data=form["fields"], files={"file": ("twice.smi", content)})
            assert sent.status_code == 204, sent.text
    ada.searchable(file["id"])
    topics.settle()
    shown = ada.client.file(file["id"])
    assert (shown["status"], shown["totalRecords"], shown["latestRun"]["run"]) == ("Processed", 2, 1)
    assert store["files"]["runs"].count_documents({"fileId": file["id"]}) == 1


def test_the_same_bytes_put_again_under_an_inbox_key_change_nothing(
    ada: Person, inbox: Inbox, topics: Topics, store: MongoClient[dict[str, Any]]
) -> None:
    content = b"CC ethane\nCCC propane\n"
    file_id = inbox.put("robot/run-1/list.smi", content)
    eventually(lambda: _known(ada, file_id), "the inbox file appears")
    before = ada.searchable(file_id)
    assert inbox.put("robot/run-1/list.smi", content) == file_id
    eventually(
        lambda: store["blobs"]["blobs"].count_documents({"fileId": file_id}) == 2, "the second object was looked at"
    )
    topics.settle()
    assert ada.client.file(file_id) == before
    assert store["files"]["runs"].count_documents({"fileId": file_id}) == 1


def test_other_bytes_under_an_inbox_key_are_a_new_run_of_the_same_file(ada: Person, inbox: Inbox) -> None:
    file_id = inbox.put("robot/run-2/list.smi", b"CC ethane\nCCC propane\n")
    eventually(lambda: _known(ada, file_id), "the inbox file appears")
    assert ada.searchable(file_id)["totalRecords"] == 2
    inbox.put("robot/run-2/list.smi", b"CCCC butane\n")
    eventually(lambda: ada.client.file(file_id).get("activeRun") == 2, "the second run is shown")
    file = ada.searchable(file_id)
    assert (file["status"], file["totalRecords"]) == ("Processed", 1)
    eventually(
        lambda: [hit["name"] for hit in ada.search("", file_id=file_id, type="record")["items"]] == ["butane"],
        "only the record of the second run is found",
        seconds=20,
    )


# --- everything three times, shuffled ---------------------------------------------------------------------------------


def test_every_event_and_notification_delivered_three_more_times_in_any_order_changes_nothing(
    cloud: Cloud, ada: Person, inbox: Inbox, topics: Topics, store: MongoClient[dict[str, Any]]
) -> None:
    files = _a_bit_of_everything(ada, inbox)
    topics.settle()
    published = topics.published(of=files)
    before, facts = _state(cloud, store, files), {one.event["id"] for one in published}
    assert {row["status"] for row in before["nodes"].values() if "status" in row} >= {
        "Processed",
        "ProcessedPartially",
        "Failed",
    }
    dice = random.Random(cloud.seed)

    _notify_again(topics, store, files, times=3, dice=dice)
    delivered = topics.deliver_again(published, times=3, dice=dice)
    topics.settle()

    assert delivered > 3 * len(published)
    assert _difference(before, _state(cloud, store, files)) == {}
    news = {one.event["id"]: one.type for one in topics.published(of=files) if one.event["id"] not in facts}
    # A chunk that came before its run was shown was not indexed then, and is now: to the version that the index has already.
    assert {event: type_ for event, type_ in news.items() if type_ != "leanda.search.records.indexed.v1"} == {}


def _a_bit_of_everything(ada: Person, inbox: Inbox) -> list[str]:
    """Files of every ending, one of several chunks with tasks, a renamed and a deleted one, and one with a second run."""
    files = [ada.upload(name, (SAMPLES / name).read_bytes()) for name in _samples()]
    row = "{n},molecule {n}," + "x" * 600 + "\n"
    files.append(ada.upload("table.csv", ("n,name,notes\n" + "".join(row.format(n=n) for n in range(2100))).encode()))
    renamed, deleted = (ada.upload(f"{name}.smi", b"CCO ethanol\n") for name in ("before", "unwanted"))
    again = inbox.put("robot/again.smi", b"CC ethane\nCCC propane\n")
    for file_id in (*files, renamed, deleted):
        ada.searchable(file_id)
    ada.client.rename(renamed, "after.smi")
    ada.client.delete(deleted)
    eventually(lambda: _known(ada, again), "the inbox file appears")
    ada.searchable(again)
    inbox.put("robot/again.smi", b"CCCC butane\n")
    eventually(lambda: ada.client.file(again).get("activeRun") == 2, "the second run is shown")
    ada.searchable(again)
    return [*files, renamed, deleted, again]


def _samples() -> list[str]:
    return sorted(path.name for path in SAMPLES.iterdir() if path.suffix in {".sdf", ".smi", ".csv"})


def _notify_again(
    topics: Topics, store: MongoClient[dict[str, Any]], files: list[str], *, times: int, dice: random.Random
) -> None:
    """S3's notifications of the files' bytes once more, as SQS hands them to the function."""
    blobs = list(store["blobs"]["blobs"].find({"fileId": {"$in": files}, "refused": None})) * times
    dice.shuffle(blobs)
    messages = []
    for blob in blobs:
        found = {"key": blob["key"], "versionId": blob["versionId"], "sequencer": blob["sequencer"]}
        body = json.dumps({"Records": [{"s3": {"object": found}}]})
        messages.append({"messageId": str(uuid.uuid4()), "body": body, "attributes": {}})
    answer = topics.call("blobs-on-s3-upload", json.dumps({"Records": messages}).encode())
    assert answer["batchItemFailures"] == []


def _state(cloud: Cloud, store: MongoClient[dict[str, Any]], files: list[str]) -> dict[str, dict[str, Any]]:
    """Everything that store and index hold of some files, with revisions and index versions."""
    of_files = {"fileId": {"$in": files}}
    found = {
        name: {row["_id"]: row for row in store[database][name].find(query, {"outbox": 0})}
        for database, name, query in (
            ("files", "nodes", {"_id": {"$in": files}}),
            ("files", "runs", of_files),
            ("files", "records", of_files),
            ("blobs", "blobs", of_files),
            ("blobs", "uploads", {"_id": {"$in": files}}),
        )
    }
    return found | {alias: _index(cloud, alias, files) for alias in ("leanda-nodes-write", "leanda-records-write")}


def _index(cloud: Cloud, alias: str, files: list[str]) -> dict[str, Any]:
    url = cloud.outputs["openSearchUrl"]
    query = {"bool": {"should": [{"terms": {"fileId": files}}, {"terms": {"id": files}}]}}
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as index:
        index.post(f"/{alias}/_refresh").raise_for_status()
        answer = index.post(f"/{alias}/_search", json={"query": query, "size": 10_000, "version": True})
    hits = answer.raise_for_status().json()["hits"]["hits"]
    assert hits
    return {hit["_id"]: {"version": hit["_version"], **hit["_source"]} for hit in hits}


def _difference(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What differs, by place; empty when nothing does."""
    found: dict[str, Any] = {}
    for place, rows in before.items():
        for key in rows.keys() | after[place].keys():
            old, new = rows.get(key, {}), after[place].get(key, {})
            names = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
            if names:
                found[f"{place} {key}"] = {name: (old.get(name), new.get(name)) for name in names}
    return found


def _known(person: Person, file_id: str) -> bool:
    return person.http.get(f"/files/{file_id}").status_code == 200


def _versions(cloud: Cloud, key: str) -> int:
    listed = cloud.aws.client("s3").list_object_versions(Bucket=cloud.outputs["inboxBucket"], Prefix=key)
    return len(listed["Versions"])
