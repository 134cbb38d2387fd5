"""The sweep: what S3 did not tell of is found, what never comes expires, and nothing is received twice."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.blobs import domain
from functions.blobs.adapters import S3Objects
from functions.blobs.use_cases import UploadClosed
from functions.files.models import NewFile
from functions.files.ports import NodeFilter
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda import limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.errors import Unavailable
from tests.fakes.pipeline import USER, Pipeline
from tests.faults.simulated.boundaries import PORTS, Boundaries, Killed
from tests.faults.simulated.cloud import until_done

ME = Viewer(USER)
SMILES = b"CCO ethanol\nC methane\n"
MORE = SMILES + b"CC ethane\n"
STORED = "leanda.blobs.blob.stored.v1"


def announced(cloud: Pipeline, size: int) -> str:
    origin = Origin(cause=f"request-{len(cloud.nodes.documents)}", correlation_id="correlation-1", user_id=USER)
    return str(cloud.files.create(ME, NewFile(name="a.smi", size=size), idempotency_key=None, origin=origin)["id"])


def unavailable(*_: Any, **__: Any) -> bool:
    raise Unavailable(detail="blobs is down")


def swept(cloud: Pipeline, **later: float) -> dict[str, int]:
    cloud.clock.forward(**later)
    counts = cloud.sweeping.sweep()
    cloud.deliver()
    return {name: count for name, count in counts.items() if count}


def file_of(cloud: Pipeline, deleted: bool = False) -> dict[str, Any]:
    (found,) = cloud.files.list_files(ME, NodeFilter(deleted=deleted), cursor=None, limit=10)["items"]
    return dict(found)


def test_an_upload_whose_notification_was_lost_is_received_within_minutes() -> None:
    cloud = Pipeline([chemical()])
    file_id = announced(cloud, len(SMILES))
    cloud.objects.put(f"uploads/{file_id}", SMILES)
    assert swept(cloud, minutes=14) == {}
    assert swept(cloud, minutes=2) == {"received": 1}
    assert cloud.files.get(ME, file_id)["status"] == "Processed"
    assert swept(cloud, days=2) == {}


@pytest.mark.parametrize("size", [len(SMILES), limits.MAX_POST_BYTES + 1])
def test_a_file_whose_upload_nobody_opened_fails_when_its_time_is_over(size: int) -> None:
    """Whoever announced it got no answer, and did not ask again."""
    cloud = Pipeline([chemical()])
    (insert, cloud.uploads.insert) = (cloud.uploads.insert, unavailable)  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        announced(cloud, size)
    cloud.uploads.insert = insert  # type: ignore[method-assign]
    cloud.drain()
    assert file_of(cloud)["status"] == "Loading"
    assert swept(cloud, hours=23) == {}
    assert swept(cloud, hours=2) == {"expired": 1}
    assert (file_of(cloud)["status"], file_of(cloud)["failure"]["code"]) == ("Failed", "UPLOAD_EXPIRED")


def test_an_upload_that_was_given_up_says_so() -> None:
    cloud = Pipeline([chemical()])
    file_id = announced(cloud, len(SMILES))
    cloud.uploading.abort(USER, file_id)
    cloud.deliver()
    failure: dict[str, Any] = file_of(cloud)["failure"]
    assert (file_of(cloud)["status"], failure["code"]) == ("Failed", "UPLOAD_ABORTED")
    assert "hours" not in failure["message"]
    with pytest.raises(UploadClosed):
        cloud.uploading.abort(USER, file_id)


def test_who_asks_again_gets_the_upload_that_was_opened_meanwhile() -> None:
    cloud = Pipeline([chemical()])
    wanted = NewFile(name="a.smi", size=len(SMILES), sha256=hashlib.sha256(SMILES).hexdigest())
    origin = Origin(cause="request", correlation_id="correlation-7", user_id=USER)
    (insert, cloud.uploads.insert) = (cloud.uploads.insert, unavailable)  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        cloud.files.create(ME, wanted, idempotency_key="key", origin=origin)
    cloud.uploads.insert = insert  # type: ignore[method-assign]
    cloud.deliver()
    (upload,) = cloud.uploads.documents.values()
    assert (upload["correlationId"], upload["ownerId"]) == ("correlation-7", USER)
    file_id = cloud.files.create(ME, wanted, idempotency_key="key", origin=origin)["id"]
    assert list(cloud.uploads.documents) == [file_id]
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{file_id}", b"CCN ethanol\nC methane\n"))
    cloud.deliver()
    assert file_of(cloud)["failure"]["code"] == "BLOB_CHECKSUM_MISMATCH", (
        "what was announced of the bytes is known to it"
    )


LOST = {
    "an upload's bytes": ("leanda.blobs.blob.stored.v1", "Processed"),
    "a drop's bytes": ("leanda.blobs.blob.stored.v1", "Processed"),
    "a refusal": ("leanda.blobs.blob.rejected.v1", "Failed"),
    "a refused drop": ("leanda.blobs.blob.rejected.v1", "Failed"),
    "an expiry": ("leanda.blobs.upload.expired.v1", "Failed"),
}


@pytest.mark.parametrize("what", LOST)
def test_what_was_told_of_bytes_and_got_lost_is_told_again_as_it_was(what: str) -> None:
    cloud, deaf = Pipeline([chemical()]), [True]
    type_, end = LOST[what]
    cloud.lost = lambda consumer, event: bool(deaf) and event.type == type_ and consumer.name.startswith("files-")
    if "drop" in what:
        cloud.drop("a/./b.smi" if end == "Failed" else "a/b.smi", SMILES)
    else:
        file_id = announced(cloud, len(SMILES))
        if what != "an expiry":
            cloud.receiving.receive(*cloud.objects.put(f"uploads/{file_id}", MORE if end == "Failed" else SMILES))
    cloud.deliver()
    if what == "an expiry":
        assert swept(cloud, hours=25) == {"expired": 1}
    assert not [node for node in cloud.nodes.documents.values() if node.get("status") not in {None, "Loading"}]
    assert swept(cloud, minutes=16).get("told") == 1
    assert swept(cloud, minutes=16).get("told") is None
    deaf.clear()
    assert swept(cloud, hours=2).get("told") == 1
    cloud.drain()
    assert file_of(cloud)["status"] == end
    bodies = {event.model_dump_json(exclude={"time"}) for event in cloud.broker.events(type_)}
    assert len(bodies) == 1
    again = sum(swept(cloud, days=7).get("told", 0) for _ in range(9))
    assert again == (0 if end == "Processed" else 2), "of what ends a file nobody says that it was taken up"


def test_what_no_broker_takes_holds_up_nothing_else_that_is_told_again() -> None:
    cloud = Pipeline([chemical()])
    cloud.lost = lambda consumer, event: event.type == STORED
    refused, good = (announced(cloud, len(SMILES)) for _ in range(2))
    for file_id in (refused, good):
        cloud.receiving.receive(*cloud.objects.put(f"uploads/{file_id}", SMILES))
        cloud.deliver()
        cloud.clock.forward(seconds=1)
    cloud.broker.refuses = lambda message: message.key.startswith(refused)
    assert swept(cloud, minutes=16) == {"told": 1, "failed": 1}
    cloud.broker.refuses = lambda _: False
    cloud.drain()
    told = [event.data["fileId"] for event in cloud.broker.events(STORED)]
    assert sorted(told) == sorted([refused, good] * 2), "the relay sends it when it is taken"


def test_an_announcement_heard_again_opens_nothing_anew() -> None:
    cloud = Pipeline([chemical()])
    announced(cloud, len(SMILES))
    cloud.deliver()
    swept(cloud, hours=25)
    before = copy.deepcopy(cloud.uploads.documents)
    cloud.deliver_messages(list(cloud.broker.sent))
    cloud.deliver()
    assert cloud.uploads.documents == before


def test_a_notification_that_comes_after_the_sweep_changes_nothing() -> None:
    cloud = Pipeline([chemical()])
    file_id = announced(cloud, len(SMILES))
    told = cloud.objects.put(f"uploads/{file_id}", SMILES)
    swept(cloud, minutes=16)
    cloud.receiving.receive(*told)
    cloud.deliver()
    assert len(cloud.broker.events(STORED)) == 1
    assert cloud.files.get(ME, file_id)["activeRun"] == 1


def test_an_upload_that_does_not_come_is_looked_at_more_rarely_and_expires_with_its_parts() -> None:
    cloud = Pipeline([chemical()])
    file_id = announced(cloud, limits.MAX_POST_BYTES + 1)
    (upload_id,) = cloud.objects.open_parts
    cloud.objects.open_parts[upload_id][1] = b"x"
    heads = 0
    head = cloud.objects.head

    def counted(*arguments: Any) -> Any:
        nonlocal heads
        heads += 1
        return head(*arguments)

    cloud.objects.head = counted  # type: ignore[method-assign]
    results = [swept(cloud, minutes=5) for _ in range(24 * 12)]
    assert results[:-1] == [{}] * (24 * 12 - 1)
    assert 5 <= heads <= 12, "each time when it is twice as old"
    assert upload_id in cloud.objects.open_parts
    assert swept(cloud, minutes=16) == {"expired": 1}
    assert cloud.objects.open_parts == {}
    assert cloud.files.get(ME, file_id)["failure"]["code"] == "UPLOAD_EXPIRED"
    assert swept(cloud, days=2) == {"told": 1}, "nobody says that an expiry was taken up"


def test_a_drop_into_the_inbox_that_nobody_was_told_of_is_found() -> None:
    cloud = Pipeline([chemical()])
    cloud.objects.put(f"inbox/{USER}/lab/a.smi", SMILES)
    cloud.objects.put("inbox/not-a-user/b.smi", SMILES)
    assert swept(cloud, minutes=14) == {"compared": 2}, "it may still be on its way"
    assert swept(cloud, minutes=2) == {"received": 1, "compared": 2}
    assert file_of(cloud)["status"] == "Processed"
    assert swept(cloud, minutes=5) == {"compared": 2}
    assert len(cloud.broker.events(STORED)) == 1


def test_a_newer_version_that_nobody_was_told_of_is_newer_and_a_still_newer_one_too() -> None:
    cloud = Pipeline([chemical()])
    cloud.drop("a.smi", SMILES)
    cloud.deliver()
    key = f"inbox/{USER}/a.smi"
    cloud.objects.put(key, MORE)
    assert swept(cloud, minutes=16) == {"received": 1, "compared": 1}
    assert (file_of(cloud)["activeRun"], file_of(cloud)["totalRecords"]) == (2, 3)
    name, version, _ = cloud.objects.put(key, SMILES)
    cloud.receiving.receive(name, version, "0055AED6DCD90281E5")
    cloud.deliver()
    assert (file_of(cloud)["activeRun"], file_of(cloud)["totalRecords"]) == (3, 2)


def test_of_versions_that_were_replaced_only_the_latest_is_received() -> None:
    cloud = Pipeline([chemical()])
    cloud.objects.put(f"inbox/{USER}/a.smi", MORE)
    cloud.objects.put(f"inbox/{USER}/a.smi", SMILES)
    swept(cloud, minutes=16)
    assert (file_of(cloud)["activeRun"], file_of(cloud)["totalRecords"]) == (1, 2)


def test_an_object_that_meets_a_defect_holds_up_no_other() -> None:
    cloud = Pipeline([chemical()])
    read = cloud.objects.read

    def broken(key: str, *arguments: Any, **named: Any) -> Any:
        if "poison" in key or key.endswith(poisoned):
            raise ValueError("planted")
        return read(key, *arguments, **named)

    poisoned, good = announced(cloud, len(SMILES)), announced(cloud, len(SMILES))
    cloud.objects.read = broken  # type: ignore[method-assign]
    for key in (f"uploads/{poisoned}", f"uploads/{good}", f"inbox/{USER}/a-poison.smi", f"inbox/{USER}/b.smi"):
        cloud.objects.put(key, SMILES)
    assert swept(cloud, minutes=16) == {"received": 2, "compared": 2, "failed": 2}
    assert cloud.files.get(ME, good)["status"] == "Processed"
    cloud.objects.read = read  # type: ignore[method-assign]
    assert swept(cloud, minutes=16)["received"] == 2, "when it is mended"


def test_a_round_through_a_large_inbox_goes_on_where_the_last_sweep_stopped() -> None:
    cloud = Pipeline([chemical()])
    cloud.objects.page_size = 2
    for n in range(7):
        cloud.objects.put(f"inbox/{USER}/{n}.smi", SMILES)
    cloud.clock.forward(minutes=16)
    counts = [cloud.sweeping.sweep(pages=1) for _ in range(5)]
    assert [count["received"] for count in counts] == [2, 2, 2, 1, 0]
    assert [count["compared"] for count in counts] == [2, 2, 2, 1, 2], "and then begins anew"
    assert cloud.sweeping.sweep(lambda: 1.0) == dict.fromkeys(
        ("received", "expired", "compared", "failed", "told"), 0
    ), "no time"


@pytest.mark.parametrize("how", ["kill", "refuse", "lose"])
def test_a_sweep_that_dies_anywhere_loses_and_doubles_nothing(how: str) -> None:
    at = 0
    while True:
        cloud, boundaries = Pipeline([chemical()]), Boundaries(at, how)
        file_id = announced(cloud, len(SMILES))
        cloud.objects.put(f"uploads/{file_id}", SMILES)
        cloud.objects.put(f"inbox/{USER}/a.smi", MORE)
        cloud.clock.forward(minutes=16)
        cloud.death = Killed
        for port in PORTS:
            boundaries.wrap(getattr(cloud, port), port)
        until_done(cloud.sweeping.sweep)
        reached = boundaries.passed > at
        boundaries.at = None
        until_done(cloud.sweeping.sweep)
        cloud.drain()
        assert sorted(node["counts"]["total"] for node in cloud.nodes.documents.values()) == [2, 3]
        assert len({event.id for event in cloud.broker.events(STORED)}) == 2
        assert all(node["status"] == "Processed" for node in cloud.nodes.documents.values())
        if not reached:
            break
        at += 1
    assert at > 15


@pytest.mark.parametrize(
    ("known", "expected"), [([], 1), (["0"], 1), (["0055AED6DCD90281E5"], 0x55AED6DCD90281E6), (["A", "FF"], 256)]
)
def test_what_nobody_told_of_comes_right_after_what_is_known(known: list[str], expected: int) -> None:
    assert domain.order(domain.sequencer_after(known)) == expected


def test_an_object_that_s3_does_not_give_holds_up_nobody() -> None:
    """One in an archive class, say. It is tried again in every round."""
    cloud = Pipeline([tabular(), generic()])
    cloud.objects.page_size = 1
    cloud.objects.put(f"inbox/{USER}/archived.csv", b"a,b\n1,2\n")
    cloud.objects.put(f"inbox/{USER}/good.csv", b"a,b\n1,2\n")
    read = cloud.objects.read

    def given(key: str, *asked: Any, **more: Any) -> Iterator[bytes]:
        if "archived" in key:
            raise Unavailable(detail="InvalidObjectState")
        return read(key, *asked, **more)

    cloud.objects.read = given  # type: ignore[method-assign]
    assert swept(cloud, minutes=20) == {"compared": 2, "received": 1, "failed": 1}
    assert swept(cloud, minutes=20) == {"compared": 2, "failed": 1}
    cloud.objects.read = read  # type: ignore[method-assign]
    assert swept(cloud, minutes=20) == {"compared": 2, "received": 1}
    assert {node["name"]: node["status"] for node in cloud.nodes.documents.values() if node["type"] == "file"} == {
        "archived.csv": "Processed", "good.csv": "Processed"
    }  # fmt: skip


@mock_aws
def test_the_listing_shows_the_latest_versions_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="originals")
    client.put_bucket_versioning(Bucket="originals", VersioningConfiguration={"Status": "Enabled"})
    latest = {}
    for key in ("inbox/u/a", "inbox/u/b", "inbox/u/c", "uploads/x"):
        for body in (b"old", b"new"):
            latest[key] = client.put_object(Bucket="originals", Key=key, Body=body)["VersionId"]
    client.delete_object(Bucket="originals", Key="inbox/u/b")
    list_versions = client.list_object_versions
    client.list_object_versions = lambda **asked: list_versions(**asked, MaxKeys=2)
    objects, found, after, pages = S3Objects(client, "originals"), {}, None, 0
    while True:
        listing = objects.listing("inbox/", after=after)
        found |= {one.key: one.version_id for one in listing.objects}
        pages, after = pages + 1, listing.next
        if after is None:
            break
    assert found == {key: latest[key] for key in ("inbox/u/a", "inbox/u/c")}
    assert pages > 1
