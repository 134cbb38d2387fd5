"""The search use case and its route: who sees what, pages, problems."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.search import bootstrap, domain
from functions.search.api import lambda_handler
from functions.search.mappings import definitions
from functions.search.queries import SearchRequest
from functions.search.use_cases import Search
from leanda.access.policy import Viewer
from leanda.errors import InvalidCursor, Unavailable
from leanda.http.cursors import Cursors
from tests.unit.search.fakes import MemoryAuthority, MemoryIndex, MemoryStructures, facts

ANNA = Viewer("anna")


@pytest.fixture
def search() -> Search:
    index = MemoryIndex()
    for definition in definitions(local=True):
        index.ensure(definition)
    records = (
        domain.record_document({"index": n, "type": "x"}, run=1, stage=domain.Stage.PROCESSED, node=facts())
        for n in range(5)
    )
    index.write([domain.node_document(facts()), *records])
    return Search(index, MemoryAuthority(facts()), MemoryStructures(), Cursors(b"key"))


def _find(search: Search, viewer: Viewer = ANNA, q: str = "x", limit: int = 10, cursor: str | None = None) -> Any:
    return search.find(viewer, SearchRequest(q), cursor=cursor, limit=limit)


def test_a_page_is_authorised_by_one_call(search: Search) -> None:
    assert len(_find(search)["items"]) == 6
    assert search.authority.calls == [["file-1"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("truth", "left"),
    [
        ({"ownerId": "boris"}, 0),
        ({"deleted": True}, 0),
        ({"activeRun": 2}, 1),
        ({"ownerId": "boris", "grants": {"user:anna": "read"}}, 6),
        ({"ownerId": "boris", "grants": {"user:eve": "read"}}, 0),
    ],
)
def test_what_the_index_does_not_know_yet_is_not_shown(search: Search, truth: dict[str, Any], left: int) -> None:
    search.authority.nodes["file-1"] = facts(**truth)  # type: ignore[attr-defined]
    assert len(_find(search)["items"]) == left


def test_a_file_that_the_authority_does_not_know_is_not_shown(search: Search) -> None:
    search.authority.nodes.clear()  # type: ignore[attr-defined]
    assert _find(search)["items"] == []


def test_pages_follow_each_other_to_the_end(search: Search) -> None:
    seen, cursor = [], None
    while True:
        page = _find(search, limit=2, cursor=cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6


def test_a_cursor_is_of_one_person_and_one_query(search: Search) -> None:
    cursor = _find(search, limit=2)["nextCursor"]
    with pytest.raises(InvalidCursor):
        _find(search, Viewer("boris"), limit=2, cursor=cursor)
    with pytest.raises(InvalidCursor):
        _find(search, q="y", limit=2, cursor=cursor)


def _call(parameters: dict[str, list[str]]) -> tuple[int, Any]:
    event = {
        "httpMethod": "GET",
        "path": "/v1/search",
        "resource": "/v1/search",
        "headers": {},
        "multiValueHeaders": {},
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "requestContext": {"authorizer": {"claims": {"sub": "anna", "token_use": "access"}}, "path": "/v1/search"},
        "body": None,
        "isBase64Encoded": False,
    }
    answer = lambda_handler(event, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_route_passes_on_what_is_asked(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "api", lambda: search)
    status, body = _call({"q": ["CC(=O)O"], "filter": ["MW:1..2", "a:b"], "type": ["record"], "fileId": ["file-1"]})
    assert status == 200
    assert {"items", "total", "facets", "nextCursor"} == set(body)
    filters = search.index.bodies[0]["query"]["bool"]["filter"]  # type: ignore[attr-defined]
    assert len(filters) == 5
    assert _call({})[0] == 200


def test_times_have_the_form_that_files_have(search: Search) -> None:
    assert {item["createdAt"] for item in _find(search)["items"]} == {"2026-03-01T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"q": ["a" * 10_000]}, "INVALID_REQUEST"),
        ({"q": ["a " * 100]}, "QUERY_TOO_LONG"),
        ({"filter": ["nonsense"]}, "FILTER_INVALID"),
        ({"filter": ["MW:200..100"]}, "FILTER_INVALID"),
        ({"filter": ["a:1"] * 11}, "INVALID_REQUEST"),
        ({"filter": ["a:" + "b" * 2000]}, "INVALID_REQUEST"),
        ({"type": ["user"]}, "INVALID_REQUEST"),
        ({"limit": ["0"]}, "INVALID_REQUEST"),
        ({"limit": ["many"]}, "INVALID_REQUEST"),
        ({"cursor": ["made-up"]}, "INVALID_CURSOR"),
    ],
)
def test_bad_input_is_a_400_with_a_code(
    search: Search, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, list[str]], code: str
) -> None:
    monkeypatch.setattr(bootstrap, "api", lambda: search)
    status, body = _call(parameters)
    assert (status, body["code"]) == (400, code)


def test_without_the_authority_nothing_is_shown(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def of(self, node_ids: Any) -> Any:
            raise Unavailable

    broken = Search(search.index, Down(), search.structures, search.cursors)
    monkeypatch.setattr(bootstrap, "api", lambda: broken)
    assert _call({})[0] == 503


def _identifiers_asked_for(search: Search) -> list[str]:
    should = search.index.bodies[-1]["query"]["bool"]["should"]  # type: ignore[attr-defined]
    found: list[str] = should[0]["constant_score"]["filter"]["terms"]["identifiers"]
    return found


def test_a_smiles_is_searched_under_what_the_processor_calls_it(search: Search) -> None:
    ethanol = ["CCO", "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"]
    search.structures.known["OCC"] = ethanol  # type: ignore[attr-defined]
    _find(search, q=" OCC ")
    assert _identifiers_asked_for(search) == ["OCC", *ethanol]


def test_words_are_not_taken_for_molecules(search: Search) -> None:
    for q in ("aspirin", "two words", "C=O bond", "BSYNRYMUTXBXSQ-UHFFFAOYSA-N", "12", "", "C(("):
        _find(search, q=q)
    assert search.structures.asked == []  # type: ignore[attr-defined]


def test_without_the_processor_a_smiles_is_searched_as_it_is_spelled(search: Search) -> None:
    class Down:
        def identifiers(self, smiles: str) -> list[str]:
            raise Unavailable

    alone = Search(search.index, search.authority, Down(), search.cursors)
    assert len(_find(alone, q="OCC")["items"]) == 6
    assert _identifiers_asked_for(alone) == ["OCC"]
