"""Requests that no honest client sends: a clear problem with a code, never an error of the server, and nothing left behind."""

from __future__ import annotations

import base64
import json
import random
import uuid
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.cloud import Cloud, Person

pytestmark = pytest.mark.integration

LONG = "n" * 300


def _problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
        status,
        "application/problem+json",
    ), answer.text
    problem: dict[str, Any] = answer.json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["type"] == f"urn:leanda:problem:{code}"
    assert problem["title"]
    assert problem["correlationId"]
    assert "Traceback" not in answer.text
    return problem


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b"\xff\xfe\x00",
        b'{"name": "a.smi", "size": 1',
        b'{"name": "a.smi", "size": NaN}',
        b'{"name": "a.smi", "size": 1e400}',
        b"[" * 5000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_no_object_is_refused(body: bytes, ada: Person) -> None:
    for path in ("/files", "/folders"):
        answer = ada.http.post(path, content=body, headers={"content-type": "application/json"})
        _problem(answer, 400, "INVALID_REQUEST")


WRONG: list[dict[str, Any]] = [
    {},
    {"name": "a.smi"},
    {"size": 1},
    {"name": None, "size": 1},
    {"name": 7, "size": 1},
    {"name": ["a.smi"], "size": 1},
    {"name": {"$ne": ""}, "size": 1},
    {"name": "", "size": 1},
    {"name": "x" * 2000, "size": 1},
    {"name": "a.smi", "size": "1"},
    {"name": "a.smi", "size": -1},
    {"name": "a.smi", "size": 1.5},
    {"name": "a.smi", "size": None},
    {"name": "a.smi", "size": [1]},
    {"name": "a.smi", "size": 1, "sha256": "short"},
    {"name": "a.smi", "size": 1, "sha256": "z" * 64},
    {"name": "a.smi", "size": 1, "sha256": 5},
    {"name": "a.smi", "size": 1, "process": "maybe"},
    {"name": "a.smi", "size": 1, "parentId": {"$gt": ""}},
    {"name": "a.smi", "size": 1, "parentId": "x" * 200},
    {"name": "a.smi", "size": 1, "parentId": "no-such-folder"},
    {"name": "a.smi", "size": 1, "parentId": "00000000-0000-4000-8000-000000000000"},
    {"name": "a.smi", "size": 1, "ownerId": "somebody"},
    {"name": "a.smi", "size": 1, "status": "Processed"},
    {"name": "a.smi", "size": 1, "__proto__": {}},
]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: json.dumps(body)[:60])
def test_a_member_that_is_wrong_or_unknown_is_refused_and_named(body: dict[str, Any], ada: Person) -> None:
    problem = _problem(ada.http.post("/files", json=body), 400, "INVALID_REQUEST")
    assert problem.get("errors") or problem.get("detail") or problem["title"]
    assert "a.smi" not in [file["name"] for file in ada.client.files()]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_type_is_read_as_json_or_refused(content_type: str, ada: Person) -> None:
    answer = ada.http.post("/files", content=b"<a/>", headers={"content-type": content_type})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["..", ".", "../up.smi", "a/b.smi", "/etc/passwd", "a\\b.smi", "\0", "\0\0", "   ", "​", "‮", LONG, "/"],
    ids=repr,
)
def test_a_name_that_is_a_path_or_nothing_or_too_long_is_refused(name: str, ada: Person) -> None:
    _problem(ada.http.post("/files", json={"name": name, "size": 1}), 400, "INVALID_REQUEST")
    _problem(ada.http.post("/folders", json={"name": name}), 400, "INVALID_REQUEST")
    folder = ada.client.create_folder(f"to-be-renamed-{uuid.uuid4().hex[:8]}")
    _problem(ada.http.patch(f"/folders/{folder['id']}", json={"name": name}), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("nul\0byte.smi", "nulbyte.smi"),
        ("right\u202eims.exe", "rightims.exe"),
        ("new\nline.smi", "newline.smi"),
        ("🧪 emoji.smi", "🧪 emoji.smi"),
        ("cafe\u0301.smi", "café.smi"),
        ("  around.smi  ", "around.smi"),
        ("<script>alert(1)<\u2215script>.smi", "<script>alert(1)<∕script>.smi"),
        ('"quotes"; rm -rf.smi', '"quotes"; rm -rf.smi'),
        ("..double.smi", "..double.smi"),
        ("$where", "$where"),
        ("{{7*7}}", "{{7*7}}"),
        ("ü" * 255, "ü" * 255),
    ],
    ids=repr,
)
def test_an_unusual_name_is_kept_without_what_cannot_be_seen_and_its_content_comes_back(
    name: str, shown: str, ada: Person
) -> None:
    file_id = ada.upload(name, b"CCO ethanol\n", process=False)
    file = ada.ended(file_id)
    assert file["name"] == shown
    answer = ada.http.get(f"/files/{file_id}/content")
    assert answer.status_code == 302
    assert httpx.get(answer.headers["location"], trust_env=False).content == b"CCO ethanol\n"
    _check_disposition(answer.headers["location"], shown)


