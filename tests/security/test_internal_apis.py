"""Internal APIs answer roles of this account that are on an operation's list, and prove it; nobody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from pymongo import MongoClient

from leanda.discovery.identity import AUDIENCE_HEADER, BODY, CONTENT_TYPE, HEADER, identity_token
from tests.cloud import Cloud, Person

pytestmark = pytest.mark.integration

OTHER_ACCOUNT = "111122223333"


@pytest.fixture(scope="module")
def internal(cloud: Cloud) -> Iterator[Internal]:
    internal = Internal(cloud)
    yield internal
    internal.close()


@pytest.fixture(scope="module")
def blob_id(ada: Person, cloud: Cloud) -> str:
    file_id = ada.upload("internal.smi", b"CCO ethanol\n")
    ada.ended(file_id)
    with MongoClient[dict[str, Any]](cloud.outputs["documentStoreUrl"]) as client:
        found = client["blobs"]["blobs"].find_one({"fileId": file_id})
    assert found
    return str(found["_id"])


class Internal:
    """The internal load balancer, as a function sees it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._sts_url = cloud.outputs["awsEndpointUrl"]
        self._http = httpx.Client(timeout=20, trust_env=False)
        self._addresses: dict[str, str] = {}

    def close(self) -> None:
        self._http.close()

    def token(self, session: boto3.Session, audience: str) -> str:
        return identity_token(session, sts_url=self._sts_url, region=self.cloud.outputs["region"], audience=audience)

    def address(self, service: str) -> str:
        if service not in self._addresses:
            session = self.cloud.as_role_of("files-api")
            answer = self.cloud.client_of(session, "servicediscovery").discover_instances(
                NamespaceName=self.cloud.environment("files-api")["DISCOVERY_NAMESPACE"], ServiceName=service
            )
            self._addresses[service] = answer["Instances"][0]["Attributes"]["url"].rstrip("/")
        return self._addresses[service]

    def ask(self, service: str, token: str | None, path: str, body: Any = None, method: str = "") -> httpx.Response:
        headers = {} if token is None else {HEADER: token}
        return self._http.request(
            method or ("POST" if body is not None else "GET"), self.address(service) + path, json=body, headers=headers
        )

    def blob(self, token: str | None, blob_id: str) -> httpx.Response:
        return self.ask("blobs", token, f"/api/v1/blobs/{blob_id}")

    def authority(self, token: str | None) -> httpx.Response:
        return self.ask("files", token, "/api/v1/internal/files/authority", {"fileIds": ["x"]})


def test_a_parser_may_read_a_blob_and_the_indexer_may_ask_for_authority(internal: Internal, blob_id: str) -> None:
    """Otherwise the tests below could not fail."""
    parser = internal.cloud.as_role_of("parsers-chemical-on-file-events")
    answer = internal.blob(internal.token(parser, "blobs"), blob_id)
    assert answer.status_code == 307
    assert "X-Amz-Signature" in answer.headers["location"]
    indexer = internal.cloud.as_role_of("search-on-file-events")
    assert internal.authority(internal.token(indexer, "files")).status_code == 200


def _changed(token: str, **headers: str | None) -> str:
    found = {**json.loads(base64.urlsafe_b64decode(token)), **headers}
    kept = {name: value for name, value in found.items() if value is not None}
    return base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()


