"""The history API: every event of a file, and everything that one has caused oneself; for operators, replays and erasures.

Trigger: API Gateway. Emits: nothing.
"""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from functions.history import bootstrap
from functions.history.models import Cursor, Erasure, Id, Limit, Types
from functions.history.replaying import ReplayOrder
from leanda import limits
from leanda.access.policy import Viewer
from leanda.http.app import http_handler, reply, rest_api
from leanda.http.auth import is_operator, principal_of
from leanda.http.limited import rate_limiter

app = rest_api()


@app.get("/v1/files/<file_id>/events", summary="Every event of a file, oldest first", tags=["history"])
def file_events(
    file_id: Id,
    types: Types = [],  # noqa: B006 - read by the framework, never changed
    cursor: Cursor = None,
    limit: Limit = limits.DEFAULT_PAGE,
) -> Response[str]:
    operator = is_operator(principal_of(app.current_event))
    found = bootstrap.api().of_file(
        _viewer(), file_id, types=tuple(types), cursor=cursor, limit=limit, operator=operator
    )
    return reply(found)


@app.get("/v1/users/<user_id>/events", summary="Everything that you have caused, oldest first", tags=["history"])
def user_events(
    user_id: Id,
    types: Types = [],  # noqa: B006 - read by the framework, never changed
    cursor: Cursor = None,
    limit: Limit = limits.DEFAULT_PAGE,
) -> Response[str]:
    return reply(bootstrap.api().of_user(_viewer(), user_id, types=tuple(types), cursor=cursor, limit=limit))


@app.post("/v1/replays/count", summary="Count the events that a replay would deliver (operators)", tags=["history"])
def count_replay(body: ReplayOrder) -> Response[str]:
    return reply(bootstrap.replay_desk().count(principal_of(app.current_event), body))


@app.post("/v1/replays", summary="Give events of the log to a consumer again (operators)", tags=["history"])
def order_replay(body: ReplayOrder) -> Response[str]:
    told = bootstrap.replay_desk().order(principal_of(app.current_event), body)
    return reply(told, 202, location=f"/api/v1/replays/{told['id']}")


@app.get("/v1/replays/<replay_id>", summary="How far a replay is (operators)", tags=["history"])
def get_replay(replay_id: Id) -> Response[str]:
    return reply(bootstrap.replay_desk().get(principal_of(app.current_event), replay_id))


@app.post("/v1/replays/<replay_id>/cancel", summary="Stop a replay (operators)", tags=["history"])
def cancel_replay(replay_id: Id) -> Response[str]:
    return reply(bootstrap.replay_desk().cancel(principal_of(app.current_event), replay_id))


@app.post("/v1/erasures", summary="Redact what the log says of a file or user (operators)", tags=["history"])
def erase_history(body: Erasure) -> Response[str]:
    done = bootstrap.erasing().erase(principal_of(app.current_event), file_id=body.file_id, user_id=body.user_id)
    return reply(done)


def _viewer() -> Viewer:
    return Viewer(principal_of(app.current_event).id)


lambda_handler = http_handler(app, rate_limiter)
