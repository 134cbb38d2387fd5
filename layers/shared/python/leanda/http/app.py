"""The app of an API function: Powertools routing and validation, RFC 9457 problems, one correlation id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, Final, cast

from aws_lambda_powertools.event_handler import ALBResolver, APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from leanda import ids
from leanda.errors import InvalidRequest, LeandaError, NotFound, RateLimited
from leanda.http.rate_limit import RateLimiter
from leanda.observability import correlated, correlation_id, logger

PROBLEM: Final = "application/problem+json"
JSON: Final = "application/json"
_CORRELATION = re.compile(r"^[\w.:-]{8,100}$")
_VALIDATION: Final[dict[str, Any]] = {"enable_validation": True, "response_validation_error_http_code": 500}
_HARDENED: Final = {"x-content-type-options": "nosniff", "cache-control": "no-store"}


def rest_api() -> APIGatewayRestResolver:
    """The app behind API Gateway. Paths start with `/v1`; the stage adds `/api`."""
    return cast(
        "APIGatewayRestResolver",
        _with_problems(APIGatewayRestResolver(enable_validation=True, response_validation_error_http_code=500)),
    )


def internal_api() -> ALBResolver:
    """The app behind the internal load balancer."""
    return cast("ALBResolver", _with_problems(ALBResolver(**_VALIDATION)))


def http_handler(
    app: Any, limiter: Callable[[], RateLimiter] | None = None
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The decorated entry point.

    It sets the correlation id (the caller's, if it is a sane one) for logs, events and answer, and keeps the limit per user.
    """
    allowances = cache(limiter) if limiter else None

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
        given = headers.get("x-correlation-id") or ""
        correlation = given if _CORRELATION.match(given) else ids.new_id()
        added = {**_HARDENED, "x-correlation-id": correlation}
        with correlated(correlation, method=event.get("httpMethod"), path=event.get("path")):
            allowance = allowances().allow(_subject(event)) if allowances else None
            if allowance:
                added |= allowance.headers()
            if allowance and allowance.exceeded:
                refused = problem(RateLimited())
                logger.info("answered", status=429)
                return {"statusCode": 429, "headers": {**added, "content-type": PROBLEM}, "body": refused.body}
            answer: dict[str, Any] = app.resolve(event, context)
            logger.info("answered", status=answer["statusCode"])
        many = "multiValueHeaders" in answer
        holder = answer.setdefault("multiValueHeaders" if many else "headers", {})
        for name, value in added.items():
            holder.setdefault(name, [value] if many else value)
        return answer

    return lambda_handler


def _subject(event: dict[str, Any]) -> str:
    claims = ((event.get("requestContext") or {}).get("authorizer") or {}).get("claims") or {}
    return str(claims.get("sub") or "nobody")


def reply(body: Any, status: int = 200, **headers: str) -> Response[str]:
    """A JSON answer; header names are written with underscores."""
    text = json.dumps(body, ensure_ascii=False, default=str)
    return Response(status, JSON, text, headers={name.replace("_", "-"): value for name, value in headers.items()})


def redirect(url: str, status: int = 307, **headers: str) -> Response[str]:
    """A redirect that nobody may cache: its target is a short-lived signed URL. Header names as in `reply`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, JSON, "{}", headers={"location": url, "cache-control": "no-store"} | named)


def no_content() -> Response[str]:
    return Response(204, JSON, "")


def problem(error: LeandaError) -> Response[str]:
    """RFC 9457, with Leanda's stable `code`, the correlation id, and further `members` that an error has."""
    body: dict[str, Any] = {
        "type": f"urn:leanda:problem:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "correlationId": correlation_id(),
    }
    fields = getattr(error, "fields", None)
    if fields:
        body["errors"] = fields
    body |= getattr(error, "members", None) or {}
    headers = {"retry-after": "2"} if error.transient else {}
    return Response(error.status, PROBLEM, json.dumps(body, ensure_ascii=False), headers=headers)


class FieldErrors(InvalidRequest):
    """A request whose members do not fit; `fields` names each with a sentence."""

    def __init__(self, fields: list[dict[str, str]]) -> None:
        super().__init__("The request has members that are missing or wrong.")
        self.fields = fields


def _with_problems(app: Any) -> Any:
    @app.exception_handler(LeandaError)
    def _known(error: LeandaError) -> Response[str]:
        if error.status >= 500:
            logger.warning("refused", code=error.code, detail=error.detail)
        return problem(error)

    @app.exception_handler(RequestValidationError)
    def _invalid(error: RequestValidationError) -> Response[str]:
        return problem(
            FieldErrors(
                [
                    {
                        "field": ".".join(str(part) for part in found.get("loc", ())),
                        "message": str(found.get("msg", "")),
                    }
                    for found in error.errors()[:20]
                ]
            )
        )

    @app.not_found
    def _no_route(_: NotFoundError) -> Response[str]:
        return problem(NotFound("There is no such route."))

    @app.exception_handler(Exception)
    def _unexpected(error: Exception) -> Response[str]:
        logger.exception("unexpected error", error_type=type(error).__name__)
        return problem(LeandaError())

    return app
