"""The pictures API: what a file or a record looks like.

Trigger: API Gateway. Emits: nothing.
"""

from __future__ import annotations

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path

from functions.parsers.pictures import bootstrap
from functions.parsers.pictures.domain import SVG
from leanda.access.policy import Viewer
from leanda.http.app import http_handler, redirect, rest_api
from leanda.http.auth import principal_of
from leanda.http.limited import rate_limiter
from leanda.http.preconditions import not_modified

app = rest_api()

Id = Annotated[str, Path(min_length=1, max_length=100)]
Index = Annotated[int, Path(ge=0, lt=2**31)]
IfNoneMatch = Annotated[str | None, Header(alias="if-none-match", max_length=200)]

# Nothing in a picture runs, loads or links, wherever it is shown (Content Security Policy Level 3).
SAFE: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "content-disposition": "inline",
    # Who may see it can change at any time, so a browser asks again and is told that its copy is still right.
    "cache-control": "private, no-cache",
}


@app.get("/v1/files/<file_id>/thumbnail", summary="A picture of a file", tags=["pictures"])
def get_thumbnail(file_id: Id, if_none_match: IfNoneMatch = None) -> Response[str]:
    return _picture(file_id, None, if_none_match)


@app.get("/v1/files/<file_id>/records/<index>/image", summary="A picture of a record", tags=["pictures"])
def get_record_image(file_id: Id, index: Index, if_none_match: IfNoneMatch = None) -> Response[str]:
    return _picture(file_id, index, if_none_match)


def _picture(file_id: str, index: int | None, if_none_match: str | None) -> Response[str]:
    """Drawings in the answer, pixels by an address: API Gateway would pass bytes on only to who asks for them in its way."""
    pictures, viewer = bootstrap.api(), Viewer(principal_of(app.current_event).id)
    drawing = pictures.drawing(viewer, file_id, index)
    if not_modified(if_none_match, drawing.etag):
        return Response(304, body="", headers={"etag": drawing.etag, **SAFE})
    if drawing.media_type == SVG:
        return Response(200, SVG, pictures.content(viewer, drawing).decode(), headers={"etag": drawing.etag, **SAFE})
    return redirect(pictures.url(viewer, drawing), 302, etag=drawing.etag)


lambda_handler = http_handler(app, rate_limiter)