def _headers(token: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(base64.urlsafe_b64decode(token))
    return found


def _with_other_signature(token: str) -> str:
    authorization = _headers(token)["authorization"]
    digit = "0" if authorization[-1] != "0" else "1"
    return _changed(token, authorization=authorization[:-1] + digit)


def _without_signed_audience(token: str) -> str:
    signed = _headers(token)["authorization"].replace(f";{AUDIENCE_HEADER}", "")
    return _changed(token, authorization=signed)


BAD: dict[str, Callable[[str], str | None]] = {
    "none": lambda token: None,
    "empty": lambda token: "",
    "garbage": lambda token: "garbage!",
    "base64 of no object": lambda token: base64.urlsafe_b64encode(b"[1]").decode(),
    "too long": lambda token: "A" * 20_000,
    "another signature": _with_other_signature,
    "another date": lambda token: _changed(token, **{"x-amz-date": _stamp(datetime.now(UTC) + timedelta(seconds=30))}),
    "audience not signed": _without_signed_audience,
    "no session token": lambda token: _changed(token, **{"x-amz-security-token": None}),
    "another session token": lambda token: _changed(token, **{"x-amz-security-token": "FQoGZXIvYXdzE" * 20}),
    "a line break": lambda token: _changed(token, **{"x-amz-date": "20260101T000000Z\r\nx-evil: 1"}),
}


@pytest.mark.parametrize("how", BAD)
def test_a_caller_without_a_proved_identity_is_refused(how: str, internal: Internal, blob_id: str) -> None:
    parser = internal.cloud.as_role_of("parsers-chemical-on-file-events")
    _refused(internal.blob(BAD[how](internal.token(parser, "blobs")), blob_id), 401)


def test_an_identity_that_was_signed_for_another_sts_is_refused(internal: Internal, blob_id: str) -> None:
    """Whoever is asked rebuilds the request for the STS it knows itself; what a token says of the host is not heard."""
    cloud = internal.cloud
    token = identity_token(
        cloud.as_role_of("parsers-chemical-on-file-events"),
        sts_url="https://sts.evil.example",
        region=cloud.outputs["region"],
        audience="blobs",
    )
    _refused(internal.blob(token, blob_id), 401)
    _refused(internal.blob(_changed(token, host=cloud.outputs["awsEndpointUrl"].removeprefix("http://")), blob_id), 401)


@pytest.mark.parametrize("path", ["/api/v1/internal/blobs/uploads", "/api/v1/internal/files/authority"])
def test_no_operation_answers_without_an_identity(path: str, internal: Internal) -> None:
    service = path.split("/")[4]
    order = {"fileId": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "ownerId": "x", "name": "x", "size": 1}
    body = order if service == "blobs" else {"fileIds": ["x"]}
    _refused(internal.ask(service, None, path, body), 401)


def test_an_identity_for_one_service_is_worth_nothing_at_another(internal: Internal, blob_id: str) -> None:
    indexer = internal.cloud.as_role_of("search-on-file-events")
    for_blobs = internal.token(indexer, "blobs")
    _refused(internal.authority(for_blobs), 401)
    _refused(internal.authority(_changed(for_blobs, **{AUDIENCE_HEADER: "files"})), 401)
    assert internal.authority(internal.token(indexer, "files")).status_code == 200


@pytest.mark.parametrize("minutes", [-6, -14, 6, 14])
def test_an_identity_that_was_not_signed_just_now_is_refused(minutes: int, internal: Internal, blob_id: str) -> None:
    """STS itself would take it for a quarter of an hour."""
    session = internal.cloud.as_role_of("parsers-chemical-on-file-events")
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    _refused(internal.blob(_signed_at(internal, session, "blobs", at), blob_id), 401)


def test_the_hand_made_signature_is_good_when_it_is_fresh(internal: Internal, blob_id: str) -> None:
    """Otherwise the test above could not fail."""
    session = internal.cloud.as_role_of("parsers-chemical-on-file-events")
    assert internal.blob(_signed_at(internal, session, "blobs", datetime.now(UTC)), blob_id).status_code == 307


@pytest.mark.parametrize(
    "function", ["search-api", "processor-on-record-events", "users-api", "files-on-record-events", "blobs-api"]
)
def test_a_role_that_is_not_on_the_list_may_not_read_blobs(function: str, internal: Internal, blob_id: str) -> None:
    session = internal.cloud.as_role_of(function)
    _refused(internal.blob(internal.token(session, "blobs"), blob_id), 403)


@pytest.mark.parametrize("function", ["parsers-chemical-on-file-events", "blobs-internal-api", "users-api"])
def test_a_role_that_is_not_on_the_list_may_not_ask_for_authority(function: str, internal: Internal) -> None:
    session = internal.cloud.as_role_of(function)
    _refused(internal.authority(internal.token(session, "files")), 403)


@pytest.mark.parametrize("function", ["parsers-chemical-on-file-events", "search-api", "history-api", "files-api"])
def test_only_what_draws_may_ask_what_a_picture_is_drawn_from(function: str, internal: Internal, ada: Person) -> None:
    token = internal.token(internal.cloud.as_role_of(function), "files")
    for path, body in _picture_questions(ada.id, "x"):
        _refused(internal.ask("files", token, path, body), 403)
        _refused(internal.ask("files", None, path, body), 401)


def test_what_draws_is_told_of_a_file_only_on_behalf_of_who_may_see_it(
    internal: Internal, ada: Person, bob: Person
) -> None:
    file_id = ada.upload("drawn.smi", b"CCO ethanol\n")
    ada.ended(file_id)
    token = internal.token(internal.cloud.as_role_of("parsers-pictures-api"), "files")
    for path, body in _picture_questions(ada.id, file_id):
        assert internal.ask("files", token, path, body).status_code == 200
    for path, body in _picture_questions(bob.id, file_id):
        _refused(internal.ask("files", token, path, body), 404)


def _picture_questions(viewer_id: str, file_id: str) -> list[tuple[str, dict[str, Any]]]:
    asked = {"viewerId": viewer_id, "fileId": file_id, "index": 0}
    return [
        ("/api/v1/internal/files/picture-subject", asked),
        ("/api/v1/internal/files/record-text", asked | {"run": 1, "offset": 0}),
    ]


def test_a_parser_may_not_open_uploads(internal: Internal) -> None:
    session = internal.cloud.as_role_of("parsers-chemical-on-file-events")
    order = {"fileId": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "ownerId": "x", "name": "x", "size": 1}
    answer = internal.ask("blobs", internal.token(session, "blobs"), "/api/v1/internal/blobs/uploads", order)
    _refused(answer, 403)


def test_a_role_of_the_same_name_in_another_account_is_refused(internal: Internal, blob_id: str) -> None:
    cloud = internal.cloud
    name = cloud.configuration("parsers-chemical-on-file-events")["Role"].rpartition("/")[2]
    elsewhere = boto3.Session(OTHER_ACCOUNT, "secret", region_name=cloud.outputs["region"])
    iam, sts = (cloud.client_of(elsewhere, service) for service in ("iam", "sts"))
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    with suppress(iam.exceptions.EntityAlreadyExistsException):  # of an earlier run on the same cloud
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    session = cloud.session(f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}", sts=sts)
    found = cloud.client_of(session, "sts").get_caller_identity()["Arn"]
    assert found.startswith(f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/{name}/")
    _refused(internal.blob(internal.token(session, "blobs"), blob_id), 401)


def test_a_blob_that_does_not_exist_is_absent_for_those_who_may_ask(internal: Internal) -> None:
    session = internal.cloud.as_role_of("parsers-chemical-on-file-events")
    _refused(internal.blob(internal.token(session, "blobs"), "0" * 36), 404)


def test_internal_paths_are_no_part_of_the_public_api(ada: Person, blob_id: str) -> None:
    for path in (f"/blobs/{blob_id}", "/internal/blobs/uploads", "/internal/files/authority", "/internal/blobs/health"):
        assert ada.http.get(path).status_code in {403, 404}
        assert ada.http.post(path, json={}).status_code in {403, 404}


def _signed_at(internal: Internal, session: boto3.Session, audience: str, at: datetime) -> str:
    """As `identity_token`, at another time."""
    headers = {"Content-Type": CONTENT_TYPE, AUDIENCE_HEADER: audience}
    request = AWSRequest("POST", internal.cloud.outputs["awsEndpointUrl"] + "/", data=BODY, headers=headers)
    _At(session.get_credentials().get_frozen_credentials(), internal.cloud.outputs["region"], at).add_auth(request)
    names = {"authorization", "host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", AUDIENCE_HEADER}
    signed = {name.lower(): value for name, value in request.headers.items() if name.lower() in names}
    return base64.urlsafe_b64encode(json.dumps(signed).encode()).decode()


class _At(SigV4Auth):
    """A signature of another time. botocore takes the clock's; the steps are those of its `add_auth`."""

    def __init__(self, credentials: Any, region: str, at: datetime) -> None:
        super().__init__(credentials, "sts", region)
        self._stamp = _stamp(at)

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._stamp
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        self._inject_signature_to_request(request, self.signature(self.string_to_sign(request, canonical), request))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def _refused(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND"}[status]
    assert "arn:" not in answer.text
