"""The Python client against a Leanda in memory."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from leanda_client import (
    CognitoTokens,
    LeandaClient,
    LeandaProblem,
    Picture,
    SignInFailed,
    StaticToken,
    Unreachable,
    WaitTimeout,
)
from leanda_client.transport import TRIES, Waiting
from tests.unit.client.cloud import API, COGNITO, CloudInMemory


@pytest.fixture
def cloud() -> CloudInMemory:
    return CloudInMemory()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def leanda(cloud: CloudInMemory, waits: list[float]) -> Iterator[LeandaClient]:
    waiting = Waiting(sleep=waits.append, jitter=lambda least, most: most / 2)
    with LeandaClient(API, StaticToken("good"), transport=cloud.transport, waiting=waiting) as client:
        yield client


def problem(status: int, code: str = "X", **headers: str) -> Any:
    body = {"code": code, "detail": "A sentence.", "correlationId": "c1"}
    return lambda: httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def broken() -> httpx.Response:
    raise httpx.ReadError("connection reset")


def silent() -> httpx.Response:
    raise httpx.ConnectError("connection refused")


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_answer_is_asked_again_after_the_time_it_names(
    cloud: CloudInMemory, leanda: LeandaClient, waits: list[float], status: int
) -> None:
    cloud.fail(2, problem(status, retry_after="7"), path="/me")
    assert leanda.me()["id"] == "root"
    assert len(waits) == 2
    assert all(7 <= wait <= 8 for wait in waits)


def test_a_date_in_retry_after_is_understood(cloud: CloudInMemory, leanda: LeandaClient, waits: list[float]) -> None:
    cloud.fail(1, problem(503, retry_after=formatdate(0, usegmt=True)), path="/me")
    leanda.me()
    assert 0 <= waits[0] <= 1


def test_without_retry_after_the_waits_grow(cloud: CloudInMemory, leanda: LeandaClient, waits: list[float]) -> None:
    cloud.fail(4, problem(503), path="/me")
    leanda.me()
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_service_that_stays_busy_is_a_problem_in_the_end(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    cloud.fail(100, problem(503, "TEMPORARILY_UNAVAILABLE"))
    with pytest.raises(LeandaProblem, match="A sentence") as caught:
        leanda.me()
    assert (caught.value.code, caught.value.status, caught.value.correlation_id) == (
        "TEMPORARILY_UNAVAILABLE",
        503,
        "c1",
    )
    assert len(cloud.requests) == TRIES


def test_nobody_waits_for_minutes(cloud: CloudInMemory, leanda: LeandaClient, waits: list[float]) -> None:
    cloud.fail(1, problem(429, "RATE_LIMITED", retry_after="600"))
    with pytest.raises(LeandaProblem, match="RATE_LIMITED"):
        leanda.me()
    assert waits == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 500])
def test_other_refusals_are_not_repeated(cloud: CloudInMemory, leanda: LeandaClient, status: int) -> None:
    cloud.fail(1, problem(status, "NO"))
    with pytest.raises(LeandaProblem, match="NO"):
        leanda.me()
    assert len(cloud.requests) == 1


def test_a_broken_connection_is_tried_again(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    cloud.fail(2, broken, path="/me")
    assert leanda.me()["id"] == "root"


def test_a_request_that_may_not_be_repeated_is_not(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    cloud.fail(1, broken, method="PATCH")
    with pytest.raises(Unreachable):
        leanda.rename(leanda.upload(b"x", name="a.smi")["id"], "b.smi")
    assert cloud.count("PATCH", "/files/") == 1


def test_creating_a_file_is_repeated_under_one_key(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    cloud.fail(1, broken, method="POST", path="/files")
    leanda.upload(b"C", name="a.smi")
    assert len(cloud.files) == 1
    assert len({r.headers["idempotency-key"] for r in cloud.requests if r.url.path == "/api/v1/files"}) == 1


def test_nobody_listening_is_said_plainly(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    cloud.fail(100, silent)
    with pytest.raises(Unreachable, match="Nothing answers at https:"):
        leanda.me()


def test_an_id_cannot_become_another_route(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    with pytest.raises(LeandaProblem):
        leanda.file("../me")
    assert cloud.requests[-1].url.raw_path == b"/api/v1/files/..%2Fme"


# --- tokens -----------------------------------------------------------------------------------------------------------


def tokens(cloud: CloudInMemory, password: str = "secret", now: Any = lambda: 0.0) -> CognitoTokens:
    return CognitoTokens(COGNITO, "client", "ada", password, transport=cloud.transport, now=now)


def test_one_sign_in_serves_many_requests(cloud: CloudInMemory) -> None:
    with LeandaClient(API, tokens(cloud), transport=cloud.transport) as leanda:
        leanda.me()
        leanda.me()
    assert cloud.count("POST", COGNITO) == 1
    sent = cloud.requests[0]
    assert sent.headers["x-amz-target"] == "AWSCognitoIdentityProviderService.InitiateAuth"


def test_what_is_closed_signs_in_no_more(cloud: CloudInMemory) -> None:
    provider = tokens(cloud)
    with LeandaClient(API, provider, transport=cloud.transport):
        pass
    with pytest.raises(RuntimeError, match="closed"):
        provider.token()


def test_a_refused_token_is_renewed_once(cloud: CloudInMemory) -> None:
    with LeandaClient(API, tokens(cloud), transport=cloud.transport) as leanda:
        leanda.me()
        cloud.valid_token = "newer"
        assert leanda.me()["id"] == "root"
        assert [b"REFRESH_TOKEN_AUTH" in r.content for r in cloud.requests if str(r.url).startswith(COGNITO)] == [
            False,
            True,
        ]


def test_a_token_that_is_refused_again_is_a_problem(cloud: CloudInMemory) -> None:
    cloud.fail(100, problem(401, "UNAUTHORIZED"), path="/me")
    with (
        LeandaClient(API, tokens(cloud), transport=cloud.transport) as leanda,
        pytest.raises(LeandaProblem, match="UNAUTH"),
    ):
        leanda.me()
    assert cloud.count("GET", "/me") <= 2


def test_a_token_is_renewed_before_it_expires(cloud: CloudInMemory) -> None:
    time = [0.0]
    provider = tokens(cloud, now=lambda: time[0])
    provider.token()
    time[0] = 3599.0
    provider.token()
    assert cloud.count("POST", COGNITO) == 2


def test_a_wrong_password_is_said_plainly(cloud: CloudInMemory) -> None:
    with pytest.raises(SignInFailed, match="Incorrect username or password") as caught:
        tokens(cloud, password="wrong").token()
    assert caught.value.code == "NotAuthorizedException"


# --- uploads ----------------------------------------------------------------------------------------------------------


def test_a_small_file_goes_in_one_form_and_is_announced_with_its_checksum(
    cloud: CloudInMemory, leanda: LeandaClient, tmp_path: Path
) -> None:
    path = tmp_path / "list.smi"
    path.write_bytes(b"C\nCC\n")
    seen: list[tuple[int, int]] = []
    file = leanda.upload(path, progress=lambda *sent: seen.append(sent))
    assert cloud.stored == {file["id"]: b"C\nCC\n"}
    assert seen[-1] == (5, 5)
    assert b'"sha256":"' in cloud.requests[0].content.replace(b" ", b"")


def test_an_empty_file_can_be_uploaded(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    file = leanda.upload(b"", name="bad.sdf")
    assert cloud.stored == {file["id"]: b""}


def test_a_form_is_sent_again_after_a_storage_error(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    cloud.fail(1, lambda: httpx.Response(503, text="<Error><Code>SlowDown</Code></Error>"), path="originals.test")
    cloud.fail(1, broken, path="originals.test")
    file = leanda.upload(b"C", name="a.smi")
    assert cloud.stored[file["id"]] == b"C"


def test_a_form_too_old_is_replaced_by_a_fresh_one(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    expired = "<Error><Code>AccessDenied</Code><Message>Invalid according to Policy: Policy expired.</Message></Error>"
    cloud.fail(1, lambda: httpx.Response(403, text=expired), path="originals.test")
    file = leanda.upload(b"C", name="a.smi")
    assert cloud.stored[file["id"]] == b"C"


def test_what_the_storage_refuses_is_a_problem_with_its_code(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    text = "<Error><Code>EntityTooLarge</Code><Message>Too large.</Message></Error>"
    cloud.fail(1, lambda: httpx.Response(400, text=text), path="originals.test")
    with pytest.raises(LeandaProblem, match="Too large") as caught:
        leanda.upload(b"C", name="a.smi")
    assert caught.value.code == "STORAGE_EntityTooLarge"


BIG = bytes(range(65, 65 + 26)) * 5  # 130 bytes: 13 parts


@pytest.fixture
def in_parts(cloud: CloudInMemory) -> CloudInMemory:
    cloud.post_limit = 50
    return cloud


def test_a_large_file_goes_in_parts(in_parts: CloudInMemory, leanda: LeandaClient, tmp_path: Path) -> None:
    path = tmp_path / "big.smi"
    path.write_bytes(BIG)
    seen: list[int] = []
    file = leanda.upload(path, progress=lambda sent, _: seen.append(sent))
    assert in_parts.stored[file["id"]] == BIG
    assert set(in_parts.sent_parts().values()) == {1}
    assert max(seen) == len(BIG)


def test_an_upload_that_broke_off_is_resumed_with_the_missing_parts_only(
    in_parts: CloudInMemory, leanda: LeandaClient
) -> None:
    for number in (6, 7):
        in_parts.fail(4, broken, method="PUT", path=f"part={number}")
    announced: list[str] = []
    with pytest.raises(Unreachable):
        leanda.upload(BIG, name="big.smi", announced=lambda file: announced.append(file["id"]))
    before = set(in_parts.parts[announced[0]])
    assert 0 < len(before) < 13
    in_parts.requests.clear()
    in_parts.faults.clear()
    leanda.resume(announced[0], BIG)
    assert in_parts.stored[announced[0]] == BIG
    assert not before & set(in_parts.sent_parts())


def test_resuming_what_is_complete_sends_nothing(in_parts: CloudInMemory, leanda: LeandaClient) -> None:
    file = leanda.upload(BIG, name="big.smi")
    in_parts.requests.clear()
    leanda.resume(file["id"], BIG)
    assert in_parts.count("PUT", "") == 0


def test_another_file_is_not_sent_into_an_upload(in_parts: CloudInMemory, leanda: LeandaClient) -> None:
    in_parts.fail(100, broken, method="PUT")
    announced: list[str] = []
    with pytest.raises(Unreachable):
        leanda.upload(BIG, name="big.smi", announced=lambda file: announced.append(file["id"]))
    with pytest.raises(Exception, match="was announced with 130 bytes, this has 131"):
        leanda.resume(announced[0], BIG + b"x")


def test_addresses_that_expire_on_the_way_are_asked_anew(in_parts: CloudInMemory, leanda: LeandaClient) -> None:
    text = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    in_parts.fail(2, lambda: httpx.Response(403, text=text), method="PUT")
    file = leanda.upload(BIG, name="big.smi")
    assert in_parts.stored[file["id"]] == BIG


def test_addresses_that_are_always_refused_end_the_upload(in_parts: CloudInMemory, leanda: LeandaClient) -> None:
    in_parts.fail(10_000, lambda: httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>"), method="PUT")
    with pytest.raises(LeandaProblem, match="AccessDenied"):
        leanda.upload(BIG, name="big.smi")


def test_an_upload_that_expired_is_a_problem(in_parts: CloudInMemory, leanda: LeandaClient) -> None:
    in_parts.fail(1, lambda: httpx.Response(200, json={"state": "Expired", "kind": "multipart"}), path="/uploads/")
    with pytest.raises(LeandaProblem, match="UPLOAD_EXPIRED"):
        leanda.upload(BIG, name="big.smi")


# --- waiting and reading ----------------------------------------------------------------------------------------------


def test_waiting_ends_when_every_record_can_be_found(
    cloud: CloudInMemory, leanda: LeandaClient, waits: list[float]
) -> None:
    file = leanda.upload(b"C\nCC", name="a.smi")
    cloud.files[file["id"]]["indexedRecords"] = 1
    statuses: list[int] = []

    def changed(shown: Any) -> None:
        statuses.append(shown["indexedRecords"])
        cloud.faults.append(lambda _: cloud.files[file["id"]].update(indexedRecords=2))

    done = leanda.wait(file["id"], changed=changed)
    assert done["status"] == "Processed"
    assert statuses == [1, 2]


@pytest.mark.parametrize("name", ["bad.sdf", "nothing.txt"])
def test_waiting_for_a_failed_file_or_one_without_records_ends(leanda: LeandaClient, name: str) -> None:
    assert leanda.wait(leanda.upload(b"", name=name)["id"])["status"] in {"Failed", "Processed"}


def test_waiting_has_an_end(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    file = leanda.create_file("slow.smi", 1)
    with pytest.raises(WaitTimeout, match=r"slow.smi is still Loading"):
        leanda.wait(file["id"], timeout=0)


def test_lists_follow_their_cursors(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    made = [leanda.upload(b"C\nN\nO\nC", name=f"{n}.smi")["id"] for n in range(5)]
    folder = leanda.create_folder("sub")
    assert [file["id"] for file in leanda.files()] == made
    assert [record["index"] for record in leanda.records(made[0])] == [0, 1, 2, 3]
    assert len(list(leanda.search("C"))) == 10
    assert leanda.search_page("C")["total"] == 10
    assert [found["id"] for found in leanda.folders()] == [folder["id"]]


def test_a_download_is_whole_or_absent(cloud: CloudInMemory, leanda: LeandaClient, tmp_path: Path) -> None:
    file = leanda.upload(b"C\nCC\n", name="a.smi")
    target = leanda.download(file["id"], tmp_path)
    assert (target.name, target.read_bytes()) == ("a.smi", b"C\nCC\n")
    cloud.stored[file["id"]] = b"damaged"
    with pytest.raises(LeandaProblem, match="DOWNLOAD_CHECKSUM_MISMATCH"):
        leanda.download(file["id"], tmp_path / "again.smi")
    assert [path.name for path in tmp_path.iterdir()] == ["a.smi"]


def test_a_rename_can_insist_on_a_version(leanda: LeandaClient) -> None:
    file = leanda.upload(b"C", name="a.smi")
    assert leanda.rename(file["id"], "b.smi", version=1)["name"] == "b.smi"
    with pytest.raises(LeandaProblem, match="PRECONDITION_FAILED"):
        leanda.rename(file["id"], "c.smi", version=1)


def test_a_search_sends_what_it_is_narrowed_to(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    list(leanda.search("a b", type="record", file_id="f", filters=["molecularWeight:150..200", "MW:..5"]))
    assert sorted(cloud.requests[-1].url.params.multi_items()) == [
        ("fileId", "f"),
        ("filter", "MW:..5"),
        ("filter", "molecularWeight:150..200"),
        ("limit", "200"),
        ("q", "a b"),
        ("type", "record"),
    ]


def test_a_download_stays_in_the_folder_it_was_told(cloud: CloudInMemory, leanda: LeandaClient, tmp_path: Path) -> None:
    file = leanda.upload(b"C", name="a.smi")
    for name in ("../../outside.smi", ".."):
        cloud.files[file["id"]]["name"] = name
        assert leanda.download(file["id"], tmp_path).resolve().parent == tmp_path


def test_a_download_that_breaks_off_leaves_nothing(cloud: CloudInMemory, leanda: LeandaClient, tmp_path: Path) -> None:
    class Breaking(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"half of it"
            raise httpx.ReadError("connection reset")

    file = leanda.upload(b"C", name="a.smi")
    cloud.fail(1, lambda: httpx.Response(200, stream=Breaking()), method="GET", path="originals.test")
    with pytest.raises(Unreachable, match="The download broke off after"):
        leanda.download(file["id"], tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_drawing_comes_in_the_answer(leanda: LeandaClient) -> None:
    file = leanda.upload(b"C\n", name="a.smi")
    assert leanda.picture(file["id"]) == Picture("image/svg+xml", b"<svg>thumbnail</svg>")
    record = leanda.picture(file["id"], 7)
    assert (record.content, record.extension) == (b"<svg>records/7/image</svg>", ".svg")
    assert record._repr_mimebundle_(include=None) == {"image/svg+xml": "<svg>records/7/image</svg>"}


def test_pixels_come_from_the_storage_without_the_token(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    file = leanda.upload(b"pixels", name="a.png")
    assert leanda.picture(file["id"]) == Picture("image/png", b"pixels")
    (read,) = [
        request for request in cloud.requests if request.method == "GET" and request.url.host == "originals.test"
    ]
    assert "authorization" not in read.headers


def test_a_picture_that_is_not_there_says_why(cloud: CloudInMemory, leanda: LeandaClient) -> None:
    file = leanda.upload(b"C\n", name="a.smi")
    cloud.fail(1, problem(409, "PICTURE_NOT_READY", retry_after="2"), path="/thumbnail")
    with pytest.raises(LeandaProblem) as raised:
        leanda.picture(file["id"])
    assert raised.value.code == "PICTURE_NOT_READY"
