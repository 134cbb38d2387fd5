"""A file's life on fakes: every status, every end, and the same end whatever the delivery does."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from functions.files.asking import KeyReused, MadeAndDeleted
from functions.files.models import NewFile, NewFolder, NodeEdit
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import FileCreated
from leanda.errors import NotFound
from tests.fakes.pipeline import USER, Pipeline

OTHER = Viewer("22222222-2222-4222-8222-222222222222")
ME = Viewer(USER)
ORIGIN = Origin(cause="request", correlation_id="correlation-1")
SMILES = b"CCO ethanol\nc1ccccc1 benzene\nCC(=O)Oc1ccccc1C(=O)O aspirin\n"
PARTLY = b"CCO ethanol\nnot-a-smiles( broken\nC methane\n"
WATCHED = ("repeated", "closed", "announced", "told", "asked", "failed")
TABLE = b"name,MW,ok\n" + b"".join(b"row %d,%d.5,true\n" % (n, n) for n in range(2500))
WIDE = b"a,b\n" + b"".join(b"%d,%s\n" % (n, b"some text " * 10) for n in range(12_000))


def pipeline(seed: int = 0, copies: int = 1) -> Pipeline:
    return Pipeline([chemical(), tabular(), generic()], seed=seed, copies=copies)


def outcome(cloud: Pipeline, file_id: str) -> tuple[object, ...]:
    shown = cloud.files.get(ME, file_id)
    return tuple(shown[name] for name in ("status", "kind", "totalRecords", "parsedRecords", "failedRecords"))


def test_a_good_file_is_processed() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    assert outcome(cloud, file_id) == ("Processed", "chemical", 3, 3, 0)
    records = cloud.files.list_records(ME, file_id, status=None, cursor=None, limit=10)["items"]
    assert [record["name"] for record in records] == ["ethanol", "benzene", "aspirin"]
    assert cloud.letters.letters == []


def test_a_partly_bad_file_keeps_its_good_records_and_explains_the_others() -> None:
    cloud = pipeline()
    file_id = cloud.upload("partly.smi", PARTLY)
    cloud.deliver()
    assert outcome(cloud, file_id) == ("ProcessedPartially", "chemical", 3, 2, 1)
    assert cloud.files.get(ME, file_id)["indexedRecords"] == 2, "indexed = parsed"
    assert len(cloud.broker.events("leanda.files.file.indexed.v1")) == 1
    (failed,) = cloud.files.list_records(ME, file_id, status="Failed", cursor=None, limit=10)["items"]
    assert failed["index"] == 1
    assert failed["issues"][0]["code"]
    assert failed["issues"][0]["message"]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("empty.sdf", b"", "FILE_EMPTY"),
        ("empty.qqq", b"", "FILE_EMPTY"),
        ("garbage.sdf", b"this is no molecule at all\n" * 5, "NO_GOOD_RECORD"),
        ("broken.sdf.gz", gzip.compress(b"x" * 100_000, mtime=0)[:60], "FILE_CORRUPT"),
    ],
)
def test_a_bad_file_fails_with_a_code_and_a_sentence(name: str, body: bytes, code: str) -> None:
    cloud = pipeline()
    file_id = cloud.upload(name, body)
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", code)
    assert shown["failure"]["message"].endswith(".")
    steps = cloud.files.timeline(ME, file_id)["steps"]
    assert all(step["state"] != "running" for step in steps)
    assert [step["error"]["code"] for step in steps if "error" in step] == [code]


def test_what_nobody_knows_is_kept_without_records() -> None:
    cloud = pipeline()
    file_id = cloud.upload("notes.bin", b"\x00\x01\x02\x03" * 10)
    cloud.deliver()
    assert outcome(cloud, file_id) == ("Processed", "generic", 0, 0, 0)


def test_a_file_that_is_not_to_be_processed_is_only_stored() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", SMILES, process=False)
    cloud.deliver()
    assert outcome(cloud, file_id) == ("Processed", "chemical", 0, 0, 0)
    states = {step["name"]: step["state"] for step in cloud.files.timeline(ME, file_id)["steps"]}
    assert states == {"upload": "done"} | dict.fromkeys(("parse", "process", "store", "index"), "notReached")


def test_a_replay_does_not_process_what_is_only_stored() -> None:
    """It hands events on past the filter of the trigger."""
    cloud = pipeline()
    cloud.upload("drugs.smi", SMILES, process=False)
    cloud.deliver()
    [created] = [one for one in cloud.broker.sent if Event.from_bytes(one.body).type == FileCreated.TYPE]
    [parser] = [one for one, _ in cloud.consumers if one.name == "parsers-chemical-on-file-events"]
    cloud.feed(parser, [created])
    cloud.deliver()
    assert cloud.index.shown("leanda-records-write") == {}


def test_a_table_of_several_chunks_has_all_rows_and_typed_fields() -> None:
    cloud = pipeline()
    file_id = cloud.upload("table.csv", TABLE)
    cloud.deliver()
    assert outcome(cloud, file_id) == ("Processed", "tabular", 2500, 2500, 0)
    fields = {field["name"]: field for field in cloud.files.get(ME, file_id)["metadata"]["fields"]}
    assert fields["MW"]["dataType"] == "decimal"
    assert (fields["MW"]["min"], fields["MW"]["max"]) == (0.5, 2499.5)
    assert fields["ok"]["dataType"] == "boolean"


def test_a_compressed_file_of_several_chunks_is_parsed_from_artefacts() -> None:
    cloud = pipeline()
    file_id = cloud.upload("table.csv.gz", gzip.compress(TABLE))
    big = cloud.upload("big.csv.gz", gzip.compress(WIDE))
    cloud.deliver()
    assert outcome(cloud, file_id) == ("Processed", "tabular", 2500, 2500, 0)
    assert outcome(cloud, big) == ("Processed", "tabular", 12_000, 12_000, 0)
    assert any(stage == "input" for _, _, _, stage, _ in cloud.artefacts.bodies)


@pytest.mark.parametrize("seed", range(6))
def test_every_event_three_times_and_shuffled_gives_the_same_end(seed: int) -> None:
    files = {"drugs.smi": SMILES, "partly.smi": PARTLY, "table.csv": TABLE, "x.bin": b"\0\1", "bad.sdf": b"junk\n"}
    ends = []
    for copies, order in ((1, 0), (3, seed)):
        cloud = pipeline(seed=order, copies=copies)
        found = {name: cloud.upload(name, body) for name, body in files.items()}
        cloud.deliver()
        ends.append({name: outcome(cloud, file_id) for name, file_id in found.items()})
        assert len(cloud.records.documents) == 3 + 3 + 2500 + 1
        assert cloud.letters.letters == []
        assert all(not document["outbox"] for document in cloud.runs.documents.values())
    assert ends[0] == ends[1], f"seed {seed}"


def test_events_of_a_finished_run_change_nothing_when_they_come_again() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    before = (cloud.files.get(ME, file_id), dict(cloud.records.documents))
    cloud.clock.forward(days=13)
    cloud.deliver_messages(list(cloud.broker.sent))
    after = cloud.files.get(ME, file_id)
    assert ({**after, "updatedAt": None}, cloud.records.documents) == ({**before[0], "updatedAt": None}, before[1])


def test_an_inbox_drop_makes_its_folders_and_the_same_bytes_again_change_nothing() -> None:
    cloud = pipeline()
    cloud.drop("project/2026/drugs.smi", SMILES)
    cloud.deliver()
    (file,) = cloud.files.list_files(ME, _all(), cursor=None, limit=10)["items"]
    assert (file["name"], file["status"], file["totalRecords"]) == ("drugs.smi", "Processed", 3)
    (project,) = cloud.files.children(ME, USER, cursor=None, limit=10)["items"]
    (year,) = cloud.files.children(ME, project["id"], cursor=None, limit=10)["items"]
    assert (project["name"], year["name"], file["parentId"]) == ("project", "2026", year["id"])
    sent = len(cloud.broker.sent)
    cloud.drop("project/2026/drugs.smi", SMILES)
    cloud.deliver()
    assert cloud.files.get(ME, file["id"])["activeRun"] == 1
    assert [event.type for event in cloud.broker.events()[sent:]] == ["leanda.blobs.blob.stored.v1"]


def test_other_bytes_on_the_same_inbox_path_are_a_new_run_that_takes_over() -> None:
    cloud = pipeline()
    cloud.drop("drugs.smi", SMILES)
    cloud.deliver()
    cloud.drop("drugs.smi", SMILES + b"CCCC butane\n")
    cloud.deliver()
    (file,) = cloud.files.list_files(ME, _all(), cursor=None, limit=10)["items"]
    assert (file["activeRun"], file["totalRecords"], file["status"]) == (2, 4, "Processed")
    cloud.drop("drugs.smi", b"")
    cloud.deliver()
    shown = cloud.files.get(ME, file["id"])
    assert (shown["activeRun"], shown["totalRecords"], shown["status"]) == (2, 4, "Processed"), "good results stay"
    assert shown["latestRun"]["state"] == "Failed"
    assert shown["latestRun"]["failure"]["code"] == "FILE_EMPTY"


@pytest.mark.parametrize(
    ("name", "other", "status", "total"),
    [
        ("good.smi", b"CCCC butane\n", "Processed", 1),
        ("none.smi", b"not(a molecule\n", "Failed", 1),
        ("raw.bin", b"\0\1\2", "Processed", 0),
        ("empty.smi", b"", "Failed", 0),
    ],
)
def test_other_bytes_on_an_inbox_path_while_the_first_are_processed_count_at_once(
    name: str, other: bytes, status: str, total: int
) -> None:
    """A superseded run has no results that could stay, so the file ends as the later one does, whatever that gives."""
    cloud = pipeline()
    cloud.drop(name, SMILES * 500)
    cloud.deliver_messages(list(cloud.broker.sent))
    cloud.drop(name, other)
    cloud.deliver()
    (file,) = cloud.files.list_files(ME, _all(), cursor=None, limit=10)["items"]
    assert (file["activeRun"], file["totalRecords"], file["status"]) == (2, total, status)
    assert len(cloud.index.shown("leanda-records-write")) == file["parsedRecords"]


@pytest.mark.parametrize(
    "path", ["../up.sdf", "a//b.sdf", "./x.sdf", "a/\x07bell.sdf", "/".join(["d"] * 40) + "/x.sdf", "n" * 300]
)
def test_a_hostile_inbox_path_is_a_failed_file_that_says_why(path: str) -> None:
    cloud = pipeline()
    cloud.drop(path, SMILES)
    cloud.deliver()
    (file,) = cloud.files.list_files(ME, _all(), cursor=None, limit=10)["items"]
    assert (file["status"], file["failure"]["code"], file["parentId"]) == ("Failed", "INBOX_KEY_REFUSED", USER)


def test_an_upload_of_another_size_than_announced_is_refused() -> None:
    cloud = pipeline()
    made = cloud.files.create(ME, _new("x.smi", 5), idempotency_key=None, origin=ORIGIN)
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{made['id']}", SMILES))
    cloud.deliver()
    shown = cloud.files.get(ME, made["id"])
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "BLOB_SIZE_MISMATCH")


def test_an_upload_with_another_checksum_than_announced_is_refused() -> None:
    cloud = pipeline()
    made = cloud.files.create(ME, _new("x.smi", len(SMILES), sha256="0" * 64), idempotency_key=None, origin=ORIGIN)
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{made['id']}", SMILES))
    cloud.deliver()
    assert cloud.files.get(ME, made["id"])["failure"]["code"] == "BLOB_CHECKSUM_MISMATCH"


OTHERS: list[dict[str, Any]] = [
    {"name": "y.smi"},
    {"size": 6},
    {"process": False},
    {"unpack": True},
    {"position": True},
    {"sha256": "0" * 64},
    {"parent_id": "folder"},
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_an_idempotency_key_is_not_taken_for_another_request(other: dict[str, Any]) -> None:
    cloud = pipeline()
    folder = cloud.files.create_folder(ME, NewFolder(name="f"), idempotency_key="f", origin=ORIGIN)["id"]
    wanted = {"name": "x.smi", "size": 5}
    cloud.files.create(ME, NewFile.model_validate(wanted), idempotency_key="k1", origin=ORIGIN)
    changed = wanted | {name: folder if value == "folder" else value for name, value in other.items()}
    with pytest.raises(KeyReused):
        cloud.files.create(ME, NewFile(**changed), idempotency_key="k1", origin=ORIGIN)
    with pytest.raises(KeyReused):
        cloud.files.create_folder(ME, NewFolder(name="g"), idempotency_key="f", origin=ORIGIN)
    with pytest.raises(KeyReused):
        cloud.files.create_folder(ME, NewFolder(name="x.smi"), idempotency_key="k1", origin=ORIGIN)
    assert KeyReused.status == 422


def test_a_repeated_request_means_its_file_whatever_became_of_that_since() -> None:
    cloud = pipeline()
    wanted = _new("x.smi", 5)
    file_id = cloud.files.create(ME, wanted, idempotency_key="k1", origin=ORIGIN)["id"]
    cloud.files.edit(ME, file_id, "file", NodeEdit(name="renamed.smi"), None, ORIGIN)
    assert cloud.files.create(ME, wanted, idempotency_key="k1", origin=ORIGIN)["id"] == file_id
    cloud.files.delete(ME, file_id, "file", None, ORIGIN)
    with pytest.raises(MadeAndDeleted):
        cloud.files.create(ME, wanted, idempotency_key="k1", origin=ORIGIN)
    cloud.files.restore(ME, file_id, "file", ORIGIN)
    assert cloud.files.create(ME, wanted, idempotency_key="k1", origin=ORIGIN)["id"] == file_id


def test_an_idempotency_key_gives_the_same_file() -> None:
    cloud = pipeline()
    first = cloud.files.create(ME, _new("x.smi", 5), idempotency_key="k1", origin=ORIGIN)
    again = cloud.files.create(ME, _new("x.smi", 5), idempotency_key="k1", origin=ORIGIN)
    assert first["id"] == again["id"]


def test_another_user_sees_nothing() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    for call in (
        lambda: cloud.files.get(OTHER, file_id),
        lambda: cloud.files.timeline(OTHER, file_id),
        lambda: cloud.files.content_url(OTHER, file_id),
        lambda: cloud.files.get_record(OTHER, file_id, 0),
        lambda: cloud.files.list_records(OTHER, file_id, status=None, cursor=None, limit=5),
        lambda: cloud.files.delete(OTHER, file_id, "file", None, ORIGIN),
        lambda: cloud.files.children(OTHER, USER, cursor=None, limit=5),
    ):
        with pytest.raises(NotFound):
            call()
    assert cloud.files.list_files(OTHER, _all(), cursor=None, limit=10)["items"] == []


def test_a_deleted_file_is_absent_and_its_records_are_announced_to_the_index_again() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    sent = len(cloud.broker.sent)
    cloud.files.delete(ME, file_id, "file", None, ORIGIN)
    cloud.deliver()
    with pytest.raises(NotFound):
        cloud.files.get(ME, file_id)
    stored = [
        event
        for event in cloud.broker.events("leanda.files.records.stored.v1")
        if event in cloud.broker.events()[sent:]
    ]
    assert [event.data["placement"] for event in stored] == [1]


def test_a_file_is_announced_as_findable_once_all_its_records_are() -> None:
    cloud = pipeline()
    file_id = cloud.upload("table.csv", TABLE)
    cloud.deliver()
    assert cloud.files.get(ME, file_id)["indexedRecords"] == 2500
    assert len(cloud.broker.events("leanda.files.file.indexed.v1")) == 1
    assert {step["state"] for step in cloud.files.timeline(ME, file_id)["steps"]} == {"done"}


def test_the_upload_of_a_file_that_was_deleted_meanwhile_does_not_bring_it_back() -> None:
    cloud = pipeline()
    made = cloud.files.create(ME, _new("x.smi", len(SMILES)), idempotency_key=None, origin=ORIGIN)
    cloud.files.delete(ME, made["id"], "file", None, ORIGIN)
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{made['id']}", SMILES))
    cloud.deliver()
    with pytest.raises(NotFound):
        cloud.files.get(ME, made["id"])
    assert cloud.records.documents == {}


def test_a_drop_on_a_deleted_path_restores_the_file() -> None:
    cloud = pipeline()
    cloud.drop("drugs.smi", SMILES)
    cloud.deliver()
    (file,) = cloud.files.list_files(ME, _all(), cursor=None, limit=10)["items"]
    cloud.files.delete(ME, file["id"], "file", None, ORIGIN)
    cloud.deliver()
    cloud.drop("drugs.smi", SMILES)
    cloud.deliver()
    shown = cloud.files.get(ME, file["id"])
    assert (shown["status"], shown["totalRecords"], shown["indexedRecords"]) == ("Processed", 3, 3)


def test_a_run_without_progress_is_ended_with_a_reason() -> None:
    cloud = Pipeline([], seed=1)
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    assert cloud.files.get(ME, file_id)["status"] == "Loaded"
    assert cloud.watchdog.look_after() == dict.fromkeys(WATCHED, 0)
    for repeated in (1, 1, 1, 0):
        cloud.clock.forward(minutes=16)
        done = dict.fromkeys(WATCHED, 0) | {"repeated": repeated, "closed": 1 - repeated}
        assert cloud.watchdog.look_after() == done
        cloud.deliver()
    requests = cloud.broker.events("leanda.files.file.created.v1")
    assert len({(event.id, str(event.data)) for event in requests}) == 1
    assert len(requests) == 1 + 3
    assert {event.correlationid for event in cloud.broker.events()} == {"correlation-1"}, (
        "still the work of one request"
    )
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["failure"]["code"]) == ("Failed", "STEP_TIMED_OUT")
    assert cloud.files.timeline(ME, file_id)["steps"][1]["attempt"] == 4
    cloud.clock.forward(days=30)
    assert not any(cloud.watchdog.look_after().values())


def _all():  # type: ignore[no-untyped-def]
    from functions.files.ports import NodeFilter

    return NodeFilter()


def _new(name: str, size: int, **more: str):  # type: ignore[no-untyped-def]
    from functions.files.models import NewFile

    return NewFile(name=name, size=size, **more)
