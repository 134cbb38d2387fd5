"""One event that nobody can handle, between good ones: the neighbours are done, and the letter has all it takes to judge it.

Letters are read as operators read them, so these tests also see that what a consumer puts into its queue is collected.
"""

from __future__ import annotations

import json
import random
import uuid
from datetime import datetime
from typing import Any

import pytest

from leanda import ids
from leanda.contracts.topics import FILE_EVENTS, RECORD_EVENTS
from tests.cloud import Cloud, Person, eventually
from tests.topics import Published, Topics, changed, msk_record

pytestmark = pytest.mark.integration

PARSED = "leanda.parsers.records.parsed.v1"
PROCESSED = "leanda.processor.records.processed.v1"
CONTENT = b"CCO ethanol\nCCN ethylamine\n"


@pytest.fixture(scope="module")
def topics(cloud: Cloud) -> Topics:
    return Topics(cloud)


@pytest.fixture(scope="module")
def parsed(ada: Person, topics: Topics) -> list[Published]:
    """The RecordsParsed of two good files."""
    files = [ada.upload(f"good-{n}.smi", CONTENT) for n in range(2)]
    for file_id in files:
        ada.searchable(file_id)
    return [_one(topics, file_id, PARSED) for file_id in files]


def test_neighbours_of_a_poison_event_in_its_partition_are_done(ada: Person, cloud: Cloud, topics: Topics) -> None:
    first = ada.upload("before.smi", CONTENT)
    ada.ended(first)
    before = _one(topics, first, PARSED)
    poison = poison_of(before)
    place = topics.produce(RECORD_EVENTS.name, poison, key=f"{first}:0", partition=before.record.partition)
    after_id = _upload_to_partition(ada, place[0])

    files = [ada.searchable(file_id) for file_id in (first, after_id)]
    assert [(file["status"], file["indexedRecords"]) for file in files] == [("Processed", 2)] * 2
    after = _one(topics, after_id, PARSED)
    assert before.record.offset < place[1] < after.record.offset
    assert after.record.partition == place[0]

    consumers = {"processor-on-record-events", "files-on-record-events", "search-on-record-events", "history-on-events"}
    letters = eventually(
        lambda: found if len(found := _letters(cloud, poison)) >= len(consumers) else None,
        "each consumer has written its letter",
    )
    assert {letter["consumer"] for letter in letters} == consumers
    assert len(letters) == len(consumers), "delivered twice or not, one record is one letter"
    for letter in letters:
        assert letter["envelope"].encode() == poison
        assert (letter["encoding"], letter["code"]) == ("utf-8", "EVENT_MALFORMED")
        assert (letter["topic"], letter["partition"], letter["offset"]) == (RECORD_EVENTS.name, *place)
        assert letter["key"] == f"{first}:0"
        assert letter["attempts"] >= 1
        assert letter["message"]
        assert "counts" in letter["detail"]
        assert "Traceback" in letter["stack"] or "EventRefused" in letter["stack"]
        assert datetime.fromisoformat(letter["failedAt"]).tzinfo
        assert letter["source"] == cloud.full_name(f"{letter['consumer']}-dlq")
        assert (letter["state"], letter["eventId"]) == ("Waiting", json.loads(poison)["id"])


def test_neighbours_of_a_poison_event_in_one_batch_are_done(
    cloud: Cloud, topics: Topics, parsed: list[Published]
) -> None:
    poison = poison_of(parsed[0])
    bodies = [_next_run(parsed[0]), poison, _next_run(parsed[1])]
    first = _unused_offset()
    batch = [msk_record(body, topic=RECORD_EVENTS.name, offset=first + n, key=f"k{n}") for n, body in enumerate(bodies)]

    assert topics.invoke("processor-on-record-events", batch) == {"batchItemFailures": []}

    letter = _letter(cloud, poison)
    assert (letter["consumer"], letter["offset"]) == ("processor-on-record-events", first + 1)
    done = {one.event["causationid"] for one in topics.published() if one.type == PROCESSED}
    assert {json.loads(bodies[0])["id"], json.loads(bodies[2])["id"]} <= done


def test_a_defect_that_is_no_malformed_event_is_tried_three_times(
    cloud: Cloud, topics: Topics, parsed: list[Published]
) -> None:
    """Its artefact holds what no processor can read: those of another stage."""
    file_id = parsed[0].data["fileId"]
    session = cloud.as_role_of("processor-on-record-events")
    s3, bucket = cloud.client_of(session, "s3"), cloud.environment("processor-on-record-events")["ARTEFACTS_BUCKET"]
    sha = "0" * 64
    s3.put_object(Bucket=bucket, Key=f"{file_id}/1/0/parsed-{sha}", Body=b"this is no gzip")
    data = {**parsed[0].data, "artefact": sha}
    poison = changed(parsed[0].event, id=f"poison-{uuid.uuid4()}", data=data)

    record = msk_record(poison, topic=RECORD_EVENTS.name, offset=_unused_offset())
    answer = topics.invoke("processor-on-record-events", [record])

    assert answer == {"batchItemFailures": []}
    letter = _letter(cloud, poison)
    assert letter["attempts"] == 3
    assert letter["code"]
    assert letter["stack"]


