"""Reading files again: by folder, failure and parser, page by page; and what is seen of a run on its way."""

from __future__ import annotations

from typing import Any

import pytest

from functions.files.models import NewFolder, ReprocessOrder
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda import limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FileParseFailed, FileReprocessRequested
from leanda.errors import InvalidCursor
from tests.fakes.pipeline import USER, Pipeline

ME = Viewer(USER)
SMILES = b"CCO ethanol\nC methane\n"


def origin(cause: str = "again") -> Origin:
    return Origin(cause=cause, correlation_id="correlation-1", user_id=USER)


@pytest.fixture
def cloud() -> Pipeline:
    return Pipeline([chemical(), tabular(), generic()])


def uploaded(cloud: Pipeline, *bodies: bytes, name: str = "a.smi") -> list[str]:
    found = []
    for body in bodies:
        cloud.clock.forward(seconds=1)
        found.append(cloud.upload(name, body))
    cloud.deliver()
    return found


def ordered(cloud: Pipeline, **order: Any) -> list[dict[str, Any]]:
    """All pages of an order."""
    pages = [cloud.files.reprocess_many(ME, ReprocessOrder(**order), origin())]
    while cursor := pages[-1].get("nextCursor"):
        pages.append(cloud.files.reprocess_many(ME, ReprocessOrder(**order, cursor=cursor), origin()))
    return pages


def test_an_order_goes_on_page_by_page_and_takes_each_file_once(cloud: Pipeline) -> None:
    files = uploaded(cloud, *[SMILES] * 5)
    pages = ordered(cloud, kind="chemical", limit=2)
    assert [len(page["accepted"]) for page in pages] == [2, 2, 1]
    assert [key for page in pages for key in page["accepted"]] == files[::-1]
    assert [page["more"] for page in pages] == [True, True, False]
    cloud.deliver()
    assert {cloud.files.get(ME, key)["activeRun"] for key in files} == {2}
    with pytest.raises(InvalidCursor):
        cloud.files.reprocess_many(ME, ReprocessOrder(kind="tabular", cursor=pages[0]["nextCursor"]), origin())


def test_by_parser_version_and_by_folder(cloud: Pipeline) -> None:
    (old,) = uploaded(cloud, SMILES)
    cloud.nodes.documents[old]["parser"]["version"] = "0"
    folder = cloud.files.create_folder(ME, NewFolder(name="f"), idempotency_key=None, origin=origin("folder"))["id"]
    (inside,) = uploaded(cloud, SMILES)
    cloud.nodes.documents[inside]["ancestors"].append(folder)
    assert [page["accepted"] for page in ordered(cloud, parser_version="0")] == [[old]]
    assert [page["accepted"] for page in ordered(cloud, folder_id=folder)] == [[inside]]


def test_by_the_failure_of_a_later_run_that_left_the_good_results(cloud: Pipeline) -> None:
    cloud.drop("a.smi", SMILES)
    cloud.deliver()
    cloud.drop("a.smi", b"")
    cloud.deliver()
    (node,) = cloud.nodes.documents.values()
    shown = cloud.files.get(ME, node["_id"])
    assert (shown["status"], shown["latestRun"]["failure"]["code"]) == ("Processed", "FILE_EMPTY")
    assert [page["accepted"] for page in ordered(cloud, failure_code="FILE_EMPTY")] == [[node["_id"]]]


def test_a_later_run_with_nothing_good_leaves_the_good_results_and_says_why(cloud: Pipeline) -> None:
    cloud.drop("a.smi", SMILES)
    cloud.deliver()
    cloud.drop("a.smi", b"not(a molecule\nnor( this\n")
    cloud.deliver()
    (node,) = cloud.nodes.documents.values()
    shown = cloud.files.get(ME, node["_id"])
    assert (shown["status"], shown["totalRecords"], shown["activeRun"]) == ("Processed", 2, 1)
    assert (shown["latestRun"]["state"], shown["latestRun"]["failure"]["code"]) == ("Finished", "NO_GOOD_RECORD")
    steps = {step["name"]: step for step in cloud.files.timeline(ME, node["_id"])["steps"]}
    assert (steps["parse"]["state"], steps["parse"]["error"]["code"]) == ("failed", "NO_GOOD_RECORD")
    assert steps["index"]["state"] == "notReached"
    (told,) = cloud.broker.events(FileParseFailed.TYPE)
    assert (told.data["run"], told.data["status"]) == (2, "Processed")
    assert [page["accepted"] for page in ordered(cloud, failure_code="NO_GOOD_RECORD")] == [[node["_id"]]]


