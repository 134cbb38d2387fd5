"""The search API.

Trigger: API Gateway. Emits: nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.search import bootstrap, domain
from functions.search.queries import MAX_FILTER_CHARACTERS, MAX_FILTERS, MAX_Q, SearchRequest
from leanda import limits
from leanda.access.policy import Viewer
from leanda.http.app import http_handler, reply, rest_api
from leanda.http.auth import principal_of
from leanda.http.limited import rate_limiter

app = rest_api()


class ItemType(StrEnum):
    FILE = domain.FILE
    FOLDER = domain.FOLDER
    RECORD = domain.RECORD


Q = Annotated[
    str,
    Query(
        max_length=MAX_Q,
        description="Words of names, field names and values, all of which must match; or an InChIKey, InChI or id, or a molecule's "
        "SMILES, in any of its spellings. "
        'Operators: `"a phrase"`, `begin*`, `a | b`, `-without`, parentheses. Empty: everything you may see, newest first.',
    ),
]
Filters = Annotated[
    list[Annotated[str, Query(max_length=MAX_FILTER_CHARACTERS)]],
    Query(
        alias="filter",
        max_length=MAX_FILTERS,
        description="May be repeated; all must hold; only records have what they ask for. `name:min..max` with either bound left "
        "out (`molecularWeight:100..200`, `MW:..500`), or `name:value` (`Supplier:ACME`). `name` is a computed property or a "
        "field of the file; names and values of fields are compared without regard to case.",
    ),
]


@app.get("/v1/search", summary="Search files, folders and records", tags=["search"])
def search(
    q: Q = "",
    type_: Annotated[ItemType | None, Query(alias="type")] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[str | None, Query(max_length=40)] = None,
    file_id: Annotated[str | None, Query(alias="fileId", max_length=100, description="A file and its records.")] = None,
    filters: Filters = [],  # noqa: B006 - read by the framework, never changed
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=limits.MAX_PAGE)] = limits.DEFAULT_PAGE,
) -> Response[str]:
    request = SearchRequest(q, type_.value if type_ else None, kind, status, file_id, tuple(filters))
    viewer = Viewer(principal_of(app.current_event).id)
    return reply(bootstrap.api().find(viewer, request, cursor=cursor, limit=limit))


lambda_handler = http_handler(app, rate_limiter)
