"""Everything at once: letters are delivered again twice, the index is rebuilt, people write and search. No search fails."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from leanda.contracts.topics import RECORD_EVENTS
from tests.cloud import Cloud, Person, eventually
from tests.faults.files import EXPECTED, FILES
from tests.faults.model import check
from tests.faults.running.poison import poison_everyone
from tests.faults.running.rest import drain, world_of
from tests.topics import Published, Topics, changed

pytestmark = pytest.mark.integration

PARSED = "leanda.parsers.records.parsed.v1"
LETTERS = 8
WRITES_OF_A_PERSON = 500
"""Each person may ask a thousand things a minute."""
NEVER_RENAMED = "drugs.smi"


@pytest.mark.parametrize("writes", [100, pytest.param(2_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_redriving_twice_and_rebuilding_under_load_loses_nothing_and_no_search_fails(writes: int, cloud: Cloud) -> None:
    topics, owner = Topics(cloud), cloud.person("redrive")
    accepted = {owner.upload(name, known.body): name for name, known in FILES.items()}
    fixed = next(file_id for file_id, name in accepted.items() if name == NEVER_RENAMED)
    drain(cloud, accepted)
    wait_until_found(owner, fixed)
    waiting = _letters(cloud, topics, owner, fixed)
    hopeless = _of_everyone(cloud, topics)
    writers = [cloud.person("writer") for _ in range(max(1, writes // WRITES_OF_A_PERSON))]
    generations = _rebuild(topics, "status")["generations"]

    with searching(owner, fixed) as searches, ThreadPoolExecutor(4) as pool:
        rebuilding = pool.submit(_rebuild_all, topics)
        writing = [pool.submit(_write, writer, writes // len(writers)) for writer in writers]
        for states in (("Waiting",), ("Waiting", "Redriven")):
            _redrive(cloud, waiting, set(hopeless.values()), states)
        written = [job.result() for job in writing]
        rebuilt = rebuilding.result()

    assert rebuilt["phase"] == "Done", rebuilt
    assert {one["index"] for one in rebuilt["generations"]} != {one["index"] for one in generations}
    assert len(searches) > 5
    assert [problem for problem in searches if problem] == []
    for writer, files in zip(writers, written, strict=True):
        drain(cloud, files)
        check(world_of(cloud, writer.id), files, EXPECTED)
    check(world_of(cloud, owner.id), accepted, EXPECTED)
    again = {letter["id"] for letter in cloud.letters(code="EVENT_MALFORMED") if _told(letter) in hopeless}
    assert again == set(hopeless.values()), "a letter that fails again is the same letter"


@contextmanager
def searching(person: Person, file_id: str) -> Iterator[list[str]]:
    """Search all the time within the block. Each search leaves an entry: what was wrong with it, or nothing."""
    found, stopping = list[str](), threading.Event()

    def search() -> None:
        while not stopping.wait(0.1):
            answer = person.http.get("/search", params={"fileId": file_id, "type": "record"})
            hits = answer.json().get("total") if answer.status_code == 200 else None
            good = hits == FILES[NEVER_RENAMED].outcome[2]
            found.append("" if good else f"{answer.status_code} {answer.text[:500]}")

    thread = threading.Thread(target=search, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stopping.set()
        thread.join()


def wait_until_found(person: Person, file_id: str) -> None:
    """The index shows what it was given within its refresh interval."""
    person.searchable(file_id)
    wanted = FILES[NEVER_RENAMED].outcome[2]
    eventually(lambda: person.search("", file_id=file_id, type="record")["total"] == wanted, "all records are found")


def _write(person: Person, writes: int) -> dict[str, str]:
    """Uploads and renames, as many together as were asked for; returns what was acknowledged."""
    accepted = {person.upload(name, known.body): name for name, known in FILES.items()}
    ids = list(accepted)
    for number in range(writes - len(ids)):
        person.client.rename(ids[number % len(ids)], f"renamed-{number}.dat")
    return accepted


def _letters(cloud: Cloud, topics: Topics, owner: Person, file_id: str) -> set[str]:
    """Letters of two consumers that failed because an artefact was unreadable, which it is no longer."""
    parsed = next(one for one in topics.published(of=[file_id]) if one.type == PARSED)
    session = cloud.as_role_of("processor-on-record-events")
    s3, bucket = cloud.client_of(session, "s3"), cloud.environment("processor-on-record-events")["ARTEFACTS_BUCKET"]
    broken = uuid.uuid4().hex * 2
    key = f"{file_id}/1/0/parsed-{broken}"
    s3.put_object(Bucket=bucket, Key=key, Body=b"this is no gzip")
    events = [_with_artefact(parsed, broken) for _ in range(LETTERS)]
    for event in events:
        topics.produce(RECORD_EVENTS.name, event, key=f"{file_id}:0")
    envelopes = {event.decode() for event in events}

    def look() -> set[str] | None:
        found = {letter["id"] for letter in cloud.letters(state="Waiting") if letter["envelope"] in envelopes}
        return found if len(found) == 2 * LETTERS else None

    letters = eventually(look, "two consumers have written their letters", seconds=120)
    good = s3.get_object(Bucket=bucket, Key=f"{file_id}/1/0/parsed-{parsed.data['artefact']}")["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=good)
    return letters


def _with_artefact(parsed: Published, artefact: str) -> bytes:
    return changed(parsed.event, id=str(uuid.uuid4()), data={**parsed.data, "artefact": artefact})


def _of_everyone(cloud: Cloud, topics: Topics) -> dict[tuple[str, str], str]:
    """Letters of every function that reads a topic; they fail again however often they are delivered."""
    expected = poison_everyone(topics)

    def look() -> dict[tuple[str, str], str] | None:
        letters = cloud.letters(state="Waiting", code="EVENT_MALFORMED")
        found = {_told(letter): letter["id"] for letter in letters}
        return {one: found[one] for one in expected} if expected <= found.keys() else None

    return eventually(look, "every consumer has written its letters", seconds=120)


def _told(letter: Mapping[str, Any]) -> tuple[str, str]:
    """The event that failed, and where; a message may be so broken that it has no id."""
    return letter.get("eventId", ""), letter["consumer"]


def _redrive(cloud: Cloud, good: set[str], hopeless: set[str], states: tuple[str, ...]) -> None:
    """Have all letters of some states delivered again, and wait until the good ones are done and the others failed once more."""
    letters = cloud.operator.client.dead_letters
    before = {key: letters.get(key) for key in good | hopeless}
    for state in states:
        letters.redrive_many(limit=1000, state=state)

    def is_done(key: str) -> bool:
        letter = letters.get(key)
        if key in good:
            return letter["state"] == "Redriven" and len(letter["audit"]) > len(before[key]["audit"])
        return letter["state"] == "Waiting" and letter["failures"] > before[key]["failures"]

    for key in before:
        eventually(partial(is_done, key), f"{key} was delivered again, as all that were {states}", seconds=180)


def _rebuild(topics: Topics, action: str, **more: Any) -> dict[str, Any]:
    return topics.call("search-rebuild", json.dumps({"action": action, **more}).encode())


def _rebuild_all(topics: Topics) -> dict[str, Any]:
    state = _rebuild(topics, "start", seconds=2)
    deadline = time.monotonic() + 600
    while state["phase"] in {"Filling", "Comparing", "Switching"} and time.monotonic() < deadline:
        state = _rebuild(topics, "continue", seconds=2)
    return state | {"generations": _rebuild(topics, "status")["generations"]}