@pytest.mark.parametrize("other", [b"\x89HDF\r\n\x1a\n" + bytes(600), b"name,MW\n"], ids=["no parser", "no rows"])
def test_a_later_run_that_ends_well_without_a_record_takes_over(cloud: Pipeline, other: bytes) -> None:
    """Else a file would show what its bytes do not hold any more, and say that all is well."""
    cloud.drop("a.csv", b"name,MW\nwater,18\nethanol,46\n")
    cloud.deliver()
    cloud.drop("a.csv", other)
    cloud.deliver()
    (node,) = cloud.nodes.documents.values()
    shown = cloud.files.get(ME, node["_id"])
    assert (shown["status"], shown["totalRecords"], shown["activeRun"]) == ("Processed", 0, 2)
    assert cloud.index.shown("leanda-records-write") == {}
    assert {step["state"] for step in cloud.files.timeline(ME, node["_id"])["steps"]} == {"done"}


def test_a_run_counts_at_once_where_the_one_before_gave_no_record(cloud: Pipeline) -> None:
    file_id = cloud.upload("a.smi", b"", process=False)
    cloud.deliver()
    assert cloud.files.get(ME, file_id)["status"] == "Processed"
    cloud.files.reprocess(ME, file_id, origin())
    assert cloud.files.get(ME, file_id)["status"] == "Loaded"
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["activeRun"], shown["failure"]["code"]) == ("Failed", 2, "FILE_EMPTY")


def test_an_order_goes_on_past_a_file_that_is_deleted_meanwhile(cloud: Pipeline) -> None:
    kept, gone = uploaded(cloud, SMILES, SMILES)
    listed = cloud.nodes.files_of

    def deleted_after_that(*args: Any, **more: Any) -> Any:
        found = listed(*args, **more)
        cloud.files.delete(ME, gone, "file", None, origin("delete"))
        return found

    cloud.nodes.files_of = deleted_after_that  # type: ignore[method-assign]
    answer = cloud.files.reprocess_many(ME, ReprocessOrder(kind="chemical"), origin())
    assert answer["accepted"] == [kept]
    assert [(one["id"], one["code"]) for one in answer["refused"]] == [(gone, "NOT_FOUND")]


def test_how_far_a_run_is_shows_for_the_one_that_is_open(cloud: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHUNK_RECORDS", 10)
    monkeypatch.setattr(limits, "PARSE_AT_ONCE_BYTES", 100)
    cloud.lost = lambda consumer, event: event.type == "leanda.parsers.chunk.parse.v1" and event.data["chunk"] == 1
    (file_id,) = uploaded(cloud, b"a,b\n" + b"1,x\n" * 35, name="t.csv")
    shown = cloud.files.get(ME, file_id)
    assert shown["progress"] == {"processed": 25, "failed": 0, "total": 35}
    assert (shown["totalRecords"], shown["indexedRecords"]) == (25, 25), "counts are those of now, too"
    cloud.lost = lambda consumer, event: False
    cloud.wait_out()
    assert "progress" not in cloud.files.get(ME, file_id)
    cloud.files.reprocess(ME, file_id, origin())
    assert cloud.files.get(ME, file_id)["progress"] == {"processed": 0, "failed": 0}, "nothing is planned yet"
    cloud.lost = lambda consumer, event: event.type == "leanda.parsers.chunk.parse.v1" and event.data["chunk"] == 2
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["activeRun"], shown["totalRecords"]) == (1, 35), "readers see the run before"
    assert shown["progress"] == {"processed": 25, "failed": 0, "total": 35}
    assert len(cloud.broker.events(FileReprocessRequested.TYPE)) == 1
