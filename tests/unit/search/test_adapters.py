"""How `search` speaks to OpenSearch and to `files`."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from botocore.credentials import Credentials

from functions.search import opensearch
from functions.search.adapters import FilesAuthority, OpenSearchIndex
from functions.search.domain import record_tombstone
from functions.search.errors import DocumentRefused, QueryRefused
from functions.search.opensearch import OpenSearch, sigv4
from leanda.discovery.client import Reply
from leanda.errors import Unavailable
from tests.unit.search.fakes import facts


class Pool(urllib3.PoolManager):
    """Answers from a list and keeps what was asked. No index is being built, unless `building`."""

    def __init__(self, *answers: tuple[int, Any], building: bool = False) -> None:
        super().__init__()
        self.answers, self.asked = list(answers), list[tuple[str, str, bytes, dict[str, str]]]()
        self.building, self.looked = building, list[str]()

    def request(self, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]
        if method == "HEAD":
            self.looked.append(url)
            return SimpleNamespace(status=200 if self.building else 404, data=b"")
        self.asked.append((method, url, more["body"], more["headers"]))
        status, body = self.answers.pop(0)
        return SimpleNamespace(status=status, data=json.dumps(body).encode())


def _bulk(*results: tuple[int, str]) -> tuple[int, Any]:
    items = [{"index": {"_id": str(n), "status": s, "error": {"type": e}}} for n, (s, e) in enumerate(results)]
    return 200, {"errors": any(status >= 300 for status, _ in results), "items": items}


def _write(pool: Pool, count: int = 2, **more: Any) -> None:
    OpenSearchIndex("http://index", pool=pool, **more).write(record_tombstone(facts(), n) for n in range(count))


def test_an_index_that_is_further_already_is_no_failure() -> None:
    _write(Pool(_bulk((201, ""), (409, "version_conflict_engine_exception"))))


@pytest.mark.parametrize("status", [429, 503, 500, 403, 404])
def test_items_that_were_not_taken_right_now_are_sent_again_alone(status: int) -> None:
    busy = (status, "es_rejected_execution_exception")
    pool, pauses = Pool(_bulk((201, ""), busy, busy), _bulk((201, ""), busy), _bulk((409, "conflict"))), list[float]()
    _write(pool, 3, sleep=pauses.append)
    sent = [[json.loads(line)["index"]["_id"] for line in body.splitlines()[::2]] for _, _, body, _ in pool.asked]
    assert [len(ids) for ids in sent] == [3, 2, 1]
    assert sent[0][1:] == sent[1]
    assert sent[1][1:] == sent[2]
    assert len(pauses) == 2


@pytest.mark.parametrize("status", [429, 503, 500, 403, 404])
def test_a_body_of_which_nothing_is_taken_right_now_is_given_back(status: int) -> None:
    busy = (status, "es_rejected_execution_exception")
    pool = Pool(_bulk((400, "mapper_parsing_exception"), busy), *[_bulk(busy)] * 3)
    with pytest.raises(Unavailable):
        _write(pool, sleep=lambda _: None)
    assert len(pool.asked) == 4


def test_a_document_that_can_never_be_taken_is_told_after_all_others_were_sent() -> None:
    pool = Pool(_bulk((400, "mapper_parsing_exception")), _bulk((201, "")))
    with pytest.raises(DocumentRefused) as told:
        _write(pool, max_bulk_bytes=10)
    assert len(pool.asked) == 2
    assert "mapper_parsing_exception" in (told.value.detail or "")


def test_bodies_are_bounded_and_hold_whole_documents() -> None:
    pool = Pool(*[_bulk((201, ""))] * 20)
    _write(pool, 20, max_bulk_bytes=1500)
    bodies = [body for _, _, body, _ in pool.asked]
    assert 1 < len(bodies) < 20
    assert all(len(body) <= 1500 and body.count(b"\n") % 2 == 0 for body in bodies)
    assert sum(body.count(b"\n") for body in bodies) == 40


def _index_names(body: bytes) -> list[str]:
    return [json.loads(line)["index"]["_index"] for line in body.splitlines()[::2]]


def test_while_an_index_is_built_both_are_written() -> None:
    pool = Pool(_bulk(*[(201, "")] * 4), building=True)
    _write(pool)
    assert _index_names(pool.asked[0][2]) == ["leanda-records-write", "leanda-records-next"] * 2
    assert pool.looked == ["http://index/_alias/leanda-records-next"]


def test_otherwise_one_is_written_and_what_is_for_the_other_alone_looks_nowhere() -> None:
    pool = Pool(_bulk((201, "")), _bulk((201, "")), building=True)
    one = replace(record_tombstone(facts(), 0), alias="leanda-records-next")
    OpenSearchIndex("http://index", pool=pool).write([one])
    assert (_index_names(pool.asked[0][2]), pool.looked) == (["leanda-records-next"], [])
    pool.building = False
    _write(pool, 1)
    assert _index_names(pool.asked[1][2]) == ["leanda-records-write"]


def test_whether_there_are_two_is_found_out_after_the_documents_were_made() -> None:
    pool, order = Pool(_bulk((201, ""))), list[str]()

    def made() -> Any:
        order.append(f"made, looked {len(pool.looked)} times")
        yield record_tombstone(facts(), 0)

    OpenSearchIndex("http://index", pool=pool).write(made())
    assert order == ["made, looked 0 times"]
    assert len(pool.looked) == 1


@pytest.mark.parametrize("second", [(404, "index_not_found_exception"), (400, "mapper_parsing_exception"), (409, "x")])
def test_the_index_that_is_built_stops_nobody(second: tuple[int, str]) -> None:
    _write(Pool(_bulk((201, ""), second), building=True), 1)


@pytest.mark.parametrize("second", [(429, "es_rejected_execution_exception"), (503, "x"), (403, "index_block")])
def test_what_the_index_that_is_built_could_not_take_right_now_comes_again(second: tuple[int, str]) -> None:
    with pytest.raises(Unavailable):
        _write(Pool(*[_bulk((201, ""), second)] * 3, building=True), 1, sleep=lambda _: None)


def test_a_refusal_is_told_of_the_index_that_gave_it() -> None:
    refused = (400, "mapper_parsing_exception")
    with pytest.raises(DocumentRefused):
        _write(Pool(_bulk((201, ""), refused, refused, (201, "")), building=True))
    missing = _bulk((404, "index_not_found_exception"), (201, ""))
    with pytest.raises(Unavailable):
        _write(Pool(*[missing] * 3, building=True), 1, sleep=lambda _: None)


def test_a_body_is_made_while_the_one_before_is_on_its_way() -> None:
    sent, at_once = threading.Event(), list[bool]()

    class Slow(Pool):
        def request(self, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]
            if method == "POST" and not at_once:
                at_once.append(sent.wait(10))
            return super().request(method, url, **more)

    def made() -> Any:
        for n in range(6):
            if n == 3:
                sent.set()  # only reached while the first body waits for its answer
            yield record_tombstone(facts(), n)

    OpenSearchIndex("http://index", pool=Slow(*[_bulk((201, ""))] * 6), max_bulk_bytes=10).write(made())
    assert at_once
    assert all(at_once)


def test_nothing_to_write_asks_nothing() -> None:
    pool = Pool()
    _write(pool, 0)
    assert pool.asked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((503, {}), Unavailable),
        ((429, {"error": {"type": "x"}}), Unavailable),
        ((404, {"error": {"root_cause": [{"type": "index_not_found_exception"}]}}), Unavailable),
        ((400, {"error": {"root_cause": [{"type": "query_shard_exception"}]}}), QueryRefused),
        ((500, {"error": {"root_cause": [{"type": "too_many_clauses"}]}}), QueryRefused),
        ((200, {"timed_out": True, "_shards": {"failed": 0}}), Unavailable),
        ((200, {"timed_out": False, "_shards": {"failed": 1}}), Unavailable),
    ],
)
def test_a_search_that_has_no_whole_answer_says_why(answer: tuple[int, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        OpenSearchIndex("http://index", pool=Pool(answer)).search(("a",), {}, preference="p")


def test_requests_are_signed_for_the_service_with_what_is_sent() -> None:
    pool = Pool(_bulk((201, "")))
    sign = sigv4(Credentials("key", "secret", "token"), "eu-west-1")
    OpenSearchIndex("https://index.example", sign=sign, pool=pool).write([record_tombstone(facts(), 0)])
    [(_, url, _, headers)] = pool.asked
    assert "/eu-west-1/es/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"
    assert headers["host"] == "index.example"
    assert not set("*, ") & set(url)


def test_authority_is_asked_by_the_hundred() -> None:
    asked: list[Any] = []

    class Files:
        def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
            assert (service, method, path) == ("files", "POST", "/api/v1/internal/files/authority")
            asked.append(body)
            items = [dict(facts(name).shown) for name in body["fileIds"] if name != "n7"]  # type: ignore[index]
            return Reply(200, {}, json.dumps({"items": items}).encode())

    files = Files()
    nodes = FilesAuthority(files).of(f"n{n}" for n in range(150))
    assert [len(body["fileIds"]) for body in asked] == [100, 50]
    assert len(nodes) == 149
    assert nodes["n1"].owner_id == "anna"
    assert FilesAuthority(files).of([]) == {}


def test_authority_that_does_not_fit_into_one_answer_is_asked_for_again() -> None:
    asked: list[list[str]] = []

    class Files:
        def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
            asked.append(body["fileIds"])  # type: ignore[index]
            now, left = asked[-1][:2], asked[-1][2:]
            answer = {"items": [dict(facts(name).shown) for name in now], "left": left}
            return Reply(200, {}, json.dumps(answer).encode())

    assert set(FilesAuthority(Files()).of(["a", "b", "c", "d", "e"])) == {"a", "b", "c", "d", "e"}
    assert [len(some) for some in asked] == [5, 3, 1]


class Slow(BaseHTTPRequestHandler):
    """An index that thinks for a while."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(0.6)
        body = b'{"errors": false, "items": []}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_an_index_may_take_longer_to_answer_than_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opensearch, "CONNECT_SECONDS", 0.2)
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = OpenSearch(f"http://127.0.0.1:{server.server_port}").ask("POST", "/_bulk", b"{}")
        server.shutdown()
    assert answer == {"errors": False, "items": []}