def _check_disposition(location: str, name: str) -> None:
    """The answer is a download under the file's name, whatever the file is. S3 is told so in the signed query.

    ministack 1.5.33 checks that query and does not act on it, so the headers of its answer say nothing.
    """
    url = httpx.URL(location)
    disposition = url.params["response-content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.endswith(f"filename*=UTF-8''{quote(name, safe='')}")
    assert disposition.isprintable()
    assert url.params["response-content-type"] == "application/octet-stream"
    inline = url.copy_set_param("response-content-disposition", "inline")
    assert httpx.get(inline, trust_env=False).status_code == 403


# --- ids, parameters, cursors -----------------------------------------------------------------------------------------

HOSTILE_IDS = [
    "..%2F..%2Fme",
    "%00",
    "a" * 500,
    "$ne",
    "{}",
    "%7B%22%24ne%22%3A%22%22%7D",
    "%F0%9F%A7%AA",
    "%ff",
    "' OR 1=1",
    "*",
]


@pytest.mark.parametrize("id_", HOSTILE_IDS)
@pytest.mark.parametrize(
    "path",
    ["/files/{}", "/files/{}/records", "/files/{}/records/0", "/folders/{}/children", "/uploads/{}", "/users/{}"],
)
def test_a_hostile_id_is_absent_or_invalid(path: str, id_: str, ada: Person) -> None:
    answer = ada.http.get(path.format(id_))
    assert answer.status_code in {400, 404}, answer.text
    assert answer.json()["code"] in {"NOT_FOUND", "INVALID_REQUEST"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=201",
        "limit=1e3",
        "limit=x",
        "limit=",
        "status=Nonsense",
        "kind=" + "k" * 100,
        "cursor=" + "A" * 3000,
    ],
)
def test_a_parameter_out_of_bounds_is_refused(query: str, ada: Person) -> None:
    _problem(ada.http.get(f"/files?{query}"), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("index", ["-1", "1.5", "x", "99999999999999999999", "%00"])
def test_a_record_index_that_is_none_is_refused(index: str, ada: Person) -> None:
    answer = ada.http.get(f"/files/{uuid.uuid4()}/records/{index}")
    assert answer.status_code in {400, 404}
    assert answer.json()["code"] in {"NOT_FOUND", "INVALID_REQUEST"}


@pytest.fixture(scope="module")
def cursor(ada: Person) -> str:
    for n in range(3):
        ada.client.create_folder(f"page {n}")
    answer = ada.http.get(f"/folders/{ada.id}/children", params={"limit": 1})
    return str(answer.json()["nextCursor"])


def test_a_cursor_that_was_changed_anywhere_is_refused(cursor: str, ada: Person, cloud: Cloud) -> None:
    path = f"/folders/{ada.id}/children"
    assert ada.http.get(path, params={"limit": 1, "cursor": cursor}).status_code == 200
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    dice = random.Random(cloud.seed)
    for place in dice.sample(range(len(raw)), min(12, len(raw))):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        hostile = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        _problem(ada.http.get(path, params={"cursor": hostile}), 400, "INVALID_CURSOR")


@pytest.mark.parametrize(
    "hostile",
    [
        "A",
        "AAAA",
        "!!!!",
        "\0",
        "e30",
        "null",
        "🧪",
        "../..",
        "A" * 1999,
        base64.urlsafe_b64encode(b'["",""]').decode(),
    ],
    ids=lambda value: repr(value[:16]),
)
@pytest.mark.parametrize("path", ["/files", "/folders", "/search", "/folders/{me}/children"])
def test_a_cursor_that_was_made_up_is_refused(path: str, hostile: str, ada: Person) -> None:
    answer = ada.http.get(path.format(me=ada.id), params={"cursor": hostile})
    _problem(answer, 400, "INVALID_CURSOR")


def test_a_cursor_of_another_query_is_refused(cursor: str, ada: Person) -> None:
    _problem(ada.http.get("/files", params={"cursor": cursor}), 400, "INVALID_CURSOR")
    _problem(ada.http.get("/search", params={"cursor": cursor}), 400, "INVALID_CURSOR")


# --- search -----------------------------------------------------------------------------------------------------------

QUERIES = [
    "*",
    "**",
    "*a",
    "a*" * 20,
    "((((((((((",
    "))))",
    '"',
    '"unclosed',
    "~",
    "a~99",
    '"a b"~99999999',
    "-",
    "+",
    "|",
    "|||",
    "- - -",
    "\\",
    "\\\\\\",
    "AND OR NOT",
    "_exists_:ownerId",
    "ownerId:*",
    "name:(a OR b)",
    "/.*/",
    "[* TO *]",
    "{a TO b}",
    "<script>",
    "${7*7}",
    "\0",
    "\ud7ff\ue000",
    "‮",
    "🧪" * 50,
    "a" * 2000,
    "(" * 500 + "a" + ")" * 500,
    "C" * 1999,
    " ".join("a" * 60),
    "C1=CC=CC=C1[C@H](N)C(=O)O",
    "[Na+].[Cl-]",
    "InChI=1S/CH4/h1H4",
    '{"query":{"match_all":{}}}',
]


@pytest.mark.parametrize("q", QUERIES, ids=lambda q: repr(q[:24]))
def test_a_hostile_query_is_answered_with_nothing_of_others(q: str, bob: Person) -> None:
    answer = bob.http.get("/search", params={"q": q})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == 0


@pytest.mark.parametrize("q", ["a" * 2001, " ".join("a" * 65), "a " * 900], ids=lambda q: repr(q[:24]))
def test_a_query_that_is_too_long_is_refused(q: str, bob: Person) -> None:
    answer = bob.http.get("/search", params={"q": q})
    assert answer.status_code in {400, 414}, answer.text
    assert answer.json()["code"]


@pytest.mark.parametrize(
    "filter_",
    ["", ":", "a", "a:", ":b", "a:..", "a:1..x", "a:x..1", "a:1e999..", "a:..-1e999", "a:nan..", "x" * 1200, "\0:1"],
    ids=lambda value: repr(value[:16]),
)
def test_a_filter_that_cannot_be_read_is_refused_or_finds_nothing(filter_: str, bob: Person) -> None:
    answer = bob.http.get("/search", params={"filter": filter_})
    assert answer.status_code in {200, 400}, answer.text
    body = answer.json()
    assert body.get("total") == 0 if answer.status_code == 200 else body["code"]


@pytest.mark.parametrize(
    "query", ["type=user", "limit=1000", "filter=a:1&" * 11 + "q=a", "cursor=" + "A" * 2001, "kind=" + "k" * 41]
)
def test_a_search_parameter_out_of_bounds_is_refused(query: str, bob: Person) -> None:
    _problem(bob.http.get(f"/search?{query}"), 400, "INVALID_REQUEST")


# --- headers and methods ----------------------------------------------------------------------------------------------


def test_a_hostile_correlation_id_is_replaced(ada: Person) -> None:
    for hostile in ("short", "x" * 500, "a b c d e f g h", "<script>alert(1)</script>", '"; DROP'):
        answer = ada.http.get("/me", headers={"x-correlation-id": hostile})
        assert answer.status_code == 200
        assert answer.headers["x-correlation-id"] != hostile
    kept = ada.http.get("/me", headers={"x-correlation-id": "a-good-one:1.2"})
    assert kept.headers["x-correlation-id"] == "a-good-one:1.2"


@pytest.mark.parametrize("tag", ['"999"', "garbage", "*garbage*", "W/", '"' * 50])
def test_a_precondition_that_does_not_hold_changes_nothing(tag: str, ada: Person) -> None:
    folder = ada.client.create_folder("precondition")
    answer = ada.http.patch(f"/folders/{folder['id']}", json={"name": "changed"}, headers={"if-match": tag})
    assert answer.status_code in {400, 412}, answer.text
    assert answer.json()["code"] in {"INVALID_REQUEST", "PRECONDITION_FAILED"}
    assert ada.client.folder(folder["id"])["name"] == "precondition"


def test_header_values_over_their_limits_are_refused(ada: Person) -> None:
    body = {"name": "key.smi", "size": 1}
    _problem(ada.http.post("/files", json=body, headers={"idempotency-key": "k" * 201}), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/files"), ("DELETE", "/me"), ("POST", "/search"), ("GET", "/nothing"), ("PATCH", "/folders")],
)
def test_a_route_that_does_not_exist_is_absent(method: str, path: str, ada: Person) -> None:
    answer = ada.http.request(method, path)
    assert answer.status_code in {403, 404, 405}, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    assert answer.json()["code"] in {"NOT_FOUND", "FORBIDDEN"}


def test_answers_are_not_cached_and_not_sniffed(ada: Person) -> None:
    for path in ("/me", "/files", f"/files/{quote('none')}"):
        headers = ada.http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "no-store" in headers["cache-control"]
