"""The rules of nodes: how a file comes to be, gets its bytes and its runs. Pure.

A node is the document that the store keeps (shape: `NodeDocument`); the functions decide a `Change` from a node and a fact.
Source of the rules: the life of a file (`docs/architecture.md`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NotRequired, TypedDict

from leanda import limits, telling
from leanda.changes import NOTHING, Change, place_in_change
from leanda.contracts.envelope import Origin
from leanda.contracts.events import (
    BlobHashed,
    BlobRejected,
    BlobStored,
    Counts,
    EventData,
    Failure,
    FileCreated,
    FileRenamed,
    FileReprocessRequested,
    FileRestored,
    FileStatus,
    FileStatusChanged,
    FolderCreated,
    FolderRenamed,
    NodeFact,
    RunState,
    UploadExpired,
    UploadRequested,
)
from leanda.errors import Conflict, InvalidRequest

FOLDER: Final = "folder"
FILE: Final = "file"
CLOSED_BY_LETTER: Final = "letter"
"""`closedBy` of a run or a file that nothing but a dead letter ended, and that may go on."""
BUNDLE: Final = "bundle"
ZIP: Final = "zip"
GENERIC: Final = "generic"
"""Kinds of files that these rules know by name; all others are the parsers' matter."""


class NodeDocument(TypedDict):
    """A folder or a file as the store keeps it (camelCase, as everywhere outside of Python code)."""

    _id: str
    type: str
    ownerId: str
    parentId: str
    ancestors: list[str]
    name: str
    grants: dict[str, str]
    deleted: bool
    deletion: NotRequired[str | None]
    moving: NotRequired[dict[str, str]]
    placement: int
    revision: int
    version: int
    createdAt: datetime
    updatedAt: datetime
    status: NotRequired[str]
    kind: NotRequired[str]
    format: NotRequired[str]
    size: NotRequired[int]
    sha256: NotRequired[str]
    asked: NotRequired[str]
    process: NotRequired[bool]
    unpack: NotRequired[bool]
    position: NotRequired[bool]
    blob: NotRequired[dict[str, Any]]
    request: NotRequired[dict[str, Any]]
    activeRun: NotRequired[int]
    latestRun: NotRequired[dict[str, Any]]
    counts: NotRequired[dict[str, int]]
    indexedRecords: NotRequired[int]
    failure: NotRequired[dict[str, Any] | None]
    refusal: NotRequired[dict[str, Any] | None]


class NotUploaded(Conflict):
    code, summary = "NOT_UPLOADED", "The file has no content yet."


class NotABundle(Conflict):
    code, summary = "NOT_A_BUNDLE", "The file is no zip that could be unpacked."


class RunOpen(Conflict):
    code, summary = "RUN_OPEN", "The file is being processed; wait until that has ended."


Node = dict[str, Any]

WITH_RESULTS: Final = {FileStatus.PROCESSED, FileStatus.PROCESSED_PARTIALLY}
RUN_RANK: Final = {state: rank for rank, state in enumerate(RunState)}
STATUS_OF_RUN: Final = {
    RunState.OPEN: FileStatus.LOADED,
    RunState.PARSING: FileStatus.PARSING,
    RunState.PARSED: FileStatus.PARSED,
    RunState.PROCESSING: FileStatus.PROCESSING,
    RunState.NOT_REQUESTED: FileStatus.PROCESSED,
}


def clean_name(name: str) -> str:
    """A name that can be shown, stored and downloaded anywhere; Unicode NFC, without control characters.

    Raises:
        InvalidRequest: nothing is left, it is a path, or it is longer than 255 characters.
    """
    cleaned = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C").strip()
    if not cleaned or cleaned in {".", ".."} or "/" in cleaned or "\\" in cleaned:
        raise InvalidRequest("A name must have visible characters and no slashes.")
    if len(cleaned) > limits.MAX_NAME_CHARACTERS:
        raise InvalidRequest(f"A name may have at most {limits.MAX_NAME_CHARACTERS} characters.")
    return cleaned


