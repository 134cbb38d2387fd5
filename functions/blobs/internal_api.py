"""The internal API of blobs: opening uploads for files, originals for those who process them.

Trigger: the internal load balancer. Callers: see ALLOWED_CALLERS of the function.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from functions.blobs import bootstrap
from leanda.discovery.setup import require_caller
from leanda.http.app import http_handler, internal_api, redirect, reply
from leanda.observability import correlation_id

app = internal_api()


class UploadOrder(BaseModel):
    """An upload that `files` asks for."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    file_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    owner_id: str = Field(max_length=100)
    name: str = Field(max_length=255)
    size: int = Field(ge=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")


@app.post("/api/v1/internal/blobs/uploads")
def open_upload(body: UploadOrder) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "uploads.open")
    return reply(bootstrap.uploading().open(**body.model_dump(), correlation_id=correlation_id()))


@app.get("/api/v1/blobs/<blob_id>")
def get_blob(blob_id: Annotated[str, Path(max_length=100)]) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "blobs.read")
    return redirect(bootstrap.downloading().url(blob_id))


@app.get("/api/v1/internal/blobs/health")
def health() -> Response[str]:
    return reply({"status": "ok"})


lambda_handler = http_handler(app)