def test_a_batch_that_is_mostly_defective_is_given_back_whole_and_nobody_writes_a_letter(
    cloud: Cloud, topics: Topics, parsed: list[Published]
) -> None:
    poisons = [poison_of(parsed[0]) for _ in range(3)]
    bodies = [parsed[0].record.value or b"", *poisons]
    first = _unused_offset()
    batch = [msk_record(body, topic=RECORD_EVENTS.name, offset=first + n, key=f"k{n}") for n, body in enumerate(bodies)]

    answer = topics.invoke("processor-on-record-events", batch)

    [failure] = answer["batchItemFailures"]
    assert failure["itemIdentifier"] == {"partition": f"{RECORD_EVENTS.name}-0", "offset": first + 1}
    # Another letter of the same consumer is collected after any that should not have been written.
    last = poison_of(parsed[0])
    topics.invoke(
        "processor-on-record-events", [msk_record(last, topic=RECORD_EVENTS.name, offset=_unused_offset(), key="last")]
    )
    _letter(cloud, last)
    assert [letter for poison in poisons for letter in _letters(cloud, poison)] == []


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("a type that nobody knows", {"type": "leanda.files.file.teleported.v1"}, "EVENT_UNKNOWN"),
        ("a version from the future", {"type": "leanda.files.file.renamed.v9"}, "EVENT_UNKNOWN"),
        ("seventeen hops", {"type": "leanda.files.file.renamed.v1", "hops": 17}, "HOP_LIMIT_EXCEEDED"),
        ("no id", {"type": "leanda.files.file.renamed.v1", "id": ""}, "EVENT_MALFORMED"),
        ("another specification", {"type": "leanda.files.file.renamed.v1", "specversion": "0.3"}, "EVENT_MALFORMED"),
        ("a time that is none", {"type": "leanda.files.file.renamed.v1", "time": "yesterday"}, "EVENT_MALFORMED"),
        ("data that is text", {"type": "leanda.files.file.renamed.v1", "data": "poison"}, "EVENT_MALFORMED"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_an_event_that_must_not_be_read_ends_in_the_queue(
    name: str, changes: dict[str, Any], code: str, cloud: Cloud, topics: Topics, parsed: list[Published]
) -> None:
    poison = changed(parsed[0].event, **{"correlationid": f"poison-{uuid.uuid4()}", **changes})
    partition, offset = topics.produce(FILE_EVENTS.name, poison, key=f"poison-{uuid.uuid4()}")
    letter = _letter(cloud, poison, consumer="search-on-file-events")
    assert (letter["code"], letter["partition"], letter["offset"]) == (code, partition, offset)


@pytest.mark.parametrize(
    "value", [b"", b"poison, but not JSON", b"\xff\xfe poison", b'["poison"]', b'{"poison": 1}', b'"poison"']
)
def test_a_record_that_is_no_event_at_all_ends_in_the_queue(
    value: bytes, cloud: Cloud, topics: Topics, parsed: list[Published]
) -> None:
    good = msk_record(parsed[0].record.value or b"", topic=RECORD_EVENTS.name, offset=_unused_offset(), key="a")
    bad = msk_record(value, topic=RECORD_EVENTS.name, offset=_unused_offset(), key="b")
    assert topics.invoke("files-on-record-events", [good, bad]) == {"batchItemFailures": []}
    letter = eventually(
        lambda: next((one for one in cloud.letters() if one.get("offset") == bad.offset), None),
        "the letter is collected",
    )
    assert (letter["consumer"], letter["code"]) == ("files-on-record-events", "EVENT_MALFORMED")


def poison_of(good: Published) -> bytes:
    """An event that looks like a good one but has a body that does not fit its type."""
    data = {**good.data, "counts": "poison"}
    return changed(good.event, id=f"poison-{uuid.uuid4()}", data=data)


def _next_run(good: Published) -> bytes:
    """The same work under another event id, so that what follows from it can be told apart."""
    return changed(good.event, id=str(uuid.uuid4()), hops=0)


def _letters(cloud: Cloud, envelope: bytes, **only: str) -> list[dict[str, Any]]:
    return [letter for letter in cloud.letters(**only) if letter["envelope"].encode() == envelope]


def _letter(cloud: Cloud, envelope: bytes, **only: str) -> dict[str, Any]:
    """The one letter about an event."""
    [letter] = eventually(lambda: _letters(cloud, envelope, **only) or None, "the letter is collected")
    return letter


def _unused_offset() -> int:
    """Far from every real one: a letter is known by its consumer and its record's place."""
    return random.randrange(10**9, 10**15)


def _one(topics: Topics, file_id: str, type_: str) -> Published:
    found = [one for one in topics.published(of=[file_id]) if one.type == type_]
    assert found
    return found[0]


def _upload_to_partition(person: Person, partition: int) -> str:
    """A file whose chunk lies in a partition: ids follow from the idempotency key, partitions from ids."""
    for _ in range(500):
        key = uuid.uuid4().hex
        file_id = ids.file_id_of_request(person.id, key)
        if Topics.partition_of(f"{file_id}:0", RECORD_EVENTS.partitions) == partition:
            return person.upload("after.smi", CONTENT, idempotency_key=key)
    raise AssertionError(f"no id of 500 lies in partition {partition}")