def folder(folder_id: str, *, owner_id: str, parent: Node | None, name: str, at: datetime) -> tuple[Node, Change]:
    """A new folder under `parent` (None: the owner's root) and its announcement.

    Raises:
        Conflict: deeper than 32 levels.
    """
    node: Node = {**_new_node(folder_id, FOLDER, owner_id, parent, name, at)}
    return node, Change(emit=(fact(FolderCreated, node, revision=0),))


def announced_file(
    file_id: str,
    *,
    owner_id: str,
    parent: Node | None,
    name: str,
    size: int,
    process: bool,
    at: datetime,
    sha256: str | None = None,
    unpack: bool = False,
    position: bool = False,
) -> tuple[Node, Change]:
    """A file whose bytes are awaited. For `sha256`, `unpack` and `position` see `functions.files.models.NewFile`."""
    node: Node = _new_node(file_id, FILE, owner_id, parent, name, at) | {
        "status": FileStatus.LOADING.value,
        "size": size,
        "process": process,
        **({"unpack": True} if unpack else {}),
        **({"position": True} if position else {}),
        "activeRun": 1,
        "counts": Counts().to_json_dict(),
        "indexedRecords": 0,
    }
    requested = UploadRequested(
        file_id=file_id, name=name, parent_id=node["parentId"], owner_id=owner_id, size=size, sha256=sha256, revision=0
    )
    return node, Change(emit=(requested,))


def inbox_file(event: BlobStored, *, parent: Node | None, name: str, at: datetime) -> Node:
    """A file that begins with its bytes, dropped into the inbox; `blob_stored` gives it its first run."""
    node, _ = announced_file(
        event.file_id, owner_id=event.owner_id, parent=parent, name=name, size=event.size, process=True, at=at
    )
    return node


def next_run(node: Node) -> int:
    """The number that a further run of the file gets."""
    latest = (node.get("latestRun") or {}).get("run", 0)
    return int(latest) + 1


def is_news(node: Node, event: BlobStored) -> bool:
    """Whether stored bytes change anything.

    Not for a repeated or late notification, nor for the same bytes again. A drop into the inbox restores a deleted file.
    """
    blob = node.get("blob")
    if blob is None:
        return True
    if blob["versionId"] == event.version_id or _sequence(event.sequencer) <= _sequence(blob["sequencer"]):
        return False
    same = blob.get("checksum") is not None and blob["checksum"] == event.checksum and blob["size"] == event.size
    return not same or node["deleted"]


def blob_stored(node: Node, event: BlobStored, *, revision: int, origin: Origin, at: datetime) -> Change:
    """Attach stored bytes and start a run: the first with `FileCreated`, a later one beside the results of the last.

    Args:
        revision: what the node's revision is after this change (0 for an insert).
        origin: what the change is written with; the node keeps it, so that the run's request can be repeated.
    """
    change = _begun(node, _attached(node, event), revision=revision, origin=origin, at=at)
    return replace(change, unset=_answered(node))


def blob_kept(node: Node, event: BlobStored) -> Change:
    """Attach the bytes of an upload to a file that was deleted meanwhile: a run begins when the file is restored."""
    return Change(set_=_attached(node, event), unset=_answered(node))


def _answered(node: Node) -> tuple[str, ...]:
    """What to remove from a node that has heard of its bytes: nobody need be asked for them again."""
    return telling.KEPT if "told" in node else ()


def _attached(node: Node, event: BlobStored) -> dict[str, Any]:
    """What a node says of its bytes."""
    blob = {
        "blobId": event.blob_id,
        "versionId": event.version_id,
        "sequencer": event.sequencer,
        "checksum": event.checksum,
        "size": event.size,
    }
    # Bundles are unpacked for those who asked for it; for all others they are files that no parser knows.
    kind = GENERIC if event.kind == BUNDLE and not node.get("unpack") else event.kind
    changed: dict[str, Any] = {"blob": blob, "kind": kind, "format": event.format, "size": event.size}
    if node.get("refusal"):
        changed["refusal"] = None
    if event.checksum and event.checksum.startswith("sha256:"):
        changed["sha256"] = event.checksum.removeprefix("sha256:")
    return changed


