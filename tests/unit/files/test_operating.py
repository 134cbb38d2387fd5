"""What operators do with files of all users: have them processed again, counted and never named, and by nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.files import api, bootstrap
from functions.files.models import NewFolder, ReprocessAllOrder
from functions.files.operating import Operating
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FileReprocessRequested
from leanda.errors import InvalidCursor, InvalidRequest, NotFound
from leanda.http.auth import Principal
from tests.fakes.pipeline import Pipeline

OPERATOR = Principal("op-id", "olga", ("operators",))
ADA, BOB = "11111111-1111-4111-8111-aaaaaaaaaaaa", "11111111-1111-4111-8111-bbbbbbbbbbbb"
ORIGIN = Origin(cause="again", correlation_id="correlation-1", user_id=OPERATOR.id)


class Office:
    """Two files of Ada and one of Bob, all of them ended for lack of progress; and one of Ada that is fine."""

    def __init__(self) -> None:
        self.cloud = Pipeline([chemical(), generic()])
        self.operating = Operating(self.cloud.files)
        self.cloud.lost = lambda consumer, _: consumer.name == "parsers-chemical-on-file-events"
        self.stuck = [self._upload(owner) for owner in (ADA, ADA, BOB)]
        self.cloud.wait_out()
        self.cloud.lost = lambda *_: False
        self.good = self._upload(ADA)
        self.cloud.deliver()

    def _upload(self, owner: str) -> str:
        self.cloud.clock.forward(seconds=1)
        return self.cloud.upload("secret.smi", b"CCO ethanol\n", user=owner)

    def order(self, **wanted: Any) -> dict[str, Any]:
        return self.operating.reprocess_all(OPERATOR, ReprocessAllOrder(**wanted), ORIGIN)

    def statuses(self) -> list[str]:
        return [self.cloud.nodes.documents[key]["status"] for key in self.stuck]

    def runs(self, file_id: str) -> int:
        return int(self.cloud.nodes.documents[file_id]["latestRun"]["run"])


@pytest.fixture
def office() -> Office:
    office = Office()
    assert office.statuses() == ["Failed"] * 3
    return office


def test_files_of_all_users_that_failed_for_a_reason_are_processed_again_and_only_counted(office: Office) -> None:
    assert office.order(failure_code="STEP_TIMED_OUT") == {"accepted": 3, "refused": {}, "more": False}
    assert office.order(failure_code="STEP_TIMED_OUT")["accepted"] == 0, "they are being processed"
    office.cloud.deliver()
    assert office.statuses() == ["Processed"] * 3
    assert office.runs(office.good) == 1
    assert office.order(failure_code="STEP_TIMED_OUT") == {"accepted": 0, "refused": {}, "more": False}


def test_the_events_of_each_file_and_the_log_say_who_it_was(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.order(failure_code="STEP_TIMED_OUT")
    line = vars(caplog.records[-1])
    assert (line["by"], line["order"], line["accepted"]) == (OPERATOR.id, {"failure_code": "STEP_TIMED_OUT"}, 3)
    told = office.cloud.broker.events(FileReprocessRequested.TYPE)
    assert {(event.data["fileId"], event.userid) for event in told} == {(key, OPERATOR.id) for key in office.stuck}


def test_an_order_goes_on_page_by_page(office: Office) -> None:
    first = office.order(failure_code="STEP_TIMED_OUT", limit=2)
    assert (first["accepted"], first["more"]) == (2, True)
    rest = office.order(failure_code="STEP_TIMED_OUT", limit=2, cursor=first["nextCursor"])
    assert rest == {"accepted": 1, "refused": {}, "more": False}
    assert [office.runs(key) for key in office.stuck] == [2, 2, 2]
    with pytest.raises(InvalidCursor):
        office.order(kind="chemical", cursor=first["nextCursor"])


def test_by_kind_and_by_the_version_of_a_parser(office: Office) -> None:
    office.cloud.nodes.documents[office.good]["parser"]["version"] = "0"
    assert office.order(kind="generic")["accepted"] == 0
    assert office.order(parser_version="0")["accepted"] == 1
    assert office.order(kind="chemical") == {"accepted": 3, "refused": {"RUN_OPEN": 1}, "more": False}


def test_files_that_a_log_names_by_their_ids(office: Office) -> None:
    mine, theirs = office.good, office.stuck[2]
    office.cloud.files.delete(Viewer(ADA), office.stuck[0], "file", None, ORIGIN)
    told = office.order(file_ids=(mine, theirs, theirs, office.stuck[0], "unknown"))
    assert told == {"accepted": 2, "refused": {"NOT_FOUND": 2}, "more": False}
    assert [office.runs(key) for key in (mine, theirs)] == [2, 2]


@pytest.mark.parametrize("wanted", [{}, {"limit": 5}, {"file_ids": ("a",), "kind": "chemical"}])
def test_an_order_that_says_nothing_or_two_things_is_refused(office: Office, wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        office.order(**wanted)


def test_an_operator_sees_how_far_any_file_is(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    files, looker = office.cloud.files, Viewer(OPERATOR.id)
    told = files.timeline(looker, office.stuck[2], operator=True)
    assert told["steps"][1]["error"]["code"] == "STEP_TIMED_OUT"
    assert "secret" not in json.dumps(told)
    line = vars(caplog.records[-1])
    assert (line["by"], line["file"]) == (OPERATOR.id, office.stuck[2])
    files.delete(Viewer(BOB), office.stuck[2], "file", None, ORIGIN)
    assert files.timeline(looker, office.stuck[2], operator=True) == told
    folder = files.create_folder(Viewer(BOB), NewFolder(name="f"), idempotency_key=None, origin=ORIGIN)["id"]
    for unknown in ("unknown", folder):
        with pytest.raises(NotFound):
            files.timeline(looker, unknown, operator=True)
    with pytest.raises(NotFound):
        files.timeline(looker, office.stuck[1])


def test_to_everybody_else_it_is_not_there(office: Office) -> None:
    order = ReprocessAllOrder(failure_code="STEP_TIMED_OUT")
    with pytest.raises(NotFound):
        office.operating.reprocess_all(Principal(ADA, "ada"), order, ORIGIN)
    assert office.statuses() == ["Failed"] * 3


def test_the_routes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "operating", lambda: office.operating)

    def call(caller: Principal, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        claims = {"sub": caller.id, "cognito:groups": f"[{' '.join(caller.groups)}]"}
        event = {
            "httpMethod": "POST", "path": "/v1/reprocess/all-users", "resource": "/v1/reprocess/all-users",
            "headers": {"content-type": "application/json"}, "queryStringParameters": None,
            "multiValueQueryStringParameters": None, "body": json.dumps(body),
            "requestContext": {"authorizer": {"claims": claims}},
        }  # fmt: skip
        answer = api.app.resolve(event, None)  # type: ignore[arg-type]
        return int(answer["statusCode"]), json.loads(answer["body"])

    def look(caller: Principal, route: str) -> int:
        claims = {"sub": caller.id, "cognito:groups": f"[{' '.join(caller.groups)}]"}
        event = {
            "httpMethod": "GET", "path": f"/v1/files/{office.stuck[2]}{route}", "headers": {},
            "queryStringParameters": None, "multiValueQueryStringParameters": None,
            "requestContext": {"authorizer": {"claims": claims}},
        }  # fmt: skip
        return int(api.app.resolve(event, None)["statusCode"])  # type: ignore[arg-type]

    monkeypatch.setattr(bootstrap, "api", lambda: office.cloud.files)
    assert look(OPERATOR, "/processing") == 200
    assert look(Principal(ADA, "ada"), "/processing") == 404
    for route in ("", "/records", "/records/0", "/content"):
        assert look(OPERATOR, route) == 404, "nothing of what is in it"

    order = {"failureCode": "STEP_TIMED_OUT"}
    assert call(Principal(ADA, "ada"), order)[0] == 404
    assert call(OPERATOR, order | {"folderId": "f"})[0] == 400
    assert call(OPERATOR, order) == (202, {"accepted": 3, "refused": {}, "more": False})
