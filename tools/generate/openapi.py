"""One OpenAPI 3.1 document from the routes of all REST handlers.

Parameters and bodies come from the Powertools apps; answers from `tools.generate.answers`; security, errors and the server
are the same for every route. Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from cdk.components.identity import SCOPES
from cdk.contexts import CONTEXTS
from cdk.contexts.table import Api
from leanda.http.app import JSON, PROBLEM
from tools.generate.answers import SUCCESS, Problem, Svg, Version

_SCHEMAS: Final = "#/components/schemas/"
_TAGS: Final = {
    "files": "Files: announce, look at, rename, delete, download.",
    "folders": "Folders and what is in them.",
    "records": "What was read from a file.",
    "pictures": "What files and records look like.",
    "uploads": "Sending bytes: one POST, or parts that can be resumed; credentials for the inbox.",
    "search": "Everything you may see.",
    "history": "The log of everything that happened.",
    "dead letters": "For operators: what no consumer could handle. For everybody else these routes do not exist.",
    "users": "Profiles.",
    "platform": "About this installation.",
}
_ERRORS: Final = {
    "400": "The request is not valid; `errors` names the members.",
    "401": "No valid access token.",
    "404": "It does not exist, or you may not see it.",
    "409": "The resource is in a state that does not allow this.",
    "412": "`If-Match` names another version than the current one.",
    "413": "The file is larger than Leanda accepts.",
    "422": "The `Idempotency-Key` was used for another request.",
    "429": "Too many requests; wait for `Retry-After`.",
    "503": "A part of Leanda is not available; nothing was lost, try again.",
}
_NEED_A_STATE: Final = frozenset(
    {
        "deleteFolder",
        "discardLetter",
        "editFile",
        "editFolder",
        "getContent",
        "getRecordImage",
        "getThumbnail",
        "redriveLetter",
        "reprocessFile",
        "restoreFile",
        "restoreFolder",
    }
)


class Undescribed(Exception):
    """A route whose answer `tools/generate/answers.py` does not describe."""


def openapi(version: str) -> dict[str, Any]:
    """The document. Imports every REST handler, which builds nothing and calls nobody.

    Raises:
        Undescribed: the answer of a route is missing in `SUCCESS`.
    """
    paths: dict[str, Any] = {"/v1/version": {"get": _version()}}
    schemas: dict[str, Any] = {}
    for app in _apps():
        described = json.loads(app.get_openapi_json_schema(title="-", version="-", openapi_version="3.1.0"))
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                # Powertools makes the id of the function's name, the path and the method.
                suffix = re.sub(r"\W", "_", path) + f"_{method}"
                _complete(operation, operation["operationId"].removesuffix(suffix))
                paths.setdefault(path, {})[method] = operation
        schemas |= described["components"]["schemas"]
    answers = _answers()
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Leanda",
            "version": version,
            "description": "Scientific files in, searchable records out. Times are RFC 3339 in UTC, names camelCase. "
            "Every answer carries `X-Correlation-Id`, which all logs and events of the request share; send one to choose it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/api", "description": "The stage of the API; `apiUrl` of an installation ends in /api/v1."}
        ],
        "security": [{"accessToken": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted((schemas | answers).items())),
            "responses": {status: _problem(text) for status, text in _ERRORS.items()},
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": f"An access token of the user pool with one of the scopes {', '.join(SCOPES)}. "
                    "ID tokens are refused.",
                }
            },
        },
    }
    for unused in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    tidied: dict[str, Any] = _tidy(document)
    return tidied


def _apps() -> Iterator[Any]:
    for context in CONTEXTS:
        for package, function in context.functions():
            if isinstance(function, Api):
                yield importlib.import_module(f"functions.{package.name.replace('/', '.')}.{function.handler}").app


def _complete(operation: dict[str, Any], handler: str) -> None:
    if handler not in SUCCESS:
        raise Undescribed(f"tools/generate/answers.py does not say what {handler} answers: add it to SUCCESS.")
    status, model = SUCCESS[handler]
    operation["operationId"] = to_camel(handler)
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    operation["responses"] = {str(status): _success(status, model)}
    if model is Svg:
        operation["responses"]["302"] = _success(302, None)
    # A file's status moves on without its version, so only other resources answer "not modified".
    if "if-none-match" in names and handler != "get_file":
        operation["responses"]["304"] = {"description": "You have the current version."}
    for code in _errors_of(operation, names):
        operation["responses"][code] = {"$ref": f"#/components/responses/{code}"}


def _errors_of(operation: dict[str, Any], names: set[str]) -> list[str]:
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    found = {"400", "401", "429", "503"}
    found |= {"404"} if "path" in places else set()
    found |= {"409", "413", "422"} if "idempotency-key" in names else set()
    found |= {"412"} if "if-match" in names else set()
    if "uploads" in operation["tags"] or operation["operationId"] in _NEED_A_STATE:
        found.add("409")
    return sorted(found)


def _success(status: int, model: type[BaseModel] | None) -> dict[str, Any]:
    words = {200: "Done.", 201: "Made.", 202: "Accepted; it goes on in the background.", 204: "Done; no body."}
    if status == 302:
        location = {"schema": {"type": "string", "format": "uri"}, "description": "Valid for some minutes."}
        return {"description": "The address of the bytes.", "headers": {"Location": location}}
    answer: dict[str, Any] = {"description": words[status]}
    if model is Svg:
        etag = {"schema": {"type": "string"}, "description": "For `If-None-Match`."}
        drawn = {"image/svg+xml": {"schema": {"type": "string"}}}
        return {
            "description": "A drawing; what is made of pixels has an address.",
            "headers": {"ETag": etag},
            "content": drawn,
        }
    if model is not None:
        answer["content"] = {JSON: {"schema": {"$ref": _SCHEMAS + model.__name__}}}
    return answer


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM: {"schema": {"$ref": _SCHEMAS + Problem.__name__}}}}


def _version() -> dict[str, Any]:
    """The one route without a handler: API Gateway answers it by a template."""
    return {
        "tags": ["platform"],
        "summary": "Which version of Leanda answers",
        "operationId": "getVersion",
        "security": [],
        "responses": {"200": _success(200, Version)},
    }


def _answers() -> dict[str, Any]:
    models = {model for _, model in SUCCESS.values() if model not in (None, Svg)} | {Problem, Version}
    ordered = [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)]
    _, found = models_json_schema(ordered, by_alias=True, ref_template=_SCHEMAS + "{model}")  # type: ignore[arg-type]
    return dict(found["$defs"])


def _tidy(value: Any) -> Any:
    """Without titles that only repeat a member's name, and with whole numbers written as such."""
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    if isinstance(value, dict):
        kept = {name: _tidy(one) for name, one in value.items()}
        if "title" in kept and ("type" in kept or "anyOf" in kept or "$ref" in kept) and isinstance(kept["title"], str):
            del kept["title"]
        return kept
    return int(value) if isinstance(value, float) and value.is_integer() else value