def awaits_run(node: Node) -> bool:
    """Whether a living file has its bytes and nothing that processes them: it was deleted before that, and restored."""
    latest = (node.get("latestRun") or {}).get("state")
    return bool(node.get("blob")) and not node["deleted"] and latest in {None, RunState.CANCELLED}


def processed_after_all(node: Node, *, origin: Origin, at: datetime) -> Change:
    """Start the run of a file that awaits one (`awaits_run`)."""
    return _begun(node, {}, revision=node["revision"] + 1, origin=origin, at=at)


def reprocessed(
    node: Node, *, origin: Origin, at: datetime, unpack: bool = False, position: bool | None = None
) -> Change:
    """Start a further run of a file beside the results of the last.

    Args:
        unpack: make files of what a bundle holds, from now on.
        position: tell where a picture was taken, or not any more, from now on; None: as before.

    Raises:
        NotUploaded: there is nothing to process.
        RunOpen: the latest run has not ended.
        NotABundle: it is to be unpacked and is none.
    """
    if not node.get("latestRun"):
        raise NotUploaded
    if RUN_RANK[RunState(node["latestRun"]["state"])] < RUN_RANK[RunState.FINISHED]:
        raise RunOpen
    changed: dict[str, Any] = {"process": True}
    if unpack:
        if node["format"] != ZIP:
            raise NotABundle
        changed |= {"unpack": True, "kind": BUNDLE}
    if position is not None:
        changed["position"] = position
    return _begun(node | changed, changed, revision=node["revision"] + 1, origin=origin, at=at)


def _begun(node: Node, changed: dict[str, Any], *, revision: int, origin: Origin, at: datetime) -> Change:
    """The next run of a node that has its bytes. It counts at once where there are no good results to keep.

    Such as those of a run that other bytes superseded before it ended: nobody would bring its file on.
    """
    run = next_run(node)
    process = bool(node.get("process", True))
    state = RunState.OPEN if process else RunState.NOT_REQUESTED
    changed |= {"latestRun": {"run": run, "state": state.value}, "updatedAt": at}
    if node["deleted"]:
        changed |= {"deleted": False, "deletion": None}
    if node.get("closedBy"):
        changed["closedBy"] = None
    if not has_results(node):
        changed |= {
            "activeRun": run,
            "status": (STATUS_OF_RUN[state]).value,
            "failure": None,
            "counts": Counts().to_json_dict(),
            "indexedRecords": 0,
        }
    if node["deleted"] or (run > 1 and "activeRun" in changed):
        # What the index still has of a deleted file or of the run before must give way to this run's records.
        changed["placement"] = node["placement"] + 1
    after = node | changed
    request = (FileCreated if run == 1 else FileReprocessRequested)(
        file_id=node["_id"],
        run=run,
        blob_id=after["blob"]["blobId"],
        kind=after["kind"],
        format=after["format"],
        size=after["size"],
        name=node["name"],
        process=process,
        position=bool(after.get("position")),
        revision=revision,
    )
    emit: list[EventData] = [fact(FileStatusChanged, after, revision=revision, run=run), request]
    if node["deleted"]:
        emit.insert(0, fact(FileRestored, after, revision=revision))
    changed["request"] = {
        "type": request.TYPE,
        "data": request.to_json_dict(),
        "origin": origin.model_dump(),
        "sequence": place_in_change(revision, emit.index(request)),
    }
    return Change(set_=changed, emit=tuple(emit))


def has_results(node: Node) -> bool:
    """Whether there are records that a further run must not take away before it has good ones itself."""
    return node["status"] in WITH_RESULTS and (node.get("counts") or {}).get("total", 0) > 0


