"""The internal API of files: what other contexts may ask.

Trigger: the internal load balancer. Callers: see ALLOWED_CALLERS of the function.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from functions.files import bootstrap
from functions.files.authority import MAX_IDS, fitting
from functions.files.models import PictureQuery, TextQuery
from leanda.access.policy import Viewer
from leanda.discovery.setup import require_caller
from leanda.http.app import http_handler, internal_api, reply

app = internal_api()


class AuthorityQuery(BaseModel):
    """Whose authority is asked for."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    file_ids: list[Annotated[str, Field(max_length=100)]] = Field(max_length=MAX_IDS)


@app.post("/api/v1/internal/files/authority")
def authority(body: AuthorityQuery) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "files.authority")
    found = bootstrap.authority().of(body.file_ids)
    items = fitting(found)
    return reply({"items": items, "left": [item["id"] for item in found[len(items) :]]})


class CatalogueQuery(BaseModel):
    """Which page of all nodes is asked for."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(default=None, max_length=100)
    limit: int = Field(default=MAX_IDS, ge=1, le=MAX_IDS)


@app.post("/api/v1/internal/files/catalogue")
def catalogue(body: CatalogueQuery) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "files.catalogue")
    return reply(bootstrap.authority().catalogue(after=body.after, limit=body.limit))


@app.post("/api/v1/internal/files/picture-subject")
def picture_subject(body: PictureQuery) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "files.pictureSubject")
    return reply(bootstrap.picturing().subject(Viewer(body.viewer_id), body.file_id, body.index))


@app.post("/api/v1/internal/files/record-text")
def record_text(body: TextQuery) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "files.recordText")
    viewer = Viewer(body.viewer_id)
    return reply(bootstrap.picturing().text(viewer, body.file_id, body.run, body.index, offset=body.offset))


@app.get("/api/v1/internal/files/health")
def health() -> Response[str]:
    return reply({"status": "ok"})


lambda_handler = http_handler(app)
