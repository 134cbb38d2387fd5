"""What the client raises."""

from __future__ import annotations

import json
from typing import Any

import httpx


class LeandaClientError(Exception):
    """Base of everything that this client raises on purpose; its text is one sentence for people."""


class LeandaProblem(LeandaClientError):
    """Leanda, or the storage behind it, said no (RFC 9457 problem details).

    Attributes:
        code: stable, for programs (`NOT_FOUND`, `FILE_TOO_LARGE`, …).
        status: the HTTP status; 0 when there was no answer.
        detail: a sentence for people.
        correlation_id: finds this request in Leanda's logs.
        errors: which members of the request are wrong, each `{field, message}`.
    """

    def __init__(
        self,
        code: str,
        status: int,
        detail: str,
        correlation_id: str | None = None,
        *,
        errors: tuple[dict[str, str], ...] = (),
    ) -> None:
        self.code, self.status, self.detail, self.correlation_id = code, status, detail, correlation_id
        self.errors = errors
        text = f"{detail} ({code})"
        if errors:
            text += " " + "; ".join(f"{error.get('field', '?')}: {error.get('message', '')}" for error in errors)
        super().__init__(text)


class Unreachable(LeandaProblem):
    """No answer at all: nothing listens there, or the network does not let us through."""

    def __init__(self, detail: str) -> None:
        super().__init__("UNREACHABLE", 0, detail)


class SignInFailed(LeandaProblem):
    """Cognito gave no token; `code` is its own (`NotAuthorizedException`, …)."""


class WaitTimeout(LeandaClientError):
    """A file did not come to its end in time. It goes on without us.

    Attributes:
        file: what was last seen of it.
    """

    def __init__(self, file: dict[str, Any], seconds: float) -> None:
        self.file = file
        super().__init__(f"{file.get('name', 'The file')} is still {file.get('status')} after {seconds:g} s.")


def problem_of(response: httpx.Response) -> LeandaProblem:
    """The problem that an answer tells of. The body may also be API Gateway's own, or none at all."""
    try:
        body = json.loads(response.content)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("message") or body.get("Message") or response.reason_phrase
    return LeandaProblem(
        str(body.get("code") or f"HTTP_{response.status_code}"),
        response.status_code,
        str(detail),
        body.get("correlationId") or response.headers.get("x-correlation-id"),
        errors=tuple(error for error in body.get("errors") or () if isinstance(error, dict)),
    )