def blob_refused(node: Node, event: BlobRejected | UploadExpired, *, at: datetime) -> Change:
    """Bytes that may not be kept, or never came: the file fails with the reason. Stored bytes win over an expiry.

    A file that has bytes already stays what it is, and says why later ones were refused until there are good ones.
    """
    blob = node.get("blob")
    if blob is not None and isinstance(event, BlobRejected):
        came = event.sequencer or ""
        if _sequence(came) <= max(_sequence(blob["sequencer"]), _sequence((node.get("refusal") or {}).get("came", ""))):
            return NOTHING
        refusal = {"code": event.code, "message": event.message, "at": at, "came": came}
        return Change(set_={"refusal": refusal, "updatedAt": at})
    ended = node["status"] == FileStatus.FAILED and node.get("closedBy") != CLOSED_BY_LETTER
    if blob is not None or ended:
        return Change(unset=_answered(node))
    failure = Failure(code=event.code, message=event.message).to_json_dict()
    changed: dict[str, Any] = {"status": FileStatus.FAILED.value, "failure": failure, "updatedAt": at}
    if node.get("closedBy"):
        changed["closedBy"] = None
    return Change(set_=changed, unset=_answered(node), emit=(told(FileStatusChanged, node, changed),))


def never_answered(node: Node, *, at: datetime) -> Change:
    """Nobody ever said what became of the bytes, however often they were asked for."""
    message = "Nothing was heard of the file's bytes for days; upload it again."
    event = UploadExpired(file_id=node["_id"], code="UPLOAD_EXPIRED", message=message, owner_id=node["ownerId"])
    return blob_refused(node, event, at=at)


def blob_hashed(node: Node, event: BlobHashed, *, at: datetime) -> Change:
    """Attach the SHA-256 of the bytes that the node has now, and let the index know: files are found by it."""
    blob = node.get("blob") or {}
    if blob.get("blobId") != event.blob_id or node.get("sha256") == event.sha256:
        return NOTHING
    changed: dict[str, Any] = {"sha256": event.sha256, "updatedAt": at}
    return Change(set_=changed, emit=(told(FileStatusChanged, node, changed),))


def renamed(node: Node, name: str, *, at: datetime) -> Change:
    """Give a node another name."""
    if node["name"] == name:
        return NOTHING
    changed = {"name": name, "version": node["version"] + 1, "updatedAt": at}
    kind = FileRenamed if node["type"] == FILE else FolderRenamed
    return Change(set_=changed, emit=(told(kind, node, changed),))


def fact(kind: type[NodeFact], node: Node, *, revision: int, **extra: Any) -> NodeFact:
    """An announcement with what the node says of itself."""
    counts = extra.pop("counts", None) or (Counts.model_validate(node["counts"]) if node.get("counts") else None)
    failure = node.get("failure")
    return kind(
        file_id=node["_id"],
        node_type=node["type"],
        owner_id=node["ownerId"],
        revision=revision,
        placement=node["placement"],
        name=node["name"],
        parent_id=node["parentId"],
        status=node.get("status"),
        run=extra.pop("run", node.get("activeRun")),
        counts=counts,
        failure=Failure.model_validate(failure) if failure else None,
    )


def told(kind: type[NodeFact], node: Node, changed: dict[str, Any], **extra: Any) -> NodeFact:
    return fact(kind, node | changed, revision=node["revision"] + 1, **extra)


def _new_node(node_id: str, type_: str, owner_id: str, parent: Node | None, name: str, at: datetime) -> Node:
    ancestors = [*parent["ancestors"], parent["_id"]] if parent else [owner_id]
    if len(ancestors) > limits.MAX_FOLDER_DEPTH:
        raise Conflict(f"Folders may be nested {limits.MAX_FOLDER_DEPTH} deep.")
    return {
        "_id": node_id,
        "type": type_,
        "ownerId": owner_id,
        "parentId": ancestors[-1],
        "ancestors": ancestors,
        "name": name,
        "grants": {},
        "deleted": False,
        "placement": 0,
        "revision": 0,
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
    }


def _sequence(sequencer: str) -> int:
    """S3's sequencer is a hexadecimal number whose shorter forms are left-padded with zeros."""
    try:
        return int(sequencer, 16)
    except ValueError:
        return 0
