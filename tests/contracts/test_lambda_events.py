"""The sample events of functions are what Lambda would send, and the functions take them."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from cdk.contexts import CONTEXTS
from cdk.contexts.table import Api, Consumer, InternalApi, QueueConsumer
from leanda.contracts.envelope import Event
from leanda.contracts.registry import data_of
from leanda.http.auth import principal_of
from leanda.messaging.records import records_of
from local.poller.filters import compile_filters
from tools.generate.places import ROOT

FUNCTIONS = [(package, function) for context in CONTEXTS for package, function in context.functions()]


def name_of(package: Any, function: Any) -> str:
    return f"{package.name}-{function.handler}".replace("/", "-").replace("_", "-")


def event_of(package: Any, function: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / "lambda" / f"{name_of(package, function)}.json").read_text())
    return found


def of_kind(kind: type[Any]) -> pytest.MarkDecorator:
    found = [pytest.param(p, f, id=name_of(p, f)) for p, f in FUNCTIONS if isinstance(f, kind)]
    return pytest.mark.parametrize(("package", "function"), found)


def test_every_function_has_an_event_and_no_other_is_there() -> None:
    there = {path.stem for path in (ROOT / "events" / "lambda").glob("*.json")}
    assert there == {name_of(package, function) for package, function in FUNCTIONS}


@of_kind(Consumer)
def test_a_consumer_gets_events_that_its_filter_lets_through(package: Any, function: Any) -> None:
    passes = compile_filters(json.dumps(pattern) for pattern in function.filters)
    records = records_of(event_of(package, function))
    assert records
    for record in records:
        event = Event.from_bytes(record.value)
        assert passes(record.value)
        assert record.topic == function.topic.name
        assert record.key == data_of(event).key()
        assert 0 <= record.partition < function.topic.partitions


@of_kind(InternalApi)
def test_an_internal_api_answers_its_health_event_without_any_environment(
    package: Any, function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCUMENT_STORE_URL", raising=False)
    module = importlib.import_module(f"functions.{package.name.replace('/', '.')}.{function.handler}")
    answer = module.lambda_handler(event_of(package, function), None)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"status": "ok"}


@of_kind(Api)
def test_an_api_event_names_a_route_and_a_signed_in_user(package: Any, function: Any) -> None:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

    event = event_of(package, function)
    (context,) = [one for one in CONTEXTS if package in one.packages]
    assert (event["httpMethod"], event["resource"]) in {(route.method, f"/v1{route.path}") for route in context.routes}
    assert principal_of(APIGatewayProxyEvent(event)).id


@of_kind(QueueConsumer)
def test_a_queue_event_tells_of_an_object(package: Any, function: Any) -> None:
    (message,) = event_of(package, function)["Records"]
    (told,) = json.loads(message["body"])["Records"]
    assert told["s3"]["object"]["key"].startswith("inbox/")
    assert told["s3"]["object"]["versionId"]
