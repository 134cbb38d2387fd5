"""What belongs to somebody else is absent: the same answer as for what does not exist, no hit, no count, no facet."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from tests.cloud import Cloud, Person

pytestmark = pytest.mark.integration

SECRET = "zebrafinch"
KEY = "OKKJLVBELUTLKV-UHFFFAOYSA-N"
"""The InChIKey of methanol."""


@pytest.fixture(scope="module")
def hers(ada: Person) -> dict[str, str]:
    """A folder of Ada's with a processed file in it, an upload under way, and what belongs to them."""
    folder = ada.client.create_folder(f"{SECRET} folder")["id"]
    content = f"CO {SECRET}-methanol\nnot-a-smiles {SECRET}-broken\n".encode()
    file_id = ada.upload(f"{SECRET}.smi", content, parent_id=folder)
    ada.searchable(file_id)
    pending = ada.client.create_file(f"{SECRET}-pending.smi", 10)["id"]
    ada.found(KEY)
    return {"folder": folder, "file": file_id, "pending": pending}


ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/files/{file}", None),
    ("PATCH", "/files/{file}", {"name": "mine now"}),
    ("DELETE", "/files/{file}", None),
    ("GET", "/files/{file}/records", None),
    ("GET", "/files/{file}/records?status=Failed", None),
    ("GET", "/files/{file}/records/0", None),
    ("GET", "/files/{file}/records/0/image", None),
    ("GET", "/files/{file}/thumbnail", None),
    ("GET", "/files/{file}/processing", None),
    ("GET", "/files/{file}/content", None),
    ("GET", "/files/{file}/events", None),
    ("POST", "/files/{file}/restore", None),
    ("POST", "/files/{file}/reprocess", None),
    ("GET", "/files/{pending}", None),
    ("GET", "/files/{pending}/processing", None),
    ("GET", "/uploads/{file}", None),
    ("GET", "/uploads/{pending}", None),
    ("POST", "/uploads/{pending}/complete", None),
    ("DELETE", "/uploads/{pending}", None),
    ("GET", "/folders/{folder}", None),
    ("PATCH", "/folders/{folder}", {"name": "mine now"}),
    ("DELETE", "/folders/{folder}", None),
    ("GET", "/folders/{folder}/children", None),
    ("POST", "/folders/{folder}/restore", None),
    ("POST", "/reprocess", {"folderId": "{folder}"}),
    ("POST", "/files", {"name": "gift.smi", "size": 1, "parentId": "{folder}"}),
    ("POST", "/folders", {"name": "gift", "parentId": "{folder}"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_hers_looks_to_him_like_what_does_not_exist(
    method: str, path: str, body: dict[str, Any] | None, bob: Person, hers: dict[str, str]
) -> None:
    absent = {name: str(uuid.uuid4()) for name in hers}
    real, made_up = (_ask(bob, method, path, body, names) for names in (hers, absent))
    assert (real[0], real[1]) == (made_up[0], made_up[1])
    # A folder to put something into is a wrong member of the body; a folder to reprocess is a filter that fits nothing.
    assert real[0] == {"/files": 400, "/folders": 400, "/reprocess": 202}.get(path, 404)
    assert not real[1].get("accepted")
    assert SECRET not in str(real[1])


@pytest.mark.parametrize(("method", "path", "body"), [route for route in ROUTES if route[0] == "GET"], ids=str)
def test_what_is_hers_is_there_for_her(
    method: str, path: str, body: dict[str, Any] | None, ada: Person, hers: dict[str, str]
) -> None:
    """Otherwise the test above could not fail."""
    assert ada.http.request(method, path.format(**hers)).status_code in {200, 302}


def test_nothing_of_hers_has_changed_by_his_attempts(ada: Person, hers: dict[str, str]) -> None:
    assert ada.client.file(hers["file"])["name"] == f"{SECRET}.smi"
    assert ada.client.folder(hers["folder"])["name"] == f"{SECRET} folder"
    assert [child["id"] for child in ada.client.children(hers["folder"])] == [hers["file"]]
    assert ada.client.file(hers["pending"])["status"] == "Loading"


def test_every_route_with_an_id_is_tried(cloud: Cloud) -> None:
    """A new route is added to the table above, or it is said here where it is tried."""
    elsewhere = {
        ("GET", "/users/{id}"),
        ("GET", "/users/{id}/events"),
        ("GET", "/dead-letters/{id}"),
        ("POST", "/dead-letters/{id}/redrive"),
        ("POST", "/dead-letters/{id}/discard"),
        ("GET", "/replays/{id}"),
        ("POST", "/replays/{id}/cancel"),
    }
    tried = {
        (method, re.sub(r"\{\w+\}", "{id}", path.partition("?")[0]).replace("records/0", "records/{index}"))
        for method, path, _ in ROUTES
    }
    deployed = {route for route in cloud.routes() if "{" in route[1]}
    assert deployed - elsewhere - tried == set()


def test_what_is_for_operators_is_absent_for_everybody_else(cloud: Cloud, ada: Person) -> None:
    for method, path, body in (
        ("GET", "/dead-letters", None),
        ("GET", f"/dead-letters/{uuid.uuid4()}", None),
        ("POST", f"/dead-letters/{uuid.uuid4()}/redrive", None),
        ("POST", f"/dead-letters/{uuid.uuid4()}/discard", {"reason": "mine"}),
        ("POST", "/dead-letters/redrive", {"filter": {}, "limit": 1}),
        ("POST", "/reprocess/all-users", {"failureCode": "STEP_TIMED_OUT"}),
        ("POST", "/replays/count", {"consumer": "search-on-file-events"}),
        ("POST", "/replays", {"consumer": "search-on-file-events", "types": ["leanda.files.file.created.v1"]}),
        ("GET", f"/replays/{uuid.uuid4()}", None),
        ("POST", f"/replays/{uuid.uuid4()}/cancel", None),
        ("POST", "/erasures", {"userId": str(uuid.uuid4())}),
    ):
        assert ada.http.request(method, path, json=body).status_code == 404, path
    assert cloud.operator.http.get("/dead-letters").status_code == 200


def test_operators_see_how_far_her_file_is_and_nothing_of_what_is_in_it(cloud: Cloud, hers: dict[str, str]) -> None:
    operators = cloud.operator.http
    for route in ("processing", "events"):
        answer = operators.get(f"/files/{hers['file']}/{route}")
        assert answer.status_code == 200, route
        assert SECRET not in answer.text
    for method, path, body in ROUTES:
        if not path.endswith(("/processing", "/events")) and "{" in path:
            assert _ask(cloud.operator, method, path, body, hers)[0] == 404, path


def test_her_history_is_not_his(ada: Person, bob: Person) -> None:
    assert ada.http.get(f"/users/{ada.id}/events").status_code == 200
    assert bob.http.get(f"/users/{ada.id}/events").status_code == 404


def test_her_root_is_no_folder_of_his(ada: Person, bob: Person) -> None:
    assert bob.http.get(f"/folders/{ada.id}").status_code == 404
    assert bob.http.get(f"/folders/{ada.id}/children").status_code == 404
    assert bob.http.post("/files", json={"name": "gift.smi", "size": 1, "parentId": ada.id}).status_code == 400


def test_his_lists_hold_nothing_of_hers(bob: Person, hers: dict[str, str]) -> None:
    listed = [file["id"] for file in bob.client.files()] + [child["id"] for child in bob.client.children()]
    assert not set(listed) & set(hers.values())


@pytest.mark.parametrize(
    ("query", "only"),
    [
        (SECRET, {}),
        (f"{SECRET}*", {}),
        (f'"{SECRET}-methanol"', {}),
        (KEY, {}),
        ("CO", {"type": "record"}),
        ("", {"file_id": "{file}"}),
        ("{file}", {}),
        ("", {"type": "record"}),
        ("", {"type": "folder"}),
        ("", {"kind": "chemical"}),
        ("", {"filters": ["molecularWeight:32..33"]}),
        ("-nothing", {}),
        ("a | b | CO", {}),
    ],
    ids=str,
)
def test_his_searches_find_count_and_facet_nothing_of_hers(
    query: str, only: dict[str, Any], ada: Person, bob: Person, hers: dict[str, str]
) -> None:
    only = {name: value.format(**hers) if isinstance(value, str) else value for name, value in only.items()}
    query = query.format(**hers)
    page = bob.search(query, **only)
    assert (page["items"], page["total"]) == ([], 0)
    assert {name: buckets for name, buckets in page["facets"].items() if buckets} == {}
    if query not in {"CO", "a | b | CO"}:  # plain words for her, an identifier or nothing
        assert ada.search(query, **only)["total"] > 0, "she finds it, or the test could not fail"


def test_her_cursors_are_worth_nothing_to_him(ada: Person, bob: Person, hers: dict[str, str]) -> None:
    search = ada.http.get("/search", params={"limit": 1}).json()["nextCursor"]
    files = ada.http.get("/files", params={"limit": 1}).json()["nextCursor"]
    for path, cursor in (("/search", search), ("/files", files)):
        own = ada.http.get(path, params={"limit": 1, "cursor": cursor})
        assert own.status_code == 200
        answer = bob.http.get(path, params={"limit": 1, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR")


def test_an_idempotency_key_of_hers_makes_a_file_of_his_own(ada: Person, bob: Person) -> None:
    body, headers = {"name": "same-key.smi", "size": 1}, {"idempotency-key": "one-key-for-two-people"}
    first, second = (person.http.post("/files", json=body, headers=headers).json() for person in (ada, bob))
    assert first["id"] != second["id"]
    assert (first["ownerId"], second["ownerId"]) == (ada.id, bob.id)
    for person, file in ((ada, first), (bob, second)):
        person.http.delete(f"/uploads/{file['id']}")


def test_of_another_user_only_the_public_part_is_shown(ada: Person, bob: Person) -> None:
    ada.client.me()
    shown = bob.http.get(f"/users/{ada.id}").json()
    assert set(shown) == {"id", "displayName"}
    assert ada.email not in str(shown)


def _ask(
    person: Person, method: str, path: str, body: dict[str, Any] | None, names: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    filled = {key: value.format(**names) if isinstance(value, str) else value for key, value in (body or {}).items()}
    answer = person.http.request(method, path.format(**names), json=filled if body else None)
    problem = answer.json()
    problem.pop("correlationId", None)
    return answer.status_code, problem
