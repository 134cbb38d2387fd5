"""The tables speak of handlers, routes and operations by name; the code must have them."""

from __future__ import annotations

import fnmatch
import json
import re

import pytest

from cdk.components.identity import SCOPES
from cdk.contexts import CONTEXTS
from cdk.contexts.table import Api, InternalApi
from cdk.staging import ROOT

FUNCTIONS = [(package.name, function) for context in CONTEXTS for package, function in context.functions()]
_ROUTE = re.compile(r"@app\.(get|post|put|patch|delete)\(\s*\"([^\"]+)\"")


def source(package: str, handler: str) -> str:
    return (ROOT / "functions" / package / f"{handler}.py").read_text()


def routes_in(text: str) -> set[str]:
    return {f"{method.upper()} {re.sub(r'<[^>]+>', '{}', path)}" for method, path in _ROUTE.findall(text)}


@pytest.mark.parametrize(("package", "function"), FUNCTIONS, ids=[f"{p}-{f.handler}" for p, f in FUNCTIONS])
def test_the_handler_of_the_table_is_there(package, function):
    assert re.search(r"^(def )?lambda_handler\b", source(package, function.handler), re.MULTILINE)


def test_handler_strings_are_the_dotted_paths_of_those_files(each):
    expected = {f"functions.{p.replace('/', '.')}.{f.handler}.lambda_handler" for p, f in FUNCTIONS}
    assert {function["Handler"] for function in each.functions().values()} == expected


def test_tools_that_read_the_template_find_each_functions_code(each):
    """The SAM CLI takes the folder of a function or layer from this metadata."""
    for kind in ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
        ours = [one for _, _, one in each.resources(kind) if "leanda-" in str(one["Properties"])]
        assert ours
        for one in ours:
            assert one["Metadata"]["aws:asset:path"]
            assert one["Metadata"]["aws:asset:property"] == {"AWS::Lambda::Function": "Code"}.get(kind, "Content")


@pytest.mark.parametrize("context", [c for c in CONTEXTS if c.routes], ids=lambda context: context.name)
def test_the_api_answers_exactly_the_routes_of_the_table(context):
    (package,) = [p for p, f in context.functions() if isinstance(f, Api)]
    table = {f"{route.method} /v1{re.sub(r'{[^}]+}', '{}', route.path)}" for route in context.routes}
    assert routes_in(source(package.name, "api")) == table


@pytest.mark.parametrize("package", [p for p, f in FUNCTIONS if isinstance(f, InternalApi)])
def test_every_internal_route_is_reached_through_the_balancer_and_can_be_probed(package):
    (function,) = [f for p, f in FUNCTIONS if p == package and isinstance(f, InternalApi)]
    routes = routes_in(source(package, function.handler))
    assert f"GET /api/v1/internal/{package}/health" in routes
    for route in routes:
        assert any(fnmatch.fnmatch(route.split()[1], pattern) for pattern in function.paths), route


@pytest.mark.parametrize("package", [p for p, f in FUNCTIONS if isinstance(f, InternalApi)])
def test_every_internal_operation_has_its_callers(package):
    (function,) = [f for p, f in FUNCTIONS if p == package and isinstance(f, InternalApi)]
    operations = re.findall(r"require_caller\([^)]*\),\s*\"([^\"]+)\"", source(package, function.handler))
    assert set(operations) == set(function.callers)


def test_every_route_wants_a_token_of_a_person_or_a_machine(each):
    for route, method in each.routes().items():
        if route == "GET /v1/version":
            assert method["AuthorizationType"] == "NONE"
            assert method["Integration"]["Type"] == "MOCK"
        else:
            assert method["AuthorizationType"] == "COGNITO_USER_POOLS"
            assert method["AuthorizationScopes"] == list(SCOPES)
            assert "RequestValidatorId" in method


def test_a_route_calls_the_api_of_its_context(each):
    for context in CONTEXTS:
        for route in context.routes:
            uri = each.routes()[f"{route.method} /v1{route.path}"]["Integration"]["Uri"]
            package = (route.package or context.name).replace("/", "-")
            assert uri.endswith(f":function:leanda-{each.name}-{package}-api/invocations")


def test_api_gateway_may_call_every_function_it_routes_to(each):
    allowed = {
        p["FunctionName"]
        for p in each.properties("AWS::Lambda::Permission")
        if p["Principal"] == "apigateway.amazonaws.com"
    }
    answering = {route.package or context.name for context in CONTEXTS for route in context.routes}
    assert allowed == {f"leanda-{each.name}-{package.replace('/', '-')}-api" for package in answering}


def test_errors_of_the_gateway_are_problems_with_a_stable_code(each):
    responses = each.properties("AWS::ApiGateway::GatewayResponse")
    assert {"UNAUTHORIZED", "THROTTLED", "BAD_REQUEST_BODY", "DEFAULT_5XX"} <= {r["ResponseType"] for r in responses}
    for response in responses:
        assert response["ResponseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        body = json.loads(response["ResponseTemplates"]["application/json"].replace("$context.status", "0"))
        assert re.fullmatch(r"[A-Z_]+", body["code"])
        assert body["type"] == f"urn:leanda:problem:{body['code']}"


def test_tokens_live_an_hour_and_people_need_no_secret(each):
    clients = {client["ClientName"]: client for client in each.properties("AWS::Cognito::UserPoolClient")}
    people, machines = clients[f"leanda-{each.name}-people"], clients[f"leanda-{each.name}-machines"]
    assert people["AccessTokenValidity"] == machines["AccessTokenValidity"] == 60
    assert people["GenerateSecret"] is False
    assert machines["AllowedOAuthFlows"] == ["client_credentials"]
