"""The files API: files, folders, records, timeline, download.

Trigger: API Gateway. Emits (outbox): UploadRequested, FileReprocessRequested; FileRenamed, FileMoved, FileDeleted, FileRestored;
FolderCreated, FolderRenamed, FolderMoved, FolderDeleted, FolderRestored.
"""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from functions.files import bootstrap, domain
from functions.files.models import (
    POSITION,
    POSITION_OF_OLD,
    NewFile,
    NewFolder,
    NodeEdit,
    ReprocessAllOrder,
    ReprocessOrder,
)
from functions.files.ports import NodeFilter
from leanda import ids, limits
from leanda.access.policy import Viewer
from leanda.contracts.artefacts import RecordStatus
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FileStatus
from leanda.http.app import http_handler, no_content, redirect, reply, rest_api
from leanda.http.auth import is_operator, principal_of
from leanda.http.limited import rate_limiter
from leanda.http.preconditions import etag, not_modified
from leanda.observability import correlation_id

app = rest_api()

Id = Annotated[str, Path(min_length=1, max_length=100)]
Cursor = Annotated[str | None, Query(max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=limits.MAX_PAGE)]
Deleted = Annotated[bool, Query(description="List what was deleted and can be restored.")]
IdempotencyKey = Annotated[str | None, Header(alias="idempotency-key", max_length=200)]
IfMatch = Annotated[str | None, Header(alias="if-match", max_length=200)]
IfNoneMatch = Annotated[str | None, Header(alias="if-none-match", max_length=200)]


@app.post("/v1/files", summary="Announce a file and obtain its upload", tags=["files"])
def create_file(body: NewFile, idempotency_key: IdempotencyKey = None) -> Response[str]:
    created = bootstrap.api().create(_viewer(), body, idempotency_key=idempotency_key, origin=_origin())
    return reply(created, 202, location=f"/api/v1/files/{created['id']}")


