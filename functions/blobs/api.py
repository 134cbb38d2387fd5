"""The blobs API: progress, completion and abortion of uploads; credentials for the inbox.

Trigger: API Gateway. Emits (outbox): UploadExpired when an upload is given up.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.blobs import bootstrap
from leanda.http.app import http_handler, no_content, reply, rest_api
from leanda.http.auth import principal_of
from leanda.http.limited import rate_limiter

app = rest_api()

Id = Annotated[str, Path(min_length=1, max_length=100)]


@app.get("/v1/uploads/<file_id>", summary="How far an upload is; fresh addresses for what is missing", tags=["uploads"])
def get_upload(file_id: Id) -> Response[str]:
    return reply(bootstrap.uploading().progress(principal_of(app.current_event).id, file_id))


@app.post("/v1/uploads/<file_id>/complete", summary="Put the parts of an upload together", tags=["uploads"])
def complete_upload(file_id: Id) -> Response[str]:
    return reply(bootstrap.uploading().complete(principal_of(app.current_event).id, file_id), 202)


@app.delete("/v1/uploads/<file_id>", summary="Give an upload up", tags=["uploads"])
def abort_upload(file_id: Id) -> Response[str]:
    bootstrap.uploading().abort(principal_of(app.current_event).id, file_id)
    return no_content()


@app.post(
    "/v1/inbox/credentials", summary="Credentials to put files into your inbox with any S3 client", tags=["uploads"]
)
def inbox_credentials() -> Response[str]:
    return reply(bootstrap.inbox().credentials(principal_of(app.current_event).id), 201)


lambda_handler = http_handler(app, rate_limiter)
