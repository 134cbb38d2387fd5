"""The dead-letter API, for operators: list, look, deliver again, discard.

Trigger: API Gateway. Emits: nothing; the redriving function does what is asked for here.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.deadletters import bootstrap
from functions.deadletters.domain import State
from functions.deadletters.models import DiscardOrder, RedriveOrder
from functions.deadletters.ports import LetterFilter
from leanda import limits
from leanda.http.app import http_handler, reply, rest_api
from leanda.http.auth import Principal, principal_of
from leanda.http.limited import rate_limiter

app = rest_api()

Id = Annotated[str, Path(min_length=1, max_length=100)]


@app.get("/v1/dead-letters", summary="Dead letters, the latest first (operators)", tags=["dead letters"])
def list_letters(
    consumer: Annotated[str | None, Query(max_length=200)] = None,
    code: Annotated[str | None, Query(max_length=200)] = None,
    state: Annotated[State | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=limits.MAX_PAGE)] = limits.DEFAULT_PAGE,
) -> Response[str]:
    wanted = LetterFilter(consumer, code, state.value if state else None)
    return reply(bootstrap.api().page(_caller(), wanted, cursor=cursor, limit=limit))


@app.post("/v1/dead-letters/redrive", summary="Deliver many dead letters again (operators)", tags=["dead letters"])
def redrive_letters(body: RedriveOrder) -> Response[str]:
    return reply(bootstrap.api().redrive_many(_caller(), body.filter.to_filter(), limit=body.limit), 202)


@app.get("/v1/dead-letters/<letter_id>", summary="One dead letter with all of it (operators)", tags=["dead letters"])
def get_letter(letter_id: Id) -> Response[str]:
    return reply(bootstrap.api().get(_caller(), letter_id))


@app.post(
    "/v1/dead-letters/<letter_id>/redrive", summary="Deliver a dead letter again (operators)", tags=["dead letters"]
)
def redrive_letter(letter_id: Id) -> Response[str]:
    return reply(bootstrap.api().redrive(_caller(), letter_id), 202)


@app.post("/v1/dead-letters/<letter_id>/discard", summary="Discard a dead letter (operators)", tags=["dead letters"])
def discard_letter(letter_id: Id, body: DiscardOrder) -> Response[str]:
    return reply(bootstrap.api().discard(_caller(), letter_id, body.reason))


def _caller() -> Principal:
    return principal_of(app.current_event)


lambda_handler = http_handler(app, rate_limiter)