@app.get("/v1/files", summary="List your files, newest first", tags=["files"])
def list_files(
    status: Annotated[FileStatus | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    deleted: Deleted = False,
    cursor: Cursor = None,
    limit: Limit = limits.DEFAULT_PAGE,
) -> Response[str]:
    wanted = NodeFilter(status.value if status else None, kind, deleted)
    return reply(bootstrap.api().list_files(_viewer(), wanted, cursor=cursor, limit=limit))


@app.get("/v1/files/<file_id>", summary="One file: status, counts, failure", tags=["files"])
def get_file(file_id: Id, if_none_match: IfNoneMatch = None) -> Response[str]:
    return _tagged(bootstrap.api().get(_viewer(), file_id), if_none_match)


@app.patch("/v1/files/<file_id>", summary="Rename or move a file", tags=["files"])
def edit_file(file_id: Id, body: NodeEdit, if_match: IfMatch = None) -> Response[str]:
    return _tagged(bootstrap.api().edit(_viewer(), file_id, domain.FILE, body, if_match, _origin()), None)


@app.delete("/v1/files/<file_id>", summary="Delete a file", tags=["files"])
def delete_file(file_id: Id, if_match: IfMatch = None) -> Response[str]:
    bootstrap.api().delete(_viewer(), file_id, domain.FILE, if_match, _origin())
    return no_content()


@app.post("/v1/files/<file_id>/restore", summary="Undo the deletion of a file", tags=["files"])
def restore_file(file_id: Id) -> Response[str]:
    return reply(bootstrap.api().restore(_viewer(), file_id, domain.FILE, _origin()))


@app.post("/v1/files/<file_id>/reprocess", summary="Process a file again", tags=["files"])
def reprocess_file(
    file_id: Id,
    unpack: Annotated[bool, Query(description="Make files of what a zip holds, in a folder of its name.")] = False,
    position: Annotated[bool | None, Query(description=f"{POSITION} {POSITION_OF_OLD}")] = None,
) -> Response[str]:
    again = bootstrap.api().reprocess(_viewer(), file_id, _origin(), unpack=unpack, position=position)
    return reply(again, 202)


@app.post("/v1/reprocess", summary="Process many files again: a folder, a failure, a parser's version", tags=["files"])
def reprocess_files(body: ReprocessOrder) -> Response[str]:
    return reply(bootstrap.api().reprocess_many(_viewer(), body, _origin()), 202)


@app.post("/v1/reprocess/all-users", summary="Process files of all users again (operators)", tags=["files"])
def reprocess_all_users(body: ReprocessAllOrder) -> Response[str]:
    return reply(bootstrap.operating().reprocess_all(principal_of(app.current_event), body, _origin()), 202)


@app.get("/v1/files/<file_id>/records", summary="The records of a file", tags=["records"])
def list_records(
    file_id: Id,
    status: Annotated[RecordStatus | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = limits.DEFAULT_PAGE,
) -> Response[str]:
    wanted = status.value if status else None
    return reply(bootstrap.api().list_records(_viewer(), file_id, status=wanted, cursor=cursor, limit=limit))


@app.get("/v1/files/<file_id>/records/<index>", summary="One record with its structure", tags=["records"])
def get_record(file_id: Id, index: Annotated[int, Path(ge=0, lt=2**31)]) -> Response[str]:
    return reply(bootstrap.api().get_record(_viewer(), file_id, index))


@app.get("/v1/files/<file_id>/processing", summary="What happened to a file, step by step", tags=["files"])
def get_processing(file_id: Id) -> Response[str]:
    operator = is_operator(principal_of(app.current_event))
    return reply(bootstrap.api().timeline(_viewer(), file_id, operator=operator))


@app.get("/v1/files/<file_id>/content", summary="Download the untouched original", tags=["files"])
def get_content(file_id: Id) -> Response[str]:
    return redirect(bootstrap.api().content_url(_viewer(), file_id), 302)


@app.post("/v1/folders", summary="Make a folder", tags=["folders"])
def create_folder(body: NewFolder, idempotency_key: IdempotencyKey = None) -> Response[str]:
    made = bootstrap.api().create_folder(_viewer(), body, idempotency_key=idempotency_key, origin=_origin())
    return reply(made, 201, location=f"/api/v1/folders/{made['id']}")


@app.get("/v1/folders", summary="List your folders, at any depth, newest first", tags=["folders"])
def list_folders(
    deleted: Deleted = False,
    cursor: Cursor = None,
    limit: Limit = limits.DEFAULT_PAGE,
) -> Response[str]:
    return reply(bootstrap.api().list_folders(_viewer(), deleted=deleted, cursor=cursor, limit=limit))


@app.get("/v1/folders/<folder_id>", summary="One folder", tags=["folders"])
def get_folder(folder_id: Id, if_none_match: IfNoneMatch = None) -> Response[str]:
    return _tagged(bootstrap.api().get_folder(_viewer(), folder_id), if_none_match)


@app.patch("/v1/folders/<folder_id>", summary="Rename or move a folder", tags=["folders"])
def edit_folder(folder_id: Id, body: NodeEdit, if_match: IfMatch = None) -> Response[str]:
    return _tagged(bootstrap.api().edit(_viewer(), folder_id, domain.FOLDER, body, if_match, _origin()), None)


@app.delete("/v1/folders/<folder_id>", summary="Delete a folder with everything in it", tags=["folders"])
def delete_folder(folder_id: Id, if_match: IfMatch = None) -> Response[str]:
    bootstrap.api().delete(_viewer(), folder_id, domain.FOLDER, if_match, _origin())
    return no_content()


@app.post("/v1/folders/<folder_id>/restore", summary="Undo the deletion of a folder", tags=["folders"])
def restore_folder(folder_id: Id) -> Response[str]:
    return reply(bootstrap.api().restore(_viewer(), folder_id, domain.FOLDER, _origin()))


@app.get("/v1/folders/<folder_id>/children", summary="What is in a folder", tags=["folders"])
def list_children(folder_id: Id, cursor: Cursor = None, limit: Limit = limits.DEFAULT_PAGE) -> Response[str]:
    return reply(bootstrap.api().children(_viewer(), folder_id, cursor=cursor, limit=limit))


def _viewer() -> Viewer:
    return Viewer(principal_of(app.current_event).id)


def _origin() -> Origin:
    return Origin(cause=ids.new_id(), correlation_id=correlation_id(), user_id=principal_of(app.current_event).id)


def _tagged(shown: dict[str, Any], if_none_match: str | None) -> Response[str]:
    """An ETag of what a user edits; a file's status moves on without it, so only folders answer 304."""
    tag = etag(shown["version"])
    if shown["type"] == domain.FOLDER and not_modified(if_none_match, tag):
        return Response(304, body="", headers={"etag": tag})
    return reply(shown, etag=tag)


lambda_handler = http_handler(app, rate_limiter)
