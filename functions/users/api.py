"""The users API: the own profile, and the public part of others'.

Trigger: API Gateway. Emits (outbox): UserCreated with a user's first request, UserUpdated.
"""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path

from functions.users import bootstrap
from functions.users.models import ProfileEdit
from leanda import ids
from leanda.contracts.envelope import Origin
from leanda.http.app import http_handler, reply, rest_api
from leanda.http.auth import principal_of
from leanda.http.limited import rate_limiter
from leanda.http.preconditions import etag, not_modified
from leanda.observability import correlation_id

app = rest_api()

Id = Annotated[str, Path(min_length=1, max_length=100)]
IfMatch = Annotated[str | None, Header(alias="if-match", max_length=200)]
IfNoneMatch = Annotated[str | None, Header(alias="if-none-match", max_length=200)]


@app.get("/v1/me", summary="Your own profile", tags=["users"])
def get_me(if_none_match: IfNoneMatch = None) -> Response[str]:
    principal = principal_of(app.current_event)
    return _tagged(bootstrap.users().me(principal, correlation_id=correlation_id()), if_none_match)


@app.patch("/v1/me", summary="Change how others see you", tags=["users"])
def edit_me(body: ProfileEdit, if_match: IfMatch = None) -> Response[str]:
    principal = principal_of(app.current_event)
    origin = Origin(cause=ids.new_id(), correlation_id=correlation_id(), user_id=principal.id)
    edited = bootstrap.users().edit(principal, display_name=body.display_name, if_match=if_match, origin=origin)
    return _tagged(edited, None)


@app.get("/v1/users/<user_id>", summary="A user: your own profile, or the public part of another's", tags=["users"])
def get_user(user_id: Id, if_none_match: IfNoneMatch = None) -> Response[str]:
    principal = principal_of(app.current_event)
    shown = bootstrap.users().get(principal, user_id, correlation_id=correlation_id())
    return _tagged(shown, if_none_match) if "version" in shown else reply(shown)


def _tagged(profile: dict[str, Any], if_none_match: str | None) -> Response[str]:
    tag = etag(profile["version"])
    if not_modified(if_none_match, tag):
        return Response(304, body="", headers={"etag": tag})  # without a body the declared type would not hold
    return reply(profile, etag=tag)


lambda_handler = http_handler(app, rate_limiter)
